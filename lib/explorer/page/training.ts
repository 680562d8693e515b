/// <reference lib="dom" />
/**
 * Training in the page: the worker's orders and what comes of them.
 *
 * @module
 */
import { DIGITS } from "../../dataset/class_names.ts";
import { type Curve, drawCurves } from "./curves.ts";
import { byId, inFrame, onClick, say } from "./dom.ts";
import { onLanguage, texts, write } from "./language.ts";
import type { Order, Report } from "./messages.ts";
import type { Texts } from "../texts/en.ts";
import type { Exchange } from "./exchange.ts";
import { startModel } from "./model.ts";
import { paint } from "./picture.ts";
import { pageCheckpoint } from "./save_checkpoint.ts";
import { onTheme } from "./theme.ts";

type Trained = Extract<Report, { type: "epoch" }>;

/** What one training has shown so far. */
class Run {
  engine = "";
  epochs = 0;
  readonly training: [number, number][] = [];
  readonly heldOut: [number, number][] = [];
  samples: Float32Array | null = null;
  trained: Trained | null = null;
  readonly worker: Worker;

  constructor(readonly order: Extract<Order, { type: "train" }>) {
    const program = byId("program").textContent!;
    const address = URL.createObjectURL(
      new Blob([program], { type: "text/javascript" }),
    );
    this.worker = new Worker(address);
    this.worker.postMessage(order);
  }
}

/** Trains a new model in a worker when asked to, and shows how it goes. */
export function startTraining(exchange: Exchange): void {
  const { original } = exchange;
  const button = byId<HTMLButtonElement>("train");
  const explore = byId<HTMLButtonElement>("explore-trained");
  let run: Run | null = null;
  let isTraining = false;

  const draw = inFrame(() => {
    if (!run) return;
    const canvas = byId<HTMLCanvasElement>("train-curves");
    drawCurves(canvas, run.epochs || 1, run.training, run.heldOut);
    canvas.ariaLabel = describe(texts(), run.heldOut);
    if (run.samples) {
      paint(byId<HTMLCanvasElement>("train-samples"), run.samples, 4);
    }
  });
  onTheme(draw);
  onLanguage(draw);
  new ResizeObserver(draw).observe(byId("train-curves"));

  const finish = (text: (texts: Texts) => string) => {
    run!.worker.terminate();
    isTraining = false;
    write(button, ({ train }) => train.again);
    write(byId("train-status"), text);
    say(text(texts()));
  };
  const take = (current: Run, report: Report) => {
    const status = byId("train-status");
    switch (report.type) {
      case "start":
        current.engine = report.engine;
        current.epochs = report.epochs;
        write(status, ({ train }) => train.drawing(report.engine));
        break;
      case "progress": {
        const { epoch, imagesPerSecond, losses, samples } = report;
        write(status, ({ train }) =>
          train.progress(
            Math.floor(epoch) + 1,
            current.epochs,
            Math.round(imagesPerSecond)
              .toLocaleString(document.documentElement.lang),
            current.engine,
          ));
        if (losses) current.training.push([epoch, losses.total]);
        current.samples = samples;
        break;
      }
      case "epoch": {
        const { record, samples } = report;
        current.training.push([record.epoch, record.train.total]);
        current.heldOut.push([record.epoch, record.validation!.total]);
        current.samples = samples;
        current.trained = report;
        explore.disabled = false;
        break;
      }
      case "end":
        finish((texts) =>
          report.reason === "aborted"
            ? texts.train.stopped(current.heldOut.length)
            : `${texts.train.done(current.epochs)} ${
              describe(texts, current.heldOut)
            }`
        );
        break;
      case "error":
        finish(({ train }) => train.failed(report.message));
    }
    draw();
  };

  onClick("train", () => {
    if (isTraining) {
      run!.worker.postMessage({ type: "stop" } satisfies Order);
      return;
    }
    const current = new Run({
      type: "train",
      latentDim: Number(byId<HTMLSelectElement>("train-dim").value),
      beta: Number(byId<HTMLSelectElement>("train-beta").value),
      likelihood: original.options.likelihood,
      classCount: byId<HTMLInputElement>("train-conditional").checked
        ? DIGITS.length
        : 0,
    });
    current.worker.onmessage = ({ data }) => take(current, data);
    current.worker.onerror = (event) => {
      event.preventDefault();
      finish(({ train }) => train.failed(event.message));
    };
    run = current;
    isTraining = true;
    write(button, ({ train }) => train.stop);
    explore.disabled = true;
    byId("training").hidden = false;
    write(byId("train-status"), ({ train }) => train.starting);
    say(texts().train.started);
    draw();
  });

  onClick("explore-trained", async () => {
    const { order: { latentDim, likelihood, classCount, beta }, trained } =
      run!;
    const { record, state, run: rest, images, mu, labels } = trained!;
    exchange.explore(
      await startModel(
        { latentDim, likelihood, autoencoder: false, classCount },
        state,
        {
          description: texts().train.description(
            record.epoch,
            latentDim,
            beta,
            classCount > 0,
          ),
          kl: record.klPerDimension,
          beta: record.beta,
          mu,
          labels,
          images,
          subject: "digits",
          synthetic: true,
          checkpoint: () => pageCheckpoint({ ...rest, state }),
        },
      ),
    );
    say(texts().train.atTrained);
  });
}

function describe({ train }: Texts, heldOut: Curve): string {
  if (heldOut.length === 0) return train.noEpoch;
  const losses = heldOut.map(([, loss]) => loss.toFixed(1));
  return train.heldOut(losses[0], losses.at(-1)!, losses.length);
}
