/**
 * Workers, which Node has in a module of its own.
 *
 * @module
 */

/** A thread beside this one. */
export type Thread = Pick<Worker, "postMessage" | "terminate">;

/** The `Worker` of `node:worker_threads`. */
type NodeWorker = new (script: string, options: { eval: true }) => Thread & {
  on(event: "error", listener: () => void): void;
  unref(): void;
};

/** What a script of the web's expects; without a listener a worker ends. */
const NODE = `const { parentPort } = require("node:worker_threads");
parentPort.once("message", (data) => onmessage({ data }));
globalThis.close = () => {};
`;

/** Whether there are workers here that compute what this thread does. */
export function hasWorkers(): boolean {
  return typeof Worker !== "undefined" || nodeWorker() !== undefined;
}

/** Starts a worker, of whose failures nobody is told. */
export function startWorker(script: string): Thread {
  if (typeof Worker === "undefined") {
    const worker = new (nodeWorker()!)(NODE + script, { eval: true });
    worker.on("error", () => {});
    worker.unref();
    return worker;
  }
  // A worker from a Blob needs no permission, one from a file would.
  const url = URL.createObjectURL(
    new Blob([script], { type: "text/javascript" }),
  );
  const worker = new Worker(url, { type: "module" });
  worker.onerror = (event) => event.preventDefault();
  return worker;
}

/**
 * Finds Node's workers, from version 22 on: in Node 20 (V8 11.3) two threads
 * come to wrong sums until V8 has optimised the kernels (`--no-liftoff` mends
 * it), and to other ones each time.
 */
function nodeWorker(): NodeWorker | undefined {
  const { process } = globalThis as {
    process?: {
      versions?: { node?: string };
      getBuiltinModule?(name: string): { Worker: NodeWorker };
    };
  };
  if (!(parseInt(process?.versions?.node ?? "0") >= 22)) return;
  // An import would make Node's module part of whatever imports this file.
  return process?.getBuiltinModule?.("node:worker_threads").Worker;
}
