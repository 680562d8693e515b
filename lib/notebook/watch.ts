/**
 * Follows training in a Jupyter notebook, in one place that changes.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import type { Engine } from "../engine/engine.ts";
import { createEngine } from "../engines.ts";
import { lossCurves } from "../image/curves.ts";
import { displayed, pictureBundle } from "../image/display.ts";
import { grid } from "../image/grid.ts";
import { compose, type Picture } from "../image/picture.ts";
import type { Losses } from "../model/losses.ts";
import { priorSample } from "../model/prior.ts";
import { counted } from "../text.ts";
import type { EndEvent, ProgressEvent, TrainEvent } from "../train/events.ts";
import { findJupyter, Output } from "./jupyter.ts";

/** Digits that are drawn after each epoch: two rows, as wide as the curves. */
const SAMPLES = 32;
const COLUMNS = 16;

/** Milliseconds between two looks at the progress. */
const INTERVAL = 1000;

/** A run that was watched to its end. */
export interface WatchedRun
  extends Pick<EndEvent, "reason" | "test" | "history"> {
  /** The run to keep, for `saveCheckpoint()`, `createEngine()` or `VAE.from()`. */
  readonly checkpoint: Checkpoint;
}

/**
 * Trains to the end and shows on the way how it goes, in a notebook of Deno's
 * Jupyter kernel: a line with the speed and the loss, once a second, and after
 * each epoch the loss curves above digits decoded from the same draws of the
 * prior (an autoencoder, which has none, has the curves alone). Elsewhere it
 * shows nothing, and does the same.
 *
 * @param events What {@linkcode train} returns.
 * @returns The run, with its checkpoint.
 * @throws {Error} If the events stop before the one of type `end`, or whatever
 * training throws.
 *
 * @example
 * ```ts
 * import { syntheticDataset, train, watch } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = await syntheticDataset({ limit: 256 });
 * const run = await watch(train({ dataset, epochs: 2, latentDim: 4 }));
 * assertEquals(run.history.length, 2);
 * assertEquals(run.checkpoint.state.step, 4);
 * ```
 */
export async function watch(
  events: AsyncIterable<TrainEvent>,
): Promise<WatchedRun> {
  const jupyter = findJupyter();
  const line = jupyter && new Output(jupyter);
  const picture = jupyter && new Output(jupyter);
  const started = performance.now();
  let said = -Infinity;
  let sampler: Engine | undefined;
  try {
    for await (const event of events) {
      if (event.type === "end") {
        const { reason, test, history } = event;
        const seconds = (performance.now() - started) / 1000;
        const text = endLine(event, seconds);
        await line?.showLast({ "text/plain": text });
        const checkpoint = await event.checkpoint();
        return displayed(
          { reason, test, history, checkpoint },
          () => ({ "text/plain": text }),
        );
      }
      if (!jupyter) continue;
      if (event.type === "progress") {
        if (performance.now() - said < INTERVAL) continue;
        said = performance.now();
        await line?.show({ "text/plain": progressLine(event) });
      } else {
        const checkpoint = await event.checkpoint();
        // A small one of its own: the one that trains is not ours to use.
        sampler ??= await createEngine(
          { ...checkpoint.options, batchSize: SAMPLES },
          { isShort: true, threads: 1 },
        );
        await sampler.writeState(checkpoint.state);
        await picture?.show(
          await pictureBundle(await drawRun(checkpoint, sampler)),
        );
      }
    }
  } finally {
    sampler?.dispose();
  }
  throw new Error(
    "the events stopped before the one of type end: give watch() all that train() returns",
  );
}

/** Draws how a run stands: the losses so far, and some samples. */
async function drawRun(
  { options, history }: Checkpoint,
  engine: Engine,
): Promise<Picture> {
  const curves = lossCurves(history, options);
  const { latentDim, autoencoder, classCount, seed } = options;
  if (autoencoder) return curves;
  const z = priorSample(SAMPLES, latentDim, seed);
  const labels = classCount > 0
    ? Uint8Array.from({ length: SAMPLES }, (_, i) => i % classCount)
    : null;
  const samples = grid(await engine.decode(z, labels), {
    columns: COLUMNS,
    title: `Samples after ${counted(history.at(-1)!.epoch, "epoch")}: ` +
      "z from the prior N(0, I)",
  });
  return compose([[curves], [samples]]);
}

function progressLine(
  { epoch, images, imagesPerSecond, secondsLeft, losses }: ProgressEvent,
): string {
  const { done, total } = images;
  return `epoch ${epoch}: ${whole(done)} of ${whole(total)} images, ` +
    `${whole(imagesPerSecond)} a second, ${
      whole(Math.ceil(secondsLeft))
    } s left${losses ? `; ${lossText(losses)}` : ""}`;
}

function endLine({ reason, test, history }: EndEvent, seconds: number): string {
  const why = {
    epochs: "",
    patience: ", when patience ran out",
    aborted: ", when it was stopped",
  }[reason];
  const { validation, train } = history.at(-1) ?? {};
  const [split, losses] = test
    ? ["test", test]
    : validation
    ? ["validation", validation]
    : ["training", train];
  return `${counted(history.at(-1)?.epoch ?? 0, "epoch")} in ` +
    `${seconds.toFixed(1)} s${why}` +
    (losses ? `; ${split}: ${lossText(losses)}` : "");
}

function lossText({ total, reconstruction, kl }: Losses): string {
  return `total ${total.toFixed(2)}, reconstruction ` +
    `${reconstruction.toFixed(2)}, KL ${kl.toFixed(2)}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
