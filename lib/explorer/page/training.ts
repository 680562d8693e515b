/// <reference lib="dom" />
/**
 * Training in the page: the worker's orders and what comes of them.
 *
 * @module
 */
import { encodeCheckpoint } from "../../checkpoint/codec.ts";
import { DIGITS } from "../../dataset/class_names.ts";
import {
  byId,
  make,
  onClick,
  prefersStillness,
  say as sayOnPage,
} from "./dom.ts";
import type { Exchange } from "./exchange.ts";
import { onLanguage, texts, write } from "./language.ts";
import { LiveBeta } from "./live_beta.ts";
import type { Order, Pace, Report, Snapshot } from "./messages.ts";
import { type Model, startModel } from "./model.ts";
import { number } from "./numbers.ts";
import { betaAt, goOn, type Plan, type PlanStart } from "../training_plan.ts";
import { RunRecord } from "./run_record.ts";
import { heldOutText, inUseText, RunView } from "./run_view.ts";
import { Timeline } from "./timeline.ts";
import { onTheme } from "./theme.ts";
import { EPOCHS, MORE_EPOCHS, STEPS_PER_EPOCH } from "./training_digits.ts";

/** Milliseconds between two sentences on how it goes, at least. */
const SILENCE = 8000;

/** Says what the section shows, to those who do not see it. */
const say = (text: string) => sayOnPage(text, 0, false);

/** What other parts of the page may ask of the training. */
export interface Training {
  /** What makes the shown network again: of the run up to there, or null. */
  plan(): Plan | null;
  /** The shown network, with all that a checkpoint needs, or null. */
  snapshot(): Snapshot | null;
  /** Trains by a plan. */
  replay(plan: Plan): void;
  /** Runs whenever `plan()` or `snapshot()` is another. */
  onPlan(listener: () => void): void;
}

/** Trains new models in a worker when asked to, and shows how it goes. */
export function startTraining(exchange: Exchange): Training {
  const { original } = exchange;
  const start = byId<HTMLButtonElement>("train");
  const fork = byId<HTMLButtonElement>("train-fork");
  const explore = byId<HTMLButtonElement>("explore-trained");
  const listeners: (() => void)[] = [];
  const view = new RunView();
  let worker: Worker | null = null;
  let run: RunRecord | null = null;
  let runs = 0;
  let said = -Infinity;

  const send = (order: Order) => worker?.postMessage(order);
  const beta = new LiveBeta((beta) => {
    send({ type: "beta", beta });
    if (run) showButtons(run);
  });
  const timeline = new Timeline({
    pace: (pace: Pace) => {
      send({ type: "pace", pace });
      show();
    },
    step: () => send({ type: "step" }),
    lookAt: (epoch) => {
      run?.lookAt(epoch);
      show();
      tellListeners();
    },
    more: () => {
      const { plan, snapshots } = run!;
      const at = snapshots.at(-1)!;
      const epochs = plan.epochs + MORE_EPOCHS;
      forkAt(at, { ...plan, epochs });
      say(texts().train.longer(epochs));
    },
  });

  const tellListeners = () => listeners.forEach((listener) => listener());
  const showButtons = ({ snapshot, steps, state }: RunRecord) => {
    const { value } = beta;
    const step = snapshot?.step ?? 0;
    write(fork, ({ train }) => train.fork(epochsOf(step), number(value)));
    fork.disabled = !snapshot || step === steps;
    explore.disabled = !snapshot || step === 0;
    // What is wanted next: of a run that it goes on.
    start.classList.toggle("main", state === "failed");
    write(
      byId("train-beta-help"),
      ({ train }) =>
        state === "ended" ? train.betaOver(MORE_EPOCHS) : train.betaHelp,
    );
  };
  const show = () => {
    if (!run) return;
    timeline.show(run);
    showButtons(run);
    view.show(run);
  };
  onTheme(show);
  onLanguage(() => {
    beta.say();
    show();
  });
  new ResizeObserver(show).observe(byId("train-curves"));

  const fail = (message: string) => {
    run!.state = "failed";
    write(byId("train-status"), ({ train }) => train.failed(message));
    say(texts().train.failed(message));
    show();
  };
  const take = (current: RunRecord, report: Report) => {
    switch (report.type) {
      case "start":
        current.state = "training";
        ({ images: current.images, labels: current.labels } = report);
        break;
      case "progress": {
        current.state = "training";
        current.addProgress(report);
        const { plan, step } = current;
        beta.follow(betaAt(plan, step - 1));
        // Every step that can be followed, or the ends of epochs.
        if (prefersStillness() && !timeline.isSlow) return;
        break;
      }
      case "plan":
        current.plan = report.plan;
        tellListeners();
        break;
      case "snapshot":
        current.addSnapshot(report.snapshot);
        sayHowItGoes(current);
        tellListeners();
        break;
      case "pause":
        current.state = "resting";
        // The reader may have gone on meanwhile.
        if (report.planned) timeline.isPaused = true;
        break;
      case "end":
        current.state = "ended";
        say(`${texts().train.done(current.plan.epochs)} ${describe(current)}`);
        break;
      case "error":
        return fail(report.message);
    }
    show();
  };
  const sayHowItGoes = (current: RunRecord) => {
    const now = performance.now();
    if (now - said < SILENCE || current.step === 0) return;
    said = now;
    const epochs = epochsOf(current.step);
    say(
      `${texts().train.reached(epochs, current.plan.epochs)} ${
        describe(current)
      }`,
    );
  };

  const begin = (next: RunRecord, from?: Snapshot) => {
    worker ??= makeWorker((report) => {
      if (run && report.run === run.number) take(run, report);
    }, (message) => {
      worker?.terminate();
      worker = null;
      fail(message);
    });
    run = next;
    said = performance.now();
    const { number, plan } = next;
    timeline.isPaused = false;
    beta.value = betaAt(plan, from?.step ?? 0);
    send({
      type: "train",
      run: number,
      plan,
      from: from?.checkpoint,
      pace: timeline.pace,
    });
    write(start, ({ train }) => train.again);
    byId("training").hidden = byId("train-controls").hidden = false;
    write(byId("train-status"), ({ train }) => train.starting);
    show();
    tellListeners();
  };
  /** Goes on from a snapshot of the run, with the β that is set. */
  const forkAt = (at: Snapshot, plan: Plan) => {
    const next = goOn(plan, at.step, beta.value);
    begin(new RunRecord(++runs, next, { run: run!, at }), at);
  };
  const replay = (plan: Plan) => begin(new RunRecord(++runs, plan));

  onClick("train", () => {
    replay({ ...chosen(original, beta.value), events: [], stopped: null });
    say(texts().train.started);
  });
  onClick("train-fork", () => {
    const at = run!.snapshot!;
    forkAt(at, run!.plan);
    say(texts().train.forked(epochsOf(at.step), number(beta.value)));
  });

  onClick("explore-trained", async () => {
    exchange.explore(
      await modelOf(run!, run!.snapshot!),
      ({ train }) => train.atTrained,
    );
  });

  return {
    plan: () => run?.shownPlan ?? null,
    snapshot: () => run?.snapshot ?? null,
    replay: (plan) => {
      choose(plan);
      replay(plan);
    },
    onPlan: (listener) => listeners.push(listener),
  };
}

