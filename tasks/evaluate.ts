/**
 * `deno task evaluate`: measures a trained model on a split.
 *
 * @module
 */
import type { ImageSet } from "../lib/dataset/dataset.ts";
import { measure } from "../lib/metrics/metrics.ts";
import { binarize } from "../lib/metrics/pixels.ts";
import { runTask, TaskError } from "./shared/cli.ts";
import { metricsTable } from "./shared/tables.ts";
import {
  describe,
  openImages,
  openModel,
  openTrainingImages,
} from "./shared/model.ts";
import { Progress } from "./shared/progress.ts";

await runTask("evaluate", async (options, { given }) => {
  const { split, samples, seed, binarize: binarization } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { latentDim, likelihood, autoencoder } = checkpoint.options;
  if (binarization !== "none" && likelihood !== "bce") {
    throw new TaskError(
      `--binarize ${binarization} is for models that were trained with ` +
        `--likelihood bce, and ${options.checkpoint} was with ${likelihood}`,
    );
  }
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const train = await openTrainingImages(
    checkpoint,
    options.checkpoint,
    dataDir,
  );
  const known = {
    ...train,
    images: binarize(train.images, binarization, "train", seed),
  };
  const images = split === "train"
    ? known
    : await openImages(checkpoint, split, dataDir).then((set): ImageSet => ({
      ...set,
      images: binarize(set.images, binarization, split, seed),
    }));

  const progress = new Progress();
  const metrics = await measure({
    engine,
    model: { latentDim, likelihood, autoencoder },
    images,
    train: known,
    samples,
    seed,
    onProgress: (stage, fraction) =>
      progress.update(fraction, `${stage} ${Math.round(100 * fraction)} %`),
  }).finally(() => progress.clear());
  if (options.json) {
    const { beta } = checkpoint.options;
    console.log(JSON.stringify({
      checkpoint: options.checkpoint,
      dataset: checkpoint.data.name,
      split,
      likelihood,
      autoencoder,
      latentDim,
      beta,
      binarize: binarization,
      seed,
      ...metrics,
    }));
    return;
  }
  console.log(describe(checkpoint));
  console.log(`${split}, ${metrics.images} images, mean ± standard error`);
  for (const [group, rows] of metricsTable(metrics, checkpoint, binarization)) {
    console.log(`\n${group}`);
    for (const [name, value, explanation] of rows) {
      if (value === null) continue;
      console.log(
        `  ${name.padEnd(26)}${value.padEnd(24)}${explanation}`.trimEnd(),
      );
    }
  }
  for (const note of metrics.notes) console.log(`\nnote: ${note}`);
});
