/// <reference lib="dom" />
/**
 * A run as the reader sees it: its losses, its dimensions, its map, its samples.
 *
 * @module
 */
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { byId, inFrame } from "./dom.ts";
import { drawKl, inUse } from "./kl_bars.ts";
import { texts, write } from "./language.ts";
import { drawLosses } from "./loss_chart.ts";
import type { View } from "./messages.ts";
import { MovingMap } from "./moving_map.ts";
import { number } from "./numbers.ts";
import { paint } from "./picture.ts";
import { betaAt } from "../training_plan.ts";
import type { HeldOut, RunRecord } from "./run_record.ts";
import { sha256 } from "../../dataset/split.ts";
import { STEPS_PER_EPOCH } from "./training_digits.ts";

/** The highest bar's nats are at least so many, and fall no faster than this. */
const LEAST_TOP = 1, FALL = 0.98;

/** Shows runs. */
export class RunView {
  readonly #map = new MovingMap(byId<HTMLCanvasElement>("train-map"));
  #run: RunRecord | null = null;
  /** What the map shows. */
  #mapped: View | null = null;
  /** The nats of the highest bar that there can be. */
  #top = LEAST_TOP;
  /** The weights whose fingerprint is shown. */
  #weights: Float32Array | null = null;
  readonly #draw = inFrame(() => this.#drawRun());

  /** Shows how a run stands. */
  show(run: RunRecord): void {
    if (run !== this.#run) this.#top = LEAST_TOP;
    this.#run = run;
    this.#draw();
  }

  #drawRun(): void {
    const run = this.#run!;
    writeStatus(run);
    writeNumbers(run);
    this.#writeFingerprint(run);
    const { view } = run;
    this.#drawLosses(run);
    if (!view) return;
    paint(byId<HTMLCanvasElement>("train-samples"), view.samples, 4);
    const isNew = view !== this.#mapped;
    if (isNew) this.#top = Math.max(LEAST_TOP, FALL * this.#top, ...view.kl);
    drawKl(byId<HTMLCanvasElement>("train-kl"), view.kl, this.#top);
    write(byId("train-in-use"), () => inUseText(view.kl));
    const labels = run.labels.subarray(0, run.images.length / IMAGE_PIXELS);
    this.#mapped = view;
    if (isNew) this.#map.show(view, labels);
    else this.#map.draw();
    const [right, up] = this.#map.axes;
    byId("train-map").ariaLabel = texts().train.mapOf(right + 1, up + 1);
  }

  #drawLosses(run: RunRecord): void {
    const { plan, points, before, view } = run;
    const canvas = byId<HTMLCanvasElement>("train-curves");
    const history = run.snapshots.at(-1)?.checkpoint.history ?? [];
    const heldOut = history.map(({ epoch, validation }) =>
      [epoch, validation!.total] as const
    );
    drawLosses(canvas, {
      epochs: plan.epochs,
      ...{ points, before, heldOut },
      changes: [
        [0, plan.beta] as const,
        ...plan.events.map(({ step, beta }) =>
          [step / STEPS_PER_EPOCH, beta] as const
        ),
      ],
      shown: (view?.step ?? 0) / STEPS_PER_EPOCH,
    });
    byId("train-before").hidden = before.length === 0;
    canvas.ariaLabel = texts().train.chartOf(
      heldOut.map(([, loss]) => number(loss, 1)),
    );
  }

  /** Says what the weights are, in short, where they stand still. */
  #writeFingerprint({ snapshot, state, isFollowed }: RunRecord): void {
    const line = byId("train-fingerprint");
    const isStill = snapshot &&
      (!isFollowed || state === "resting" || state === "ended");
    line.hidden = !isStill || !crypto.subtle;
    if (line.hidden || !isStill) return;
    const { parameters } = snapshot.checkpoint.state;
    if (this.#weights === parameters) return;
    this.#weights = parameters;
    sha256(new Uint8Array(parameters.buffer as ArrayBuffer)).then((digest) => {
      if (this.#weights !== parameters) return;
      write(line, ({ train }) => train.fingerprint(digest.slice(0, 12)));
    });
  }
}

function writeStatus(run: RunRecord): void {
  const { state, view, plan, isFollowed } = run;
  const status = byId("train-status");
  if (!view || state === "failed") return;
  const { step } = view;
  const speed = run.imagesPerSecond;
  const beta = betaAt(plan, Math.max(0, step - 1));
  const epoch = Math.floor(step / STEPS_PER_EPOCH);
  write(status, ({ train }) => {
    if (!isFollowed) {
      return train.lookingAt(epoch, plan.epochs, number(beta));
    }
    if (state === "ended") return train.done(plan.epochs);
    const running = Math.min(epoch + 1, plan.epochs);
    if (state === "resting") return train.resting(running, plan.epochs, step);
    return train.progress(running, plan.epochs, number(speed, 0));
  });
}

function writeNumbers({ heldOut, state }: RunRecord): void {
  const line = byId("train-numbers");
  line.hidden = state === "failed";
  write(
    line,
    ({ train }) => heldOut ? heldOutText(heldOut) : train.notHeldOut,
  );
}

/** Says what held-out digits cost, in its parts. */
export function heldOutText({ epoch, beta, losses }: HeldOut): string {
  const { reconstruction, kl, total } = losses;
  const [error, nats, loss] = [reconstruction, kl, total]
    .map((value) => number(value, 1));
  return texts().train.heldOut(epoch, error, nats, loss, number(beta));
}

/** Says how many dimensions tell anything, and how much all do. */
export function inUseText(kl: readonly number[]): string {
  const all = kl.reduce((a, b) => a + b, 0);
  return texts().train.inUse(inUse(kl), kl.length, number(all, 1));
}