function makeWorker(
  take: (report: Report) => void,
  fail: (message: string) => void,
): Worker {
  const program = byId("program").textContent!;
  const address = URL.createObjectURL(
    new Blob([program], { type: "text/javascript" }),
  );
  const worker = new Worker(address);
  worker.onmessage = ({ data }) => take(data);
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message);
  };
  return worker;
}

/** What the reader has chosen. */
function chosen(original: Model, beta: number): PlanStart {
  const { valueAsNumber } = byId<HTMLInputElement>("train-seed");
  return {
    seed: Math.min(
      Math.max(0, Math.floor(valueAsNumber) || 0),
      2 ** 32 - 1, // the most that a link tells of
    ),
    latentDim: Number(byId<HTMLSelectElement>("train-dim").value),
    beta,
    likelihood: original.options.likelihood,
    classCount: byId<HTMLInputElement>("train-conditional").checked
      ? DIGITS.length
      : 0,
    epochs: EPOCHS,
  };
}

/** Shows what a plan has chosen. */
function choose({ seed, latentDim, classCount }: PlanStart): void {
  byId<HTMLInputElement>("train-seed").value = String(seed);
  const select = byId<HTMLSelectElement>("train-dim");
  const sizes = [...select.options].map(({ value }) => Number(value));
  if (!sizes.includes(latentDim)) {
    const next = sizes.findIndex((size) => size > latentDim);
    const option = make("option", { textContent: String(latentDim) });
    select.add(option, next < 0 ? null : next);
  }
  select.value = String(latentDim);
  byId<HTMLInputElement>("train-conditional").checked = classCount > 0;
}

async function modelOf(
  { plan, shownPlan, images, labels }: RunRecord,
  { step, checkpoint, mu, kl }: Snapshot,
): Promise<Model> {
  const { latentDim, classCount } = plan;
  return await startModel(checkpoint.options, checkpoint.state, {
    description: ({ train }) =>
      train.description(
        epochsOf(step),
        latentDim,
        number(betaAt(plan, step - 1)),
        classCount > 0,
      ),
    kl,
    beta: betaAt(plan, step - 1),
    mu,
    labels,
    images,
    subject: "digits",
    synthetic: true,
    run: shownPlan ?? undefined,
    checkpoint: () => encodeCheckpoint(checkpoint),
  });
}

/** Steps as epochs, to a tenth. */
function epochsOf(step: number): string {
  return number(Math.round(10 * step / STEPS_PER_EPOCH) / 10);
}

/** How well the newest snapshot does. */
function describe({ heldOut, snapshot }: RunRecord): string {
  return [
    ...heldOut ? [heldOutText(heldOut)] : [],
    ...snapshot ? [inUseText(snapshot.kl)] : [],
  ].join(" ");
}
