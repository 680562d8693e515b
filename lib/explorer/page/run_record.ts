/**
 * What the page knows of a run, and which moment of it the reader looks at.
 *
 * @module
 */
import type { Losses } from "../../model/losses.ts";
import type { Report, Snapshot, View } from "./messages.ts";
import type { Point } from "./loss_chart.ts";
import { betaAt, type Plan, planUntil } from "../training_plan.ts";
import { STEPS_PER_EPOCH } from "./training_digits.ts";

/** Snapshots that are kept: one for each epoch of a run that went on once. */
const MOST = 40;

/** What a run tells of some steps. */
export type Progress = Pick<
  Report & { type: "progress" },
  "view" | "losses" | "imagesPerSecond"
>;

/** What held-out digits cost after an epoch, at the β that counted then. */
export interface HeldOut {
  readonly epoch: number;
  readonly beta: number;
  readonly losses: Losses;
}

/**
 * A run in the page. It keeps a snapshot, of about 0.9 MB, for each epoch and one
 * for where it rests: of a long run for fewer of the epochs, the older the fewer.
 */
export class RunRecord {
  plan: Plan;
  state: "starting" | "training" | "resting" | "ended" | "failed" = "starting";
  /** As it is on the whole: a report after an epoch's end has few images. */
  imagesPerSecond = 0;
  /** The held-out digits that are shown, and the classes of all. */
  images: Uint8Array<ArrayBuffer> = new Uint8Array();
  labels: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** By step: those of epochs, and where it rests now. */
  readonly snapshots: Snapshot[] = [];
  readonly points: Point[] = [];
  /** Those of the run that it forked from. */
  readonly before: readonly Point[] = [];
  /** What the network was when last heard of. */
  #now: View | null = null;
  /** The step of the snapshot that is looked at; null for what is newest. */
  #step: number | null = null;

  /** @param from The run and the snapshot that it goes on from. */
  constructor(
    readonly number: number,
    plan: Plan,
    from?: { readonly run: RunRecord; readonly at: Snapshot },
  ) {
    this.plan = plan;
    if (!from) return;
    const { run, at } = from;
    const end = at.step / STEPS_PER_EPOCH;
    ({ images: this.images, labels: this.labels } = run);
    this.snapshots = run.snapshots.filter(({ step }) => step <= at.step);
    this.points = run.points.filter(({ epoch }) => epoch <= end);
    const hasMore = run.step > at.step;
    this.before = hasMore ? run.points.filter(({ epoch }) => epoch >= end) : [];
    this.#now = at;
  }

  /** Steps of the whole run. */
  get steps(): number {
    return this.plan.epochs * STEPS_PER_EPOCH;
  }

  /** Adds what was seen in training. */
  addProgress({ view, losses, imagesPerSecond }: Progress): void {
    const before = this.imagesPerSecond || imagesPerSecond;
    this.imagesPerSecond = before + (imagesPerSecond - before) / 8;
    this.#now = view;
    this.points.push({
      epoch: view.step / STEPS_PER_EPOCH,
      losses,
      beta: betaAt(this.plan, view.step - 1),
    });
  }

  /** Adds a snapshot; the one before is kept if it is of an epoch's end. */
  addSnapshot(snapshot: Snapshot): void {
    const { snapshots } = this;
    const last = snapshots.at(-1);
    if (last && last.step % STEPS_PER_EPOCH > 0) snapshots.pop();
    // The beginning stays.
    if (snapshots.length >= MOST) {
      snapshots.splice(0, MOST, ...snapshots.filter((_, i) => i % 2 === 0));
    }
    snapshots.push(snapshot);
    this.#now = snapshot;
  }

  /** Steps so far. */
  get step(): number {
    return this.#now?.step ?? 0;
  }

  /** Whether what is newest is looked at. */
  get isFollowed(): boolean {
    return this.#step === null;
  }

  /** Looks at the end of an epoch, or at what is newest. */
  lookAt(epoch: number): void {
    const step = epoch * STEPS_PER_EPOCH;
    this.#step = step < this.step ? step : null;
  }

  /** The epoch that is looked at: of a long run not each is kept. */
  get epoch(): number {
    return this.isFollowed
      ? Math.ceil(this.step / STEPS_PER_EPOCH)
      : Math.floor(this.view!.step / STEPS_PER_EPOCH);
  }

  /** What is looked at. */
  get view(): View | null {
    return this.isFollowed ? this.#now : this.snapshot;
  }

  /** The snapshot that is looked at, or else the newest. */
  get snapshot(): Snapshot | null {
    return this.snapshots.findLast(({ step }) =>
      step <= (this.#step ?? Infinity)
    ) ?? null;
  }

  /** What held-out digits cost at the last epoch's end up to there. */
  get heldOut(): HeldOut | null {
    const record = this.snapshot?.checkpoint.history.at(-1);
    return record?.validation
      ? { epoch: record.epoch, beta: record.beta, losses: record.validation }
      : null;
  }

  /** What makes that again. */
  get shownPlan(): Plan | null {
    const { snapshot, plan } = this;
    if (!snapshot) return null;
    return snapshot.step === this.steps
      ? { ...plan, stopped: null }
      : planUntil(plan, snapshot.step);
  }
}
