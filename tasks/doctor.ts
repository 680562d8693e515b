/**
 * `deno task doctor`: shows what this machine can do, and checks its numbers.
 *
 * @module
 */
import type { Engine, EngineName } from "../lib/engine/engine.ts";
import { type Gpu, requestGpu } from "../lib/engine/gpu.ts";
import {
  firstDifference,
  PROBE,
  type ProbePart,
  type ProbeTensor,
  relativeError,
  runProbe,
  TOLERANCE,
  wordDifference,
} from "../lib/engine_check.ts";
import { createEngine, type EngineChoice } from "../lib/engines.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted, oneLine } from "../lib/text.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { detailedFault, sayFault } from "./shared/engine_news.ts";
import { common, engineOptions } from "./shared/options.ts";
import { nameRows, textTable } from "./shared/tables.ts";
import { quietVulkan } from "./shared/vulkan.ts";

const flags = {
  verbose: engineOptions.verbose,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task doctor` does. */
export const task: Task = {
  name: "doctor",
  summary: "Shows what this machine can do, and checks its numbers.",
  examples: ["--json"],
  options: flags,
};

/** What an adapter offers of the limits that large sets of images meet. */
const LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize"] as const;

/** Columns of the names of what the machine has. */
const NAMES = 10;

const PARTS = Object.keys(TOLERANCE) as ProbePart[];

interface Diagnosis {
  engine: EngineName;
  /** What runs it, or why it does not run. */
  description: string;
  works: boolean;
  /** Largest relative errors; null for the reference and what does not run. */
  errors: Record<ProbePart, number> | null;
  isRight: boolean;
}

/** What is wrong with an engine. */
interface Fault {
  readonly text: string;
  readonly error?: unknown;
}

const main: Main<typeof flags> = async ({ json }) => {
  quietVulkan();
  const gpu = await requestGpu();
  const candidates: EngineChoice[] = [
    { engine: "wasm" },
    ...(gpu
      ? [
        { engine: "webgpu" },
        { engine: "tfjs", tfBackend: "webgpu" },
      ] as const
      : []),
  ];
  const { description, probe: reference } = await tryEngine(
    await createEngine(PROBE, { engine: "tfjs", tfBackend: "cpu" }),
  );
  const diagnoses: Diagnosis[] = [{
    engine: "tfjs",
    description: `${description} (the reference)`,
    works: true,
    errors: null,
    isRight: true,
  }];
  const faults: Fault[] = [];
  for (const candidate of candidates) {
    diagnoses.push(await diagnose(candidate, reference, faults));
  }

  const machine = {
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    cores: navigator.hardwareConcurrency,
    adapter: gpu && {
      description: gpu.description,
      limits: Object.fromEntries(
        LIMITS.map((name) => [name, gpu.adapter.limits[name]]),
      ),
      features: [...gpu.adapter.features].sort(),
    },
  };
  if (json) console.log(JSON.stringify({ ...machine, engines: diagnoses }));
  else {
    const { deno, v8, system } = machine;
    const cores = counted(machine.cores, "core");
    console.log(
      nameRows([["Deno", `${deno} (V8 ${v8}), ${system}, ${cores}`]], [NAMES]),
    );
    console.log(gpuText(gpu));
    console.log(table(diagnoses));
  }
  for (const { text, error } of faults) {
    sayFault(`error: ${text}`, detailedFault(error) ?? {});
  }
  return faults.length > 0 ? 1 : 0;
};

async function tryEngine(
  engine: Engine,
): Promise<{ description: string; probe: ProbeTensor[] }> {
  try {
    const probe = await runProbe(engine);
    return { description: engine.description, probe };
  } finally {
    engine.dispose();
  }
}

function largestError(
  part: ProbePart,
  actual: readonly ProbeTensor[],
  expected: readonly ProbeTensor[],
): number {
  const errors = actual.flatMap((tensor, i) =>
    tensor.part === part ? relativeError(tensor.values, expected[i].values) : []
  );
  return Math.max(...errors); // NaN if one is
}

async function diagnose(
  choice: EngineChoice,
  reference: readonly ProbeTensor[],
  faults: Fault[],
): Promise<Diagnosis> {
  const engine = choice.engine as EngineName;
  try {
    const { description, probe } = await tryEngine(
      await createEngine(PROBE, choice),
    );
    const errors = Object.fromEntries(
      PARTS.map((part) => [part, largestError(part, probe, reference)]),
    ) as Record<ProbePart, number>;
    const difference = firstDifference(probe, reference);
    if (difference) {
      const where = wordDifference(difference);
      faults.push({ text: `wrong numbers: ${description}, ${where}` });
    }
    return {
      engine,
      description,
      works: true,
      errors,
      isRight: !difference,
    };
  } catch (error) {
    const text = `${engine} does not run: ${(error as Error).message}`;
    faults.push({ text, error });
    return {
      engine,
      description: oneLine(text),
      works: false,
      errors: null,
      isRight: false,
    };
  }
}

function gpuText(gpu: Gpu | null): string {
  if (!gpu) {
    return nameRows([[
      "WebGPU",
      "no adapter (on Debian, mesa-vulkan-drivers has a software one)",
    ]], [NAMES]);
  }
  const { limits, features } = gpu.adapter;
  return [
    nameRows([["WebGPU", gpu.description]], [NAMES]),
    "limits",
    ...LIMITS.map((name) => `  ${name.padEnd(36)}${limits[name]}`),
    nameRows([["features", [...features].sort().join(", ") || "none"]], [
      NAMES,
    ]),
  ].join("\n");
}

function table(diagnoses: Diagnosis[]): string {
  const rows = diagnoses.map(({ description, errors, isRight }) => [
    description,
    ...PARTS.map((part) => errors ? errors[part].toExponential(1) : "–"),
    isRight ? "right" : "WRONG",
  ]);
  const allowed = PARTS.map((part) => TOLERANCE[part].toExponential(0));
  return [
    "",
    "One batch on each engine; the largest relative error against the reference:",
    "",
    textTable(["engine", ...PARTS, "verdict"], [
      ...rows,
      ["allowed", ...allowed, ""],
    ]),
  ].join("\n");
}

if (import.meta.main) await runTask(task, flags, main);
