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
import {
  latentMap,
  priorQuantiles,
  spread,
  traversal,
} from "../../lib/latent/traversal.ts";
import { priorSample } from "../../lib/model/prior.ts";
import { permutation, streamKey } from "../../lib/rng.ts";
import { interpolations } from "./comparison.ts";
import { dimensionsOf, signed, twoDimensions } from "./dimensions.ts";
import { concatenate, firstImages } from "./data.ts";

const PAIRS = 12;
const SAMPLES = 64;
const INTERPOLATIONS = 8;
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

/** Draws all pictures that the model and the images allow. */
export async function reportPictures(
  engine: Engine,
  checkpoint: Checkpoint,
  images: ImageSet,
  seed: number,
): Promise<ReportPicture[]> {
  const { latentDim, autoencoder } = checkpoint.options;
  const order = permutation(images.count, streamKey(seed, "sample"), 0);
  const originals = firstImages(images, order, PAIRS);
  const { mu } = await engine.encode(originals);
  const pictures: ReportPicture[] = [
    {
      title: "Reconstructions",
      caption:
        "Images, and what the model makes of them when they have passed " +
        "through its latent code, z = μ.",
      picture: pairGrid(originals, await engine.decode(mu), { columns: 6 }),
    },
    {
      title: "Samples",
      caption: "Digits that nobody wrote: z drawn from the prior N(0, I)" +
        (autoencoder
          ? ", which an autoencoder has never been fitted to."
          : ", decoded."),
      picture: grid(
        await engine.decode(priorSample(SAMPLES, latentDim, seed)),
      ),
    },
  ];

  if (images.count > 1) {
    const rows = await interpolations(
      engine,
      images,
      order,
      INTERPOLATIONS,
      STEPS,
      latentDim,
    );
    pictures.push({
      title: "Interpolations",
      caption: "On the straight line between the codes of two images, which " +
        "stand at the ends.",
      picture: grid(
        concatenate(
          rows.flatMap(({ from, decoded, to }) => [from, decoded, to]),
        ),
        { columns: STEPS + 2 },
      ),
    });
  }

  const dimensions = dimensionsOf(checkpoint).slice(0, TRAVERSED);
  const offsets = spread(RANGE, STEPS + 1);
  pictures.push({
    title: "Traversals",
    caption: `Each row moves one dimension from –${RANGE} to +${RANGE}, the ` +
      "others at 0; the most active dimension comes first.",
    picture: grid(
      await engine.decode(traversal(
        new Float32Array(latentDim),
        dimensions.map(({ index }) => index),
        offsets,
      )),
      {
        columns: offsets.length,
        rowLabels: dimensions.map(({ name }) => name),
        columnLabels: signed(offsets),
      },
    ),
  });
  if (latentDim === 1) return pictures;

  const [x, y] = twoDimensions(checkpoint);
  pictures.push({
    title: "Map",
    caption: `${x.name} to the right and ${y.name} upward, over equal shares ` +
      "of the prior" + (latentDim > 2 ? "; the other dimensions at 0." : "."),
    picture: grid(
      await engine.decode(
        latentMap(latentDim, [x.index, y.index], priorQuantiles(SIDE)),
      ),
      { columns: SIDE, gap: 0 },
    ),
  });
  if (images.labels === null) return pictures;

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
  pictures.push({
    title: "Latent space",
    caption: "The means μ of images, coloured by class, along the two " +
      "dimensions of the map.",
    picture: scatter(points, classes, {
      title: `Posterior means of ${count} images`,
      xLabel: `μ of ${x.name}`,
      yLabel: `μ of ${y.name}`,
    }),
  });
  return pictures;
}
