/**
 * `deno task latents`: plots the means of the posteriors, coloured by class.
 *
 * @module
 */
import { scatter } from "../lib/image/scatter.ts";
import { projectPca } from "../lib/math/pca.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task, TaskError } from "./shared/cli.ts";
import { axisName, type Dimension } from "../lib/latent/space.ts";
import { openLatents, planeOf } from "./shared/dimensions.ts";
import { legendNames } from "./shared/model_classes.ts";
import { openSeenImages } from "./shared/data.ts";
import { willWrite } from "./shared/files.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, engineOptions, outFile } from "./shared/options.ts";
import { headingOf, writePicture } from "./shared/pictures.ts";
import { tell } from "./shared/terminal.ts";

const flags = {
  pca: {
    type: "boolean",
    default: false,
    help: "along the principal components, not the most active dimensions",
  },
  split: common.split,
  dataDir: data.dataDir,
  checkpoint: common.checkpoint,
  ...engineOptions,
  out: outFile("latents.png"),
  scale: common.scale,
  json: common.json,
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
  await willWrite(out, "png");
  const { latentDim, autoencoder } = checkpoint.options;
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const latents = await openLatents(engine, checkpoint, dataDir);
  const dimensions = planeOf(latents);
  const { images, labels, count } = await openSeenImages(
    checkpoint,
    split,
    dataDir,
  );
  if (labels === null) {
    throw new TaskError(
      `${checkpoint.data.name} has no labels to colour its images by`,
    );
  }
  const { mu } = await engine.encode(images, labels);
  const view = pca
    ? await alongComponents(mu, latentDim, autoencoder ? "the codes" : "μ")
    : alongDimensions(mu, latentDim, dimensions);
  const title = `${autoencoder ? "Codes" : "Posterior means μ"} of ${
    count.toLocaleString("en")
  } ${split} images, by class`;
  const note = !pca && latentDim > 2 && latents.order
    ? `The two most active dimensions, by ${latents.order}`
    : "";
  const [xLabel, yLabel] = view.labels;
  const picture = scatter(view.points, labels, {
    ...headingOf(title, checkpoint, note),
    xLabel,
    yLabel,
    names: legendNames(checkpoint),
    scale,
  });
  await writePicture(out, picture, title, checkpoint);
  if (options.json) {
    console.log(JSON.stringify({ out, split, n: count, axes: view.labels }));
  } else {
    const axes = view.labels.join(", ");
    tell(`${out}: ${axes} (${describe(checkpoint)})`);
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
  const labels = dimensions.map(axisName);
  return { points, labels };
}

async function alongComponents(
  mu: Float32Array,
  latentDim: number,
  name: string,
): Promise<View> {
  const { points, shares } = await projectPca(mu, latentDim, 2);
  const labels = shares.map((share, k) =>
    `principal component ${k + 1} of ${name} (${
      // A single image, or several of one μ, have none to share.
      Number.isNaN(share)
        ? "no variance"
        : `${Math.round(100 * share)}% of the variance`})`
  );
  return { points, labels };
}

if (import.meta.main) await runTask(task, flags, main);
