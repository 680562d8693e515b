/// <reference lib="webworker" />
/**
 * Trains a model on synthetic digits, off the page's own thread.
 *
 * @module
 */
import { DIGITS } from "../../dataset/class_names.ts";
import { createEngine } from "../../engines.ts";
import { priorSample } from "../../model/prior.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { defaults } from "../../options/table.ts";
import { trainingOptions } from "../../options/run.ts";
import { trainLoop } from "../../train/trainer.ts";
import type { Order, Report } from "./messages.ts";
import { pageDataset } from "./save_checkpoint.ts";

const TRAIN = 6000;
const HELD_OUT = 600;
const EPOCHS = 20;
/** Held-out images that are shown; the others are dots alone. */
const PICTURES = 200;

/** Waits for orders. */
export function startWorker(): void {
  const stop = new AbortController();
  globalThis.onmessage = async ({ data: order }: MessageEvent<Order>) => {
    if (order.type === "stop") return stop.abort();
    try {
      await train(order, stop.signal);
    } catch (error) {
      send({ type: "error", message: (error as Error).message });
    }
  };
}

function send(report: Report): void {
  globalThis.postMessage(report);
}

async function train(
  { latentDim, beta, likelihood, classCount }: Order & { type: "train" },
  signal: AbortSignal,
): Promise<void> {
  const options = {
    ...defaults(trainingOptions),
    ...{ latentDim, beta, likelihood, classCount, epochs: EPOCHS },
    ...{ batchSize: 64, lr: 0.005, lrSchedule: "one-cycle" as const },
  };
  const engine = await createEngine(options);
  send({
    type: "start",
    engine: `${engine.name}: ${engine.description}`,
    epochs: EPOCHS,
  });

  const dataset = await pageDataset(TRAIN, HELD_OUT);
  const heldOut = dataset.validation;
  const latents = priorSample(16, latentDim, 0);
  const shown = Uint8Array.from({ length: 16 }, (_, i) => i % DIGITS.length);
  for await (
    const event of trainLoop({ engine, dataset, options, signal })
  ) {
    if (event.type === "progress") {
      const { epoch, images, imagesPerSecond, losses } = event;
      send({
        type: "progress",
        epoch: epoch - 1 + images.done / images.total,
        imagesPerSecond,
        losses,
        samples: await engine.decode(latents, shown),
      });
    } else if (event.type === "epoch") {
      const { state, ...run } = await event.checkpoint();
      const { mu } = await engine.encode(heldOut.images, heldOut.labels);
      const samples = await engine.decode(latents, shown);
      const { record } = event;
      const labels = heldOut.labels!;
      const images = heldOut.images.slice(0, PICTURES * IMAGE_PIXELS);
      send({
        ...{ type: "epoch", record, state, run, images, mu, labels, samples },
      });
    } else {
      send({ type: "end", reason: event.reason });
    }
  }
  engine.dispose();
}
