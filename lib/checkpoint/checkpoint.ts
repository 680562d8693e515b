/**
 * Saves checkpoints to files and loads them.
 *
 * @module
 */
import { atomicWrite } from "../files/atomic_write.ts";
import { describeKind, kindOf } from "../files/kind.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./codec.ts";
import { type Checkpoint, CheckpointError } from "./metadata.ts";
import { SafetensorsError } from "../formats/safetensors.ts";

export {
  type BestEpoch,
  type Checkpoint,
  CheckpointError,
  type DataRecord,
} from "./metadata.ts";

/** Refuses larger files: a header of 100 MB and 50 MB of tensors still fit. */
const MAX_FILE = 256 * 2 ** 20;

/**
 * Saves a checkpoint: afterwards the file is the new one, or, if anything
 * failed, still the old one.
 *
 * @param path The file.
 * @param checkpoint The run.
 * @throws {CheckpointError} As {@linkcode encodeCheckpoint}.
 * @throws {WriteError} If the file cannot be written.
 *
 * @example
 * ```ts
 * import { loadCheckpoint, saveCheckpoint } from "@vae/mnist";
 * import { syntheticDataset, train } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempDir() + "/vae.safetensors";
 * const dataset = await syntheticDataset({ limit: 64 });
 * for await (const event of train({ dataset, epochs: 1, latentDim: 2 })) {
 *   if (event.type === "end") await saveCheckpoint(path, await event.checkpoint());
 * }
 * assertEquals((await loadCheckpoint(path)).history.length, 1);
 * ```
 */
export async function saveCheckpoint(
  path: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const bytes = named(path, () => encodeCheckpoint(checkpoint));
  await atomicWrite(path, bytes);
}

/**
 * Loads a checkpoint.
 *
 * @param path The file.
 * @returns The run as it was saved: training from it gives what an unbroken
 * run would have given.
 * @throws {CheckpointError} If there is no such file, it cannot be read, or it
 * is no checkpoint.
 *
 * @example
 * ```ts
 * import { CheckpointError, loadCheckpoint } from "@vae/mnist";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(
 *   () => loadCheckpoint("no-such-run.safetensors"),
 *   CheckpointError,
 *   "there is no checkpoint no-such-run.safetensors",
 * );
 * ```
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const bytes = await readFile(path);
  const kind = kindOf(bytes);
  if (kind && kind !== "safetensors" && kind !== "binary") {
    throw new CheckpointError(
      `checkpoint ${path}: it is ${describeKind(kind)}, not a checkpoint`,
    );
  }
  return named(path, () => decodeCheckpoint(bytes));
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (!isFile) throw new CheckpointError(`checkpoint ${path}: not a file`);
    if (size > MAX_FILE) {
      throw new CheckpointError(
        `checkpoint ${path}: its ${size} bytes are more than any checkpoint ` +
          `has (${MAX_FILE})`,
      );
    }
    return await Deno.readFile(path);
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    if (cause instanceof Deno.errors.NotFound) {
      throw new CheckpointError(
        `there is no checkpoint ${path}: train one first`,
        { cause },
      );
    }
    throw new CheckpointError(
      `checkpoint ${path}: cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Runs `action` and says in its errors which file they are about. */
function named<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (
      cause instanceof CheckpointError || cause instanceof SafetensorsError
    ) {
      throw new CheckpointError(`checkpoint ${path}: ${cause.message}`, {
        cause,
      });
    }
    throw cause;
  }
}
