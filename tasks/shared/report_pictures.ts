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
import { interpolations } from "./comparison.ts";
import { concatenate, firstImages } from "./data.ts";
import { axisName, type LatentSpace, twoDimensions } from "./dimensions.ts";
import { drawManifold, drawSamples, drawTraversal } from "./drawings.ts";
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

  const map = await drawManifold(engine, latents, SIDE);
  const [x, y] = twoDimensions(latents);
  const plane: ReportPicture[] = [{
    title: "Map",
    caption: `${x.name} to the right and ${y.name} upward, over equal shares ` +
      (autoencoder
        ? "of a normal distribution like the codes'"
        : "of the prior") +
      (latentDim > 2 ? "; the other dimensions stay." : "."),
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

  const codes = (await engine.encode(firstImages(images, order, POINTS))).mu;
  const count = codes.length / latentDim;
  const points = Float32Array.from(
    { length: 2 * count },
    (_, at) => codes[(at >> 1) * latentDim + (at % 2 ? y : x).index],
  );
  const classes = Uint8Array.from(
    order.subarray(0, count),
    (i) => images.labels![i],
  );
  const name = autoencoder ? "Codes" : "Posterior means μ";
  const title = `${name} of ${count.toLocaleString("en")} images, by class`;
  plane.push({
    title: "Latent space",
    caption:
      `${autoencoder ? "The codes" : "The means μ"} of images, coloured ` +
      "by class, along the two dimensions of the map.",
    picture: scatter(points, classes, {
      ...headingOf(title, checkpoint, map.note),
      xLabel: axisName(x),
      yLabel: axisName(y),
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
  const { mu } = await engine.encode(originals);
  const samples = await drawSamples(engine, latents, { n: SAMPLES, seed });
  return [
    {
      title: "Reconstructions",
      caption:
        "Images, and what the model makes of them when they have passed " +
        "through its latent code, z = μ.",
      picture: pairGrid(originals, await engine.decode(mu), {
        ...headingOf(
          "Originals above their reconstructions, z = μ",
          checkpoint,
        ),
        columns: PAIRS / 3,
      }),
    },
    {
      title: "Samples",
      caption: "Digits that nobody wrote: " +
        (latents.scaleOf === "prior"
          ? "z drawn from the prior N(0, I), decoded."
          : "an autoencoder has no prior, so z is drawn from a normal " +
            "distribution with the mean and σ of its codes."),
      picture: grid(samples.digits, {
        ...headingOf(samples.title, checkpoint),
        columns: SAMPLES / 6,
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
  const traversal = await drawTraversal(engine, latents, {
    range: RANGE,
    steps: STEPS + 1,
    most: TRAVERSED,
  });
  const heading = headingOf(traversal.title, checkpoint, traversal.note);
  const pictures: ReportPicture[] = [{
    title: "Traversals",
    caption:
      `Each row moves one dimension from –${RANGE} to +${RANGE} σ, the ` +
      "others stay; the most active dimension comes first.",
    picture: grid(traversal.digits, {
      ...heading,
      columns: traversal.offsets.length,
      rowLabels: traversal.rowLabels,
      columnLabels: traversal.columnLabels,
    }),
  }];
  if (images.count < 2) return pictures;
  const { labels } = images;
  const pairs = await interpolations(
    engine,
    images,
    order,
    Math.max(2, Math.min(TRAVERSED, traversal.rowLabels.length)),
    STEPS,
    checkpoint.options.latentDim,
  );
  const nameOf = (i: number) =>
    labels ? `${labels[order[2 * i]]} to ${labels[order[2 * i + 1]]}` : "";
  const title =
    "Interpolations on the straight line between the codes of two " +
    "images; the originals at both ends";
  pictures.unshift({
    title: "Interpolations",
    caption: "On the straight line between the codes of two images, which " +
      "stand at the ends.",
    picture: grid(
      concatenate(
        pairs.flatMap(({ from, decoded, to }) => [from, decoded, to]),
      ),
      {
        ...headingOf(title, checkpoint),
        columns: STEPS + 2,
        rowLabels: labels ? pairs.map((_, i) => nameOf(i)) : [],
        columnLabels: ["original", ...Array(STEPS).fill(""), "original"],
      },
    ),
  });
  return pictures;
}
