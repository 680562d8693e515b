/**
 * `deno task bench`: times the training step, and shows where the time goes.
 *
 * @module
 */
import { gpuName, isSoftware, requestGpu } from "../lib/engine/gpu.ts";
import { trainingFlops } from "../lib/engine/stages.ts";
import { TILING_PARTS } from "../lib/engine/webgpu/candidates.ts";
import { HARDWARE } from "../lib/engine/webgpu/tiling.ts";
import { createEngine } from "../lib/engines.ts";
import { checkWritable } from "../lib/files/atomic_write.ts";
import { conflictOf, drawsOf } from "../lib/options/conflicts.ts";
import {
  OptionError,
  type OptionTable,
  type OptionValues,
} from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { engineFigures, profileTable } from "./shared/engine_figures.ts";
import { engineNews } from "./shared/engine_news.ts";
import { flagOf } from "./shared/flags.ts";
import { common, engineOptions, training } from "./shared/options.ts";
import { isProcess, keepPermissionsFor, parsePeers } from "./shared/peers.ts";
import { comparePeers } from "./shared/peers_bench.ts";
import { comparisonTable } from "./shared/peers_table.ts";
import { Progress } from "./shared/progress.ts";
import { StepBench } from "./shared/step_bench.ts";
import { nameRows, textTable } from "./shared/tables.ts";
import { say, tell } from "./shared/terminal.ts";
import { tilingMemory, TILINGS } from "./shared/tiling_memory.ts";
import { tilingMeasure, tune, type Tuned } from "./shared/tuning.ts";
import { quietVulkan } from "./shared/vulkan.ts";

const flags = {
  batchSize: training.batchSize,
  latentDim: training.latentDim,
  likelihood: training.likelihood,
  draws: training.draws,
  binarize: training.binarize,
  objective: training.objective,
  importanceSamples: training.importanceSamples,
  profile: {
    type: "boolean",
    default: false,
    help: "time each operation of the step, too",
  },
  tune: {
    type: "boolean",
    default: false,
    help: "find the fastest tiles of the GPU's threads, and keep them",
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
    "--tune",
  ],
  options: flags,
};

type Options = OptionValues<typeof flags>;

/** Finds the best tiling of the process's GPU, and keeps it. */
async function tuneGpu(options: Options, signal: AbortSignal): Promise<void> {
  const gpu = await requestGpu();
  if (gpu && isSoftware(gpu.adapter)) {
    throw new TaskError(
      `--tune is for GPUs: ${gpu.description} would take hours to compile ` +
        "what is to be tried",
    );
  }
  // Not after the search.
  await checkWritable(TILINGS);
  const progress = new Progress();
  const sayHere = (text: string) => {
    progress.clear();
    say(text);
  };
  let tuned: Tuned;
  try {
    const model = { ...options, autoencoder: false, seed: 0 };
    tuned = await tune({
      base: HARDWARE,
      parts: TILING_PARTS,
      options: model,
      measure: tilingMeasure(model),
      onNote: sayHere,
      onProgress: (fraction, text) => progress.update(fraction, text),
      signal,
    });
  } finally {
    progress.clear();
  }
  const name = gpuName(gpu!.adapter);
  await tilingMemory().keep(name, tuned.tiling);
  const { batchSize, latentDim } = options;
  if (options.json) {
    const result = { gpu: name, batchSize, latentDim, ...tuned, file: TILINGS };
    console.log(JSON.stringify(result));
    return;
  }
  console.log(textTable(
    ["operation", "default", "best", "ms before", "ms after"],
    [
      ...tuned.parts.map((part) => [
        part.operation,
        part.default,
        part.best,
        part.before.toFixed(4),
        part.after.toFixed(4),
      ]),
      ["all", "", "", tuned.before.toFixed(4), tuned.after.toFixed(4)],
    ],
  ));
  tell(
    tuned.tiling
      ? `\n${TILINGS} keeps the best for ${name}`
      : `\nthe default is the best for ${name}`,
  );
}

/** Refuses what tuning has no use for. */
function checkTuning({ engine, compare, profile }: Options): void {
  if (engine === "wasm" || engine === "tfjs") {
    throw new OptionError(
      `--tune is of the webgpu engine: leave out --engine ${engine}`,
    );
  }
  if (compare !== null || profile) {
    const other = profile ? "--profile" : "--compare";
    throw new OptionError(`--tune: run ${other} by itself, afterwards`);
  }
}

const main: Main<typeof flags> = async (options, { signal }) => {
  if (options.tune) checkTuning(options);
  const peers = parsePeers(options.compare);
  await keepPermissionsFor(peers);
  if (options.likelihood === "bce" && peers.some(isProcess)) {
    throw new OptionError("--compare: the peers' scripts have no bce");
  }
  const ours = (["draws", "binarize", "objective"] as const)
    .find((name) => options[name] !== flags[name].default);
  if (ours && peers.length > 0) {
    throw new OptionError(
      `--compare: the peers train on the ELBO of grey pixels, with one draw of ` +
        `z: leave out ${flagOf(ours)}`,
    );
  }
  const model = {
    ...options,
    autoencoder: false,
    klGradient: "analytic",
    tcWeight: null,
    freeBits: 0,
    seed: 0,
  } as const;
  const conflict = conflictOf(model, flagOf);
  if (conflict !== undefined) throw new TaskError(conflict);
  quietVulkan();
  if (options.tune) return await tuneGpu(options, signal);
  const { batchSize, latentDim, binarize, objective, importanceSamples } =
    options;
  const draws = drawsOf({ ...options, importanceSamples });
  const engine = await createEngine(model, {
    ...options,
    ...engineNews,
    tiling: tilingMemory().recall,
  });
  const bench = new StepBench(engine, batchSize);
  const msPerStep = await bench.measure();
  const flops = trainingFlops(latentDim, batchSize, draws, objective);
  const gflops = batchSize * flops / msPerStep.median / 1e6;
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
    binarize,
    objective,
    draws,
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
    [
      "batch size",
      `${batchSize}${draws > 1 ? `, ${counted(draws, "draw")}` : ""}`,
    ],
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
