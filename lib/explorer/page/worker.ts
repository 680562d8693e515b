/// <reference lib="webworker" />
/**
 * Trains models off the page's own thread.
 *
 * @module
 */
import type { Order, Report } from "./messages.ts";
import { RunInWorker } from "./run_in_worker.ts";
import { trainingDigits } from "./training_digits.ts";

/** Waits for orders. */
export function startWorker(): void {
  let current: RunInWorker | undefined;
  /** Until the run before has ended. */
  let ended = Promise.resolve();
  let digits: ReturnType<typeof trainingDigits> | undefined;

  const train = (order: Order & { type: "train" }) => {
    const { run, plan, pace, from } = order;
    const tell = (report: Report) => globalThis.postMessage(report);
    current?.stop();
    const next = current = new RunInWorker(
      plan,
      pace,
      (report) => tell({ ...report, run } as Report),
    );
    ended = ended
      .then(async () => next.train(await (digits ??= trainingDigits()), from))
      .catch(({ message }: Error) => tell({ type: "error", run, message }));
  };
  globalThis.onmessage = ({ data: order }: MessageEvent<Order>) => {
    switch (order.type) {
      case "train":
        train(order);
        break;
      case "pace":
        current?.setPace(order.pace);
        break;
      case "step":
        current?.step();
        break;
      case "beta":
        current?.setBeta(order.beta);
    }
  };
}
