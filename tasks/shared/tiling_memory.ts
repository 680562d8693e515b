/**
 * Which tilings were found to be the best of GPUs, kept beside the data sets.
 *
 * @module
 */
import type { Tiling } from "../../lib/engine/webgpu/tiling.ts";
import { type KeptList, readList, writeList } from "./kept_list.ts";
import { say } from "./terminal.ts";

/** In a folder of its own, which is all that `bench` may write to. */
export const TILINGS = "data/tuned/tilings.json";

/** A tiling, and where it is the best. */
interface KeptTiling {
  readonly gpu: string;
  /** The version of Deno, which brings the compiler of the programs. */
  readonly deno: string;
  readonly tiling: unknown;
}

/** Keeps the best tilings of GPUs. */
export interface TilingMemory {
  /** Returns that of a GPU; nothing if it is not known. */
  readonly recall: (gpu: string) => Promise<Tiling | undefined>;
  /**
   * Keeps that of a GPU, or forgets the last one if that is `undefined`.
   *
   * @throws {WriteError} If it cannot be kept.
   */
  readonly keep: (gpu: string, tiling: Tiling | undefined) => Promise<void>;
}

/**
 * Remembers tilings until the version of Deno changes.
 *
 * @param path The file; git ignores the folder of the default one.
 */
export function tilingMemory(path = TILINGS): TilingMemory {
  const kept: KeptList<KeptTiling> = {
    path,
    name: "tilings",
    what: "tilings of GPUs",
    isEntry: isKept,
  };
  return {
    async recall(gpu) {
      try {
        const found = (await readList(kept)).find((each) => isOf(each, gpu));
        if (!found) return;
        // Not for those who never tuned.
        const { parseTiling } = await import(
          "../../lib/engine/webgpu/limits.ts"
        );
        return parseTiling(found.tiling);
      } catch (error) {
        say(`note: ${path} is not used: ${(error as Error).message}`);
      }
    },

    async keep(gpu, tiling) {
      // What recall() could not read is replaced.
      const others = (await readList(kept).catch(() => []))
        .filter((each) => !isOf(each, gpu));
      const deno = Deno.version.deno;
      const own = tiling ? [{ gpu, deno, tiling }] : [];
      await writeList(kept, [...others, ...own]);
    },
  };
}

function isOf({ gpu, deno }: KeptTiling, name: string): boolean {
  return gpu === name && deno === Deno.version.deno;
}

function isKept(
  value: Partial<Record<keyof KeptTiling, unknown>> | null,
): boolean {
  const { gpu, deno, tiling } = value ?? {};
  return typeof gpu === "string" && typeof deno === "string" &&
    tiling instanceof Object;
}
