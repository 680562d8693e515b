/**
 * `deno task latents`: plots the means of the posteriors, coloured by class.
 *
 * @module
 */
import { scatter } from "../lib/image/scatter.ts";
import { projectPca } from "../lib/math/pca.ts";
import { dataOptions } from "../lib/options/run.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { type Dimension, twoDimensions } from "./shared/dimensions.ts";
import { openImages } from "./shared/data.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, pictureFile, plotOptions } from "./shared/options.ts";
import { writePicture } from "./shared/pictures.ts";

const flags = {
  pca: {
    type: "boolean",
    default: false,
    help: "along the principal components, not the most active dimensions",
  },
  split: common.split,
  dataDir: dataOptions.dataDir,
  out: pictureFile("latents.png"),
  ...plotOptions,
} as const satisfies OptionTable;

/** What `deno task latents` does. */
export const task: Task = {
  name: "latents",
  summary: "Plots the means of the posteriors, coloured by class.",
  examples: ["--pca --split train"],
  options: flags,
};

const main: Main<typeof flags> = async (options, { given }) => {
  const { pca, split, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { latentDim } = checkpoint.options;
  const dimensions = twoDimensions(checkpoint);
  const { images, labels, count } = await openImages(
    checkpoint,
    split,
    given.has("dataDir") ? options.dataDir : undefined,
  );
  if (labels === null) {
    throw new TaskError(
      `${checkpoint.data.name} has no labels to colour its images by`,
    );
  }
  const { mu } = await engine.encode(images);
  const view = pca
    ? await alongComponents(mu, latentDim)
    : alongDimensions(mu, latentDim, dimensions);
  const title = `Posterior means of ${count} ${split} images`;
  const [xLabel, yLabel] = view.labels;
  await writePicture(
    out,
    scatter(view.points, labels, { title, xLabel, yLabel, scale }),
    title,
    checkpoint,
  );
  if (options.json) {
    console.log(JSON.stringify({ out, split, n: count, axes: view.labels }));
  } else {
    const axes = view.labels.join(", ");
    console.log(`${out}: ${axes} (${describe(checkpoint)})`);
  }
};

/** [n, 2] coordinates, and what they are. */
interface View {
  readonly points: ArrayLike<number>;
  readonly labels: readonly string[];
}

function alongDimensions(
  mu: Float32Array,
  latentDim: number,
  dimensions: readonly Dimension[],
): View {
  const points = new Float32Array(2 * mu.length / latentDim);
  for (let at = 0; at < points.length; at++) {
    const row = Math.floor(at / 2) * latentDim;
    points[at] = mu[row + dimensions[at % 2].index];
  }
  const labels = dimensions.map(({ name, kl }) =>
    `μ of ${name}` + (kl === null ? "" : ` (KL ${kl.toFixed(2)} nats)`)
  );
  return { points, labels };
}

async function alongComponents(
  mu: Float32Array,
  latentDim: number,
): Promise<View> {
  const { points, shares } = await projectPca(mu, latentDim, 2);
  const labels = shares.map((share, k) =>
    `principal component ${k + 1} of μ (${
      // A single image, or several of one μ, have none to share.
      Number.isNaN(share)
        ? "no variance"
        : `${Math.round(100 * share)}% of its variance`})`
  );
  return { points, labels };
}

if (import.meta.main) await runTask(task, flags, main);
