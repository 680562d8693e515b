/**
 * Pictures to follow through the network: those in the page, or where there are
 * none, digits that it draws.
 *
 * @module
 */
import { synthesize } from "../../dataset/synthetic.ts";
import { priorSample } from "../../model/prior.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import type { Explorer } from "./explorer.ts";

const SYNTHETIC = 30;

/** One of the pictures. */
export interface TestPicture {
  /** [784] */
  readonly image: Uint8Array;
  /** Its class, if it has one. */
  readonly label: number | null;
}

/** How many there are. */
export function countPictures({ model: { images } }: Explorer): number {
  return images.length / IMAGE_PIXELS || SYNTHETIC;
}

/** The picture to begin with: the first, of the chosen class if there are such. */
export function firstPicture(explorer: Explorer): number {
  const { model: { classCount, images, labels }, label } = explorer;
  if (classCount === 0 || images.length === 0) return 0;
  const first = labels?.indexOf(label) ?? 0;
  return first < countPictures(explorer) ? Math.max(0, first) : 0;
}

/** Takes one of them. */
export async function pictureAt(
  explorer: Explorer,
  index: number,
): Promise<TestPicture> {
  const { model } = explorer;
  const { images, labels, subject, options, classCount } = model;
  const imageOf = (all: Uint8Array, i: number) =>
    all.slice(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS);
  if (images.length > 0) {
    return { image: imageOf(images, index), label: labels?.[index] ?? null };
  }
  if (subject === "digits") {
    const first = index;
    const { images, labels } = synthesize(1, { seed: 1, first });
    return { image: images, label: labels[0] };
  }
  // What else the network was shown is not known: it draws something itself, the
  // same whatever the reader has chosen.
  const told = classCount > 0 ? index % classCount : 0;
  const z = priorSample(1, options.latentDim, index);
  const pixels = Uint8ClampedArray.from(
    await explorer.decode(z, Uint8Array.of(told)),
    (ink) => 255 * ink,
  );
  return {
    image: new Uint8Array(pixels.buffer),
    label: classCount > 0 ? told : null,
  };
}
