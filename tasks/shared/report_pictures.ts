/**
 * The pictures of a report.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { ImageSet } from "../../lib/dataset/dataset.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { grid, pairGrid } from "../../lib/image/grid.ts";
import type { Picture } from "../../lib/image/picture.ts";
import { scatter } from "../../lib/image/scatter.ts";
import { permutation, streamKey } from "../../lib/rng.ts";
import {
  classesOf,
  legendNames,
  oneClass,
  pictureName,
  withinClass,
} from "./model_classes.ts";
import { firstImages } from "../../lib/dataset/first_images.ts";
import { inRows, interpolations } from "../../lib/latent/interpolations.ts";
import { nameDimensions } from "../../lib/latent/named_dimensions.ts";
import {
  manifoldSheet,
  repeated,
  sampleSheet,
  traversalSheet,
} from "../../lib/latent/sheets.ts";
import {
  axisName,
  type LatentSpace,
  twoDimensions,
} from "../../lib/latent/space.ts";
import { headingOf } from "./pictures.ts";

const PAIRS = 12;
const SAMPLES = 60;
const STEPS = 8;
const RANGE = 3;
/** Dimensions that are traversed, the most active ones. */
const TRAVERSED = 16;
/** Digits on each side of the map. */
const SIDE = 12;
/** Points beyond these would only hide one another. */
const POINTS = 10_000;

/** Classes of a conditional model that have a row of samples, and those in it. */
const CLASSES = 12;
const OF_EACH = 8;

/** A picture and what it shows. */
export interface ReportPicture {
  readonly title: string;
  readonly caption: string;
  readonly picture: Picture;
}

/**
 * Draws all pictures that the model and the images allow, in rows of what stands
 * side by side.
 *
 * @param latents What is known of the model's latent space.
 */
export async function reportPictures(
  engine: Engine,
  checkpoint: Checkpoint,
  images: ImageSet,
  latents: LatentSpace,
  seed: number,
): Promise<ReportPicture[][]> {
  const { latentDim, autoencoder } = checkpoint.options;
  const order = permutation(images.count, streamKey(seed, "sample"), 0);
  const rows = [
    await digits(engine, checkpoint, images, latents, order, seed),
    await ways(engine, checkpoint, images, latents, order),
  ];
  if (latentDim === 1) return rows;

  const shownClass = oneClass(checkpoint, null);
  const map = await manifoldSheet(engine, latents, SIDE, shownClass);
  const [x, y] = twoDimensions(latents);
  const plane: ReportPicture[] = [{
    title: "Map",
    caption: `${x.name} to the right and ${y.name} upward, over equal shares ` +
      (autoencoder
        ? "of a normal distribution like the codes'"
        : "of the prior") +
      (latentDim > 2 ? "; the other dimensions stay" : "") +
      (shownClass ? `; class ${shownClass.name}.` : "."),
    picture: grid(map.digits, {
      ...headingOf(map.title, checkpoint, map.note),
      columns: SIDE,
      gap: 0,
      rowLabels: map.rowLabels,
      columnLabels: map.columnLabels,
    }),
  }];
  rows.push(plane);
  if (images.labels === null) return rows;

  const some = firstImages(images, order, POINTS);
  const { count } = some;
  const codes = (await engine.encode(some.images, some.labels)).mu;
  const points = Float32Array.from(
    { length: 2 * count },
    (_, at) => codes[(at >> 1) * latentDim + (at % 2 ? y : x).index],
  );
  const name = autoencoder ? "Codes" : "Posterior means μ";
  const title = `${name} of ${count.toLocaleString("en")} images, by class`;
  plane.push({
    title: "Latent space",
    caption:
      `${autoencoder ? "The codes" : "The means μ"} of images, coloured ` +
      "by class, along the two dimensions of the map.",
    picture: scatter(points, some.labels!, {
      ...headingOf(title, checkpoint, map.note),
      xLabel: axisName(x),
      yLabel: axisName(y),
      names: legendNames(checkpoint),
    }),
  });
  return rows;
}

