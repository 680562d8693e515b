/**
 * `deno task layers`: lists the model's layers, with shapes and costs.
 *
 * @module
 */
import { modelSpec } from "../lib/model/spec.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { OptionError, type OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { flagOf } from "./shared/flags.ts";
import { layersOf, layerTable, sumLayers } from "./shared/layer_table.ts";
import { describe, openCheckpoint } from "./shared/model.ts";
import { common, training } from "./shared/options.ts";

const shape = {
  latentDim: training.latentDim,
  classCount: trainingOptions.classCount,
};

const flags = {
  ...shape,
  checkpoint: {
    ...common.checkpoint,
    default: null,
    help: "the model of this checkpoint, in place of one of the options",
  },
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task layers` does. */
export const task: Task = {
  name: "layers",
  summary: "Lists the model's layers with shapes, parameters and cost.",
  examples: [
    "--latent-dim 2",
    "--checkpoint checkpoints/vae.safetensors --json",
  ],
  options: flags,
};

const main: Main<typeof flags> = async (
  { checkpoint: path, latentDim, classCount, json },
  { given },
) => {
  const extra = (["latentDim", "classCount"] as const)
    .find((name) => path !== null && given.has(name));
  if (extra) {
    throw new OptionError(
      `${flagOf(extra)} does not go with --checkpoint, whose model has its own`,
    );
  }
  const checkpoint = path === null ? null : await openCheckpoint(path);
  const options = checkpoint?.options ??
    { latentDim, classCount, autoencoder: false };
  const model = modelSpec(options.latentDim, options.classCount);
  const layers = layersOf(model, options.autoencoder);
  if (json) {
    console.log(JSON.stringify({
      latentDim: model.latentDim,
      classCount: model.classCount,
      layers,
      ...sumLayers(layers),
    }));
    return;
  }
  if (checkpoint) console.log(`${path}: ${describe(checkpoint)}\n`);
  console.log(layerTable(layers));
};

if (import.meta.main) await runTask(task, flags, main);
