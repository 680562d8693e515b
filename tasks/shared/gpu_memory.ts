/**
 * What trials of GPUs came to, kept for a week beside the data sets.
 *
 * @module
 */
import type { GpuMemory } from "../../lib/engines.ts";
import { WriteError } from "../../lib/files/atomic_write.ts";
import { type KeptList, readList, writeList } from "./kept_list.ts";
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
  const kept: KeptList<Trial> = {
    path,
    name: "trials",
    what: "trials of GPUs",
    isEntry: isTrial,
  };
  return {
    async recall(gpu, latentDim) {
      try {
        const trials = (await readList(kept)).filter(isRecent);
        return trials.find((trial) => isOf(trial, gpu, latentDim));
      } catch (error) {
        say(`note: ${path} is not used: ${(error as Error).message}`);
      }
    },

    async keep(gpu, latentDim, { isTaken, text }) {
      // What recall() could not read is replaced.
      const trials = await readList(kept).catch(() => []);
      const deno = Deno.version.deno;
      const all: Trial[] = [
        ...trials.filter(isRecent)
          .filter((trial) => !isOf(trial, gpu, latentDim)),
        { gpu, deno, latentDim, time: Date.now(), isTaken, text },
      ];
      try {
        await writeList(kept, all);
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

/** Tells whether a trial is of the last days. */
function isRecent({ time }: Trial): boolean {
  const age = (Date.now() - time) / 864e5;
  return age >= 0 && age < MOST_DAYS;
}

function isTrial(value: Partial<Record<keyof Trial, unknown>> | null): boolean {
  const { gpu, deno, latentDim, time, isTaken, text } = value ?? {};
  return [gpu, deno, text].every((word) => typeof word === "string") &&
    [latentDim, time].every((number) => typeof number === "number") &&
    typeof isTaken === "boolean";
}
