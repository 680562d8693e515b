/**
 * `deno task bench`: times the training step, and shows where the time goes.
 *
 * @module
 */
import { synthesize } from "../lib/dataset/synthetic.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { GpuError, isSoftware, requestGpu } from "../lib/engine/gpu.ts";
import { trainingFlops } from "../lib/engine/stages.ts";
import { createEngine } from "../lib/engines.ts";
import { type OperationTime, WasmEngine } from "../lib/engine/wasm/engine.ts";
import { peakFlops } from "../lib/engine/wasm/threads.ts";
import { WebGpuEngine } from "../lib/engine/webgpu/engine.ts";
import {
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { engineNews } from "./shared/engine_news.ts";
import { common, engineOptions, training } from "./shared/options.ts";
import { nameRows } from "./shared/tables.ts";
import { tell } from "./shared/terminal.ts";
import { quietVulkan } from "./shared/vulkan.ts";
import {
  isProcess,
  keepPermissionsFor,
  parsePeers,
  PeerError,
  type PeerName,
  type PeerReport,
  runPeer,
} from "./shared/peers.ts";
import {
  compareInTurn,
  type Comparison,
  comparisonTable,
  type OurTimes,
} from "./shared/peers_table.ts";

const flags = {
  batchSize: training.batchSize,
  latentDim: training.latentDim,
  likelihood: training.likelihood,
  profile: {
    type: "boolean",
    default: false,
    help: "time each operation of the step, too",
  },
  compare: {
    type: "text",
    default: null,
    metavar: "PEER,…",
    help:
      "time these in turn with ours: pytorch, jax, onnxruntime, jax-js, tfjs",
  },
  python: {
    type: "text",
    default: "python3",
    metavar: "FILE",
    help: "the Python that has PyTorch or JAX; any program may be named",
  },
  peers: {
    type: "text",
    default: null,
    metavar: "DIR",
    help: "folder whose node_modules has the npm peers",
  },
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task bench` does. */
export const task: Task = {
  name: "bench",
  summary: "Times the training step, and shows where the time goes.",
  examples: [
    "--engine wasm --threads 1 --profile",
    "--compare pytorch --python venv/bin/python",
  ],
  options: flags,
};

const ROUNDS = 9;

/** Batches of images to go round. */
const BATCHES = 8;

/** Milliseconds that one round of steps should last. */
const ROUND_TIME = 500;

/** How often each is timed in a comparison with peers. */
const PEER_ROUNDS = 5;

/** Steps before a peer's clock starts, and ours beside it. */
const WARM_UP = 10;

/** Runs the training step of an engine over and over. */
class Bench {
  #step = 0;
  #stepsPerRound = 1;

  constructor(readonly engine: Engine, readonly batchSize: number) {
    const images = BATCHES * batchSize;
    engine.setImages(synthesize(images, { seed: 0 }).images);
    engine.setOrder(Uint32Array.from({ length: images }, (_, i) => i));
  }

  /** Milliseconds a step, over rounds that each end with a look at the losses. */
  async measure(
    rounds = ROUNDS,
  ): Promise<{ median: number; min: number; max: number }> {
    await this.#time(2); // compilation, and workers that are still starting
    const guess = await this.#time(2);
    this.#stepsPerRound = Math.max(1, Math.round(ROUND_TIME / guess));
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      times.push(await this.#time(this.#stepsPerRound));
    }
    times.sort((a, b) => a - b);
    return { median: times[rounds >> 1], min: times[0], max: times.at(-1)! };
  }

  /** Milliseconds a step of one round beside others, who left caches cold. */
  async round(): Promise<number> {
    await this.#train(Math.min(WARM_UP, this.#stepsPerRound));
    return await this.#time(2 * this.#stepsPerRound);
  }

  /** Milliseconds a step in each operation. */
  async profile(): Promise<OperationTime[]> {
    const { engine } = this;
    if (!(engine instanceof WasmEngine || engine instanceof WebGpuEngine)) {
      throw new TaskError(
        `the ${engine.name} engine has no profile of its operations`,
      );
    }
    const steps = this.#stepsPerRound;
    const parts = await engine.profile(() => this.#train(steps));
    return [...Map.groupBy(parts, ({ name }) => name)].map(([name, parts]) => ({
      name,
      milliseconds: parts.reduce((sum, p) => sum + p.milliseconds, 0) / steps,
      flops: parts.reduce((sum, p) => sum + p.flops, 0),
    })).sort((a, b) => b.milliseconds - a.milliseconds);
  }

  async #time(steps: number): Promise<number> {
    const start = performance.now();
    await this.#train(steps);
    return (performance.now() - start) / steps;
  }

  async #train(steps: number): Promise<void> {
    for (const end = this.#step + steps; this.#step < end; this.#step++) {
      await this.engine.trainStep({
        first: this.#step % BATCHES * this.batchSize,
        count: this.batchSize,
        step: this.#step,
      }, { beta: 1, capacity: 0, learningRate: 1e-3 });
    }
    await this.engine.takeLosses();
  }
}

/** Encodes and decodes a batch on one thread. */
class InferenceBench {
  readonly #images: Uint8Array;
  readonly #z: Float32Array;

  constructor(readonly engine: Engine, batchSize: number, latentDim: number) {
    this.#images = synthesize(batchSize, { seed: 0 }).images;
    this.#z = Float32Array.from(
      { length: batchSize * latentDim },
      (_, i) => i % 256 / 255,
    );
  }

  /** Milliseconds a batch. */
  async round(): Promise<Required<Pick<OurTimes, "encode" | "decode">>> {
    return {
      encode: await this.#time(() => this.engine.encode(this.#images)),
      decode: await this.#time(() => this.engine.decode(this.#z)),
    };
  }

  async #time(run: () => Promise<unknown>): Promise<number> {
    const take = async (count: number) => {
      const start = performance.now();
      for (let i = 0; i < count; i++) await run();
      return (performance.now() - start) / count;
    };
    await take(WARM_UP / 2);
    const guess = await take(WARM_UP / 2);
    return await take(Math.max(1, Math.round(2 * ROUND_TIME / guess)));
  }
}

/** Times ours and the peers in turn. */
async function comparePeers(
  names: readonly PeerName[],
  bench: Bench,
  options: OptionValues<typeof flags>,
): Promise<Comparison> {
  const { batchSize, latentDim } = options;
  const model = { ...options, autoencoder: false, seed: 0 };
  const { threads = navigator.hardwareConcurrency } = await engineFigures(
    bench.engine,
  );
  const request = { ...options, threads };
  const inference = names.includes("onnxruntime")
    ? new InferenceBench(
      await createEngine(model, { engine: "wasm", threads: 1 }),
      batchSize,
      latentDim,
    )
    : undefined;
  const isTrained = names.some((name) => name !== "onnxruntime");
  let tfjs: Bench | undefined;
  const tfjsRound = async (): Promise<PeerReport> => {
    if (tfjs === undefined) {
      tfjs = new Bench(await tfjsEngine(model), batchSize);
      await tfjs.measure(1);
    }
    const milliseconds = await tfjs.round();
    return {
      name: "TensorFlow.js",
      version: (tfjs.engine as Engine & { version: string }).version,
      build: tfjs.engine.description,
      threads,
      isFair: true,
      times: [{ of: "step", variant: "webgpu", result: { milliseconds } }],
    };
  };
  const comparison = await compareInTurn(
    PEER_ROUNDS,
    async () => ({
      ...(isTrained && { step: await bench.round() }),
      ...await inference?.round(),
    }),
    new Map(
      names.map((name) => [
        name,
        isProcess(name) ? () => runPeer(name, request) : tfjsRound,
      ]),
    ),
  );
  inference?.engine.dispose();
  tfjs?.engine.dispose();
  return comparison;
}

/** The tfjs engine on WebGPU, for the comparison. */
async function tfjsEngine(
  model: Parameters<typeof createEngine>[0],
): Promise<Engine> {
  try {
    return await createEngine(model, { engine: "tfjs", tfBackend: "webgpu" });
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    throw new PeerError(error.message);
  }
}

/** What only one kind of engine has. */
async function engineFigures(engine: Engine): Promise<{
  threads?: number;
  peakGflops?: number;
  dispatchesPerStep?: number;
  cpuMsPerStep?: number;
  adapter?: { description: string; isFallback: boolean };
}> {
  if (engine instanceof WasmEngine) {
    const { threads } = engine;
    return { threads, peakGflops: threads * peakFlops() / 1e9 };
  }
  if (engine instanceof WebGpuEngine) {
    const { dispatchesPerStep, cpuMsPerStep } = engine;
    const { adapter } = (await requestGpu())!;
    return {
      dispatchesPerStep,
      cpuMsPerStep,
      adapter: {
        description: adapter.info.description,
        isFallback: isSoftware(adapter),
      },
    };
  }
  return {};
}

function profileTable(
  operations: readonly OperationTime[],
  batchSize: number,
): string[] {
  const total = operations.reduce((sum, o) => sum + o.milliseconds, 0);
  return [
    `${"operation".padEnd(40)} thread-ms   share  GFLOP/s`,
    ...operations.map(({ name, milliseconds, flops }) =>
      name.padEnd(40) + milliseconds.toFixed(3).padStart(10) +
      `${(100 * milliseconds / total).toFixed(1)} %`.padStart(8) +
      (flops > 0 ? (batchSize * flops / milliseconds / 1e6).toFixed(1) : "–")
        .padStart(9)
    ),
    `${"all".padEnd(40)}${total.toFixed(3).padStart(10)}`,
  ];
}

const main: Main<typeof flags> = async (options) => {
  const peers = parsePeers(options.compare);
  await keepPermissionsFor(peers);
  if (options.likelihood === "bce" && peers.some(isProcess)) {
    throw new OptionError("--compare: the peers' scripts have no bce");
  }
  const { batchSize, latentDim } = options;
  const model = { ...options, autoencoder: false, seed: 0 };
  quietVulkan();
  const engine = await createEngine(model, { ...options, ...engineNews });
  const bench = new Bench(engine, batchSize);
  const msPerStep = await bench.measure();
  const gflops = batchSize * trainingFlops(latentDim, batchSize) /
    msPerStep.median / 1e6;
  const operations = options.profile ? await bench.profile() : undefined;
  const figures = await engineFigures(engine);
  const comparison = peers.length > 0
    ? await comparePeers(peers, bench, options)
    : undefined;
  engine.dispose();
  if (comparison?.peers.length === 0) {
    throw new TaskError(comparison.notes.join("; "));
  }

  const result = {
    engine: engine.name,
    description: engine.description,
    batchSize,
    msPerStep,
    imagesPerSecond: batchSize / msPerStep.median * 1000,
    gflops,
    ...figures,
    residentMB: Deno.memoryUsage().rss / 1e6,
    operations,
    comparison,
  };
  if (options.json) {
    console.log(JSON.stringify(result));
    return;
  }
  const { median, min, max } = msPerStep;
  const rows: [string, string][] = [
    ["engine", result.description],
    ["batch size", `${batchSize}`],
    [
      "step",
      `${median.toFixed(2)} ms (${min.toFixed(2)} to ${max.toFixed(2)})`,
    ],
    ["throughput", `${result.imagesPerSecond.toFixed(0)} images/s`],
    ["arithmetic", `${gflops.toFixed(1)} GFLOP/s`],
    ["memory", `${result.residentMB.toFixed(0)} MB resident`],
  ];
  const { peakGflops, dispatchesPerStep, cpuMsPerStep } = figures;
  if (peakGflops !== undefined) {
    rows.push([
      "limit",
      `${(100 * gflops / peakGflops).toFixed(0)} % of the ` +
      `${peakGflops.toFixed(0)} GFLOP/s that registers alone would allow`,
    ]);
  }
  if (dispatchesPerStep !== undefined && cpuMsPerStep !== undefined) {
    rows.push(
      ["dispatches", `${dispatchesPerStep} a step`],
      ["CPU time", `${cpuMsPerStep.toFixed(3)} ms a step`],
    );
  }
  console.log(nameRows(rows, [12]));
  if (operations) {
    console.log(["", ...profileTable(operations, batchSize)].join("\n"));
  }
  if (comparison) {
    tell(["", ...comparisonTable(comparison, batchSize)].join("\n"));
  }
};

if (import.meta.main) await runTask(task, flags, main);
