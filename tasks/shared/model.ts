/**
 * The trained model that a task works on.
 *
 * @module
 */
import {
  type Checkpoint,
  CheckpointError,
  loadCheckpoint,
} from "../../lib/checkpoint/checkpoint.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { createEngine, type EngineChoice } from "../../lib/engines.ts";
import type { Summary } from "../../lib/explorer/texts/about.ts";
import { TEXTS } from "../../lib/explorer/texts/texts.ts";
import { fileKind } from "../../lib/files/kind.ts";
import { parseSafetensors } from "../../lib/formats/safetensors.ts";
import { epochsOf } from "../../lib/model/losses.ts";
import { drawsOf } from "../../lib/options/conflicts.ts";
import { TC_WEIGHT } from "../../lib/options/run.ts";
import { oneLine } from "../../lib/text.ts";
import { commandOf, shellWord, TaskError } from "./cli.ts";
import { engineNews } from "./engine_news.ts";
import { readsFrom } from "./files.ts";
import { tilingMemory } from "./tiling_memory.ts";
import { quietVulkan } from "./vulkan.ts";

/**
 * Loads a checkpoint.
 *
 * @throws {TaskError} If there is none: with the command that makes one.
 * @throws {CheckpointError} If the file cannot be used.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  readsFrom(path);
  try {
    const checkpoint = await loadCheckpoint(path);
    const { images } = checkpoint.data.options;
    if (images !== null) readsFrom(images);
    return checkpoint;
  } catch (error) {
    const isMissing = error instanceof CheckpointError &&
      error.cause instanceof Deno.errors.NotFound;
    if (isMissing) {
      throw new TaskError(`${error.message} with \`${commandOf("train")}\``);
    }
    if (!(error instanceof CheckpointError) || !await isForeign(path)) {
      throw error;
    }
    throw new TaskError(
      `${error.message}: make one of it with \`${commandOf("import")} --from ` +
        `${shellWord(path)}\``,
      { cause: error },
    );
  }
}

/**
 * Says whether a file may hold a model that is no checkpoint: what PyTorch saves,
 * or tensors without a run. Import knows more about it.
 */
async function isForeign(path: string): Promise<boolean> {
  try {
    const kind = await fileKind(path);
    if (kind === "zip" || kind === "pickle") return true;
    if (kind !== "safetensors") return false;
    const { metadata } = parseSafetensors(await Deno.readFile(path));
    return metadata.vae_version === undefined;
  } catch {
    return false; // no file, too large, or damaged
  }
}

/** Loads a checkpoint and makes an engine with its weights. */
export async function openModel(
  path: string,
  choice: EngineChoice,
): Promise<{ checkpoint: Checkpoint; engine: Engine }> {
  const checkpoint = await openCheckpoint(path);
  quietVulkan();
  const engine = await createEngine(checkpoint.options, {
    isShort: true,
    ...choice,
    ...engineNews,
    tiling: tilingMemory().recall,
  });
  await engine.writeState(checkpoint.state);
  return { checkpoint, engine };
}

/** Says in one line what a checkpoint's model is. */
export function describe(checkpoint: Checkpoint): string {
  return TEXTS.en.page.describe(summaryOf(checkpoint));
}

function rounded(beta: number): number {
  return Number(beta.toPrecision(3));
}

/** Sums up what a checkpoint's model is, to be said in any language. */
export function summaryOf(
  { options, data, history, state, epochsBefore }: Checkpoint,
): Summary {
  // A schedule of one's own is not among the options: its record is.
  const last = history.at(-1)?.beta ?? options.beta;
  const isMoved = rounded(last) !== rounded(options.beta);
  const kind = options.autoencoder ? "autoencoder" : options.objective;
  // Of an imported model nobody may know what it was trained on, or how long.
  const isImported = data.digest === null && history.length === 0;
  const isUnknown = isImported && data.options.images === null &&
    data.options.dataset === "auto";
  const epochs = epochsOf(history, epochsBefore);
  const { step } = state;
  return {
    kind,
    weight: {
      autoencoder: 0,
      elbo: rounded(last),
      iwae: drawsOf(options),
      btc: options.tcWeight ?? TC_WEIGHT,
    }[kind],
    isMoved,
    classCount: options.classCount,
    latentDim: options.latentDim,
    data: isUnknown ? null : oneLine(data.name),
    // A loop of one's own may have kept no history.
    trained: isImported && step === 0
      ? null
      : epochs === 0 && step > 0
      ? [step, "steps"]
      : [epochs, "epochs"],
  };
}
