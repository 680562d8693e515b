/**
 * Which images of one's own are held out, and in which order all come: always
 * the same, whatever the seed of a run, so that runs with different seeds are
 * trained and tested on the same images.
 *
 * @module
 */
import { OptionError } from "../options/table.ts";
import { permutation, streamKey } from "../rng.ts";
import { counted } from "../text.ts";
import type { Split } from "./split.ts";

/** Of each split, the second counter word of its shuffle. */
const SHUFFLES: Readonly<Record<Split, number>> = {
  train: 0,
  validation: 1,
  test: 2,
};

/** Returns the order that a split's images come in. */
export function shuffled(count: number, split: Split): Uint32Array {
  return permutation(count, streamKey(0, "split"), SHUFFLES[split]);
}

/**
 * Returns how many of the training images are held out to test with.
 *
 * @param asked A tenth of them where nobody says.
 * @throws {OptionError} If that is all of them, or more.
 */
export function testCount(
  name: string,
  count: number,
  asked: number | null,
): number {
  if (asked !== null && asked >= count) {
    throw new OptionError(
      `${name} has only ${counted(count, "image")}: ${asked} cannot be ` +
        "held out to test with",
    );
  }
  const usual = count < 3 ? 0 : Math.max(1, Math.floor(count / 10));
  return asked ?? usual;
}

/** Says that test images were held out. */
export function heldOutNote(
  name: string,
  count: number,
  trained: number,
): string {
  return `held out to test with: ${count} of the ${trained} images of ${name}, ` +
    "drawn at random";
}

/** Calls an image by where it was. */
export function rowName(index: number): string {
  return `row ${index}`;
}
