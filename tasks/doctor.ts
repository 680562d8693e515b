/**
 * `deno task doctor`: shows what this machine can do, and checks its numbers.
 *
 * @module
 */
import type { Engine, EngineName } from "../lib/engine/engine.ts";
import { type Gpu, LIMITS, requestGpu } from "../lib/engine/gpu.ts";
import {
  createEngine,
  type EngineChoice,
  PROBE,
  type Probe,
  type ProbePart,
  relativeError,
  runProbe,
  TOLERANCE,
} from "../lib/engines.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { common } from "./shared/options.ts";
import { nameRows, textTable } from "./shared/tables.ts";
import { say } from "./shared/terminal.ts";
import { quietVulkan } from "./shared/vulkan.ts";

const flags = {
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task doctor` does. */
export const task: Task = {
  name: "doctor",
  summary: "Shows what this machine can do, and checks its numbers.",
  examples: ["--json"],
  options: flags,
};

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
  for (const candidate of candidates) {
    diagnoses.push(await diagnose(candidate, reference));
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
  const wrong = diagnoses.filter(({ isRight }) => !isRight);
  for (const { description } of wrong) {
    say(`error: wrong numbers or a failure: ${description}`);
  }
  return wrong.length > 0 ? 1 : 0;
};

async function tryEngine(
  engine: Engine,
): Promise<{ description: string; probe: Probe }> {
  try {
    const probe = await runProbe(engine);
    return { description: engine.description, probe };
  } finally {
    engine.dispose();
  }
}

async function diagnose(
  choice: EngineChoice,
  reference: Probe,
): Promise<Diagnosis> {
  const engine = choice.engine as EngineName;
  try {
    const { description, probe } = await tryEngine(
      await createEngine(PROBE, choice),
    );
    const errors = Object.fromEntries(
      PARTS.map((part) => [part, relativeError(probe[part], reference[part])]),
    ) as Record<ProbePart, number>;
    return {
      engine,
      description,
      works: true,
      errors,
      // An error that is NaN is not below anything.
      isRight: PARTS.every((part) => errors[part] < TOLERANCE[part]),
    };
  } catch (error) {
    const { message } = error as Error;
    return {
      engine,
      description: `${engine} does not run: ${message}`,
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
