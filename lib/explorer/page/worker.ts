/// <reference lib="webworker" />
/**
 * Trains a model on synthetic digits, off the page's own thread.
 *
 * @module
 */
import { DIGITS } from "../../dataset/class_names.ts";
import { synthesize } from "../../dataset/synthetic.ts";
import { createEngine } from "../../engines.ts";
import { priorSample } from "../../model/prior.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { defaults } from "../../options/table.ts";
import { dataOptions, trainingOptions } from "../../options/run.ts";
import { trainLoop } from "../../train/trainer.ts";
import type { Order, Report } from "./messages.ts";

const TRAIN = 6000;
const HELD_OUT = 600;
const EPOCHS = 20;

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

  const { images, labels } = synthesize(TRAIN + HELD_OUT, { seed: 0 });
  const part = (first: number, count: number) => ({
    images: images.subarray(
      first * IMAGE_PIXELS,
      (first + count) * IMAGE_PIXELS,
    ),
    labels: labels.slice(first, first + count),
    count,
  });
  const heldOut = part(TRAIN, HELD_OUT);
  const dataset = {
    name: "synthetic",
    digest: "",
    classes: DIGITS,
    train: part(0, TRAIN),
    validation: heldOut,
    test: null,
    notes: [],
    options: { ...defaults(dataOptions), dataset: "synthetic" as const },
  };
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
      const { state } = await event.checkpoint();
      const { mu } = await engine.encode(heldOut.images, heldOut.labels);
      const samples = await engine.decode(latents, shown);
      const { record } = event;
      const { labels } = heldOut;
      send({ type: "epoch", record, state, mu, labels, samples });
    } else {
      send({ type: "end", reason: event.reason });
    }
  }
  engine.dispose();
}