/** What the model makes of images, and what it makes up. */
async function digits(
  engine: Engine,
  checkpoint: Checkpoint,
  images: ImageSet,
  latents: LatentSpace,
  order: Uint32Array,
  seed: number,
): Promise<ReportPicture[]> {
  const originals = firstImages(images, order, PAIRS);
  const { labels } = originals;
  const { mu } = await engine.encode(originals.images, labels);
  const classes = classesOf(checkpoint).slice(0, CLASSES);
  const samples = await sampleSheet(engine, latents, {
    n: classes.length > 1 ? OF_EACH : SAMPLES,
    ...{ seed, classes, classCount: checkpoint.options.classCount },
  });
  return [
    {
      title: "Reconstructions",
      caption:
        "Images, and what the model makes of them when they have passed " +
        "through its latent code, z = μ.",
      picture: pairGrid(originals.images, await engine.decode(mu, labels), {
        ...headingOf(
          "Originals above their reconstructions, z = μ",
          checkpoint,
        ),
        columns: PAIRS / 3,
      }),
    },
    {
      title: "Samples",
      caption: "Images that nobody drew: " +
        (latents.scaleOf === "prior"
          ? "z drawn from the prior N(0, I), decoded."
          : "an autoencoder has no prior, so z is drawn from a normal " +
            "distribution with the mean and σ of its codes.") +
        (classes.length > 1 ? " A row has a class, a column a z." : ""),
      picture: grid(samples.digits, {
        ...headingOf(samples.title, checkpoint),
        columns: samples.columns ?? SAMPLES / 6,
        rowLabels: samples.rowLabels,
      }),
    },
  ];
}

/** What lies between codes, and along dimensions. */
async function ways(
  engine: Engine,
  checkpoint: Checkpoint,
  images: ImageSet,
  latents: LatentSpace,
  order: Uint32Array,
): Promise<ReportPicture[]> {
  const shownClass = oneClass(checkpoint, null);
  const { latentDim } = checkpoint.options;
  const names = await nameDimensions(
    (z) => engine.decode(z, repeated(shownClass, z.length / latentDim)),
    latents.scale,
  );
  const traversal = await traversalSheet(engine, latents, {
    names,
    range: RANGE,
    steps: STEPS + 1,
    most: TRAVERSED,
    shownClass,
  });
  const heading = headingOf(traversal.title, checkpoint, traversal.note);
  const pictures: ReportPicture[] = [{
    title: "Traversals",
    caption:
      `Each row moves one dimension from –${RANGE} to +${RANGE} σ, the ` +
      "others stay; the most active dimension comes first" +
      (shownClass ? `; class ${shownClass.name}. ` : ". ") +
      "Where one is called by what is seen to change, R² is the share of the " +
      "changes that it explains.",
    picture: grid(traversal.digits, {
      ...heading,
      columns: traversal.offsets.length,
      rowLabels: traversal.rowLabels,
      columnLabels: traversal.columnLabels,
    }),
  }];
  const { labels } = images;
  const within = shownClass && labels ? withinClass(order, labels) : order;
  if (within.length < 2) return pictures;
  const pairs = await interpolations(
    engine,
    images,
    within.subarray(
      0,
      2 * Math.max(2, Math.min(TRAVERSED, traversal.rowLabels.length)),
    ),
    { steps: STEPS },
  );
  const nameOf = (i: number) => pictureName(checkpoint, labels![within[i]]);
  const title =
    "Interpolations on the straight line between the codes of two " +
    "images; the originals at both ends";
  pictures.unshift({
    title: "Interpolations",
    caption: "On the straight line between the codes of two images, which " +
      "stand at the ends.",
    picture: grid(
      inRows(pairs),
      {
        ...headingOf(title, checkpoint),
        columns: STEPS + 2,
        rowLabels: labels
          ? pairs.map((_, i) => {
            const [from, to] = [nameOf(2 * i), nameOf(2 * i + 1)];
            return from === to ? from : `${from} to ${to}`;
          })
          : [],
        columnLabels: ["original", ...Array(STEPS).fill(""), "original"],
      },
    ),
  });
  return pictures;
}
