/**
 * What trials of GPUs came to, kept for a week beside the data sets.
 *
 * @module
 */
import type { GpuMemory } from "../../lib/engines.ts";
import { atomicWrite, WriteError } from "../../lib/files/atomic_write.ts";
import { say } from "./terminal.ts";

/** Drivers, other work and this package change: nothing is kept for longer. */
const MOST_DAYS = 7;

/** One trial. */
interface Trial {
  readonly gpu: string;
  readonly deno: string;
  readonly latentDim: number;
  /** When it was, in milliseconds since 1970. */
  readonly time: number;
  readonly isTaken: boolean;
  readonly text: string;
}

/**
 * Remembers what trials of GPUs came to.
 *
 * @param path The file; git ignores the folder of the default one.
 */
export function gpuMemory(path = "data/gpu.json"): GpuMemory {
  return {
    async recall(gpu, latentDim) {
      try {
        const trials = await readTrials(path);
        return trials.find((trial) => isOf(trial, gpu, latentDim));
      } catch (error) {
        say(`note: ${path} is not used: ${(error as Error).message}`);
      }
    },

    async keep(gpu, latentDim, { isTaken, text }) {
      // What recall() could not read is replaced.
      const trials = await readTrials(path).catch(() => []);
      const deno = Deno.version.deno;
      const all: Trial[] = [
        ...trials.filter((trial) => !isOf(trial, gpu, latentDim)),
        { gpu, deno, latentDim, time: Date.now(), isTaken, text },
      ];
      const json = `${JSON.stringify({ trials: all }, null, 2)}\n`;
      try {
        await atomicWrite(path, new TextEncoder().encode(json));
      } catch (error) {
        if (!(error instanceof WriteError)) throw error;
        say(`note: the GPU will be checked again next time: ${error.message}`);
      }
    },
  };
}

function isOf(trial: Trial, gpu: string, latentDim: number): boolean {
  return trial.gpu === gpu && trial.latentDim === latentDim &&
    trial.deno === Deno.version.deno;
}

/**
 * Reads the trials of the last days.
 *
 * @throws {Error} If the file cannot be read, or holds something else.
 */
async function readTrials(path: string): Promise<Trial[]> {
  let json: string;
  try {
    json = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const trials = (JSON.parse(json) as { trials?: unknown } | null)?.trials;
  if (!Array.isArray(trials) || !trials.every(isTrial)) {
    throw new Error("it holds something else than trials of GPUs");
  }
  const age = ({ time }: Trial) => (Date.now() - time) / 864e5;
  return trials.filter((trial) => age(trial) >= 0 && age(trial) < MOST_DAYS);
}

function isTrial(value: Partial<Record<keyof Trial, unknown>> | null): boolean {
  const { gpu, deno, latentDim, time, isTaken, text } = value ?? {};
  return [gpu, deno, text].every((word) => typeof word === "string") &&
    [latentDim, time].every((number) => typeof number === "number") &&
    typeof isTaken === "boolean";
}
