/** The convolutions as plain loops: what the kernels are held against. */
import type { ConvShape } from "../lib/model/spec.ts";

/** Both sides of a convolution and its kernel, laid out as the arenas are. */
export interface Sides {
  /** [images, size, size, channels] of the larger side. */
  large: ArrayLike<number>;
  /** The same of the smaller side. */
  small: ArrayLike<number>;
  /** [3, 3, large channels, small channels]. */
  weight: ArrayLike<number>;
}

/** Calls `visit` for each pair of places that a tap of a kernel connects. */
export function forEachTap(
  { large, small }: ConvShape,
  images: number,
  visit: (largePlace: number, smallPlace: number, tap: number) => void,
): void {
  for (let image = 0; image < images; image++) {
    for (let p = 0; p < small.size ** 2; p++) {
      for (let tap = 0; tap < 9; tap++) {
        const y = 2 * Math.floor(p / small.size) - 1 + Math.floor(tap / 3);
        const x = 2 * (p % small.size) - 1 + tap % 3;
        if (y < 0 || x < 0 || y >= large.size || x >= large.size) continue;
        visit(
          (image * large.size + y) * large.size + x,
          image * small.size ** 2 + p,
          tap,
        );
      }
    }
  }
}

/**
 * Adds to one of the three what the other two make of it: `small` is the
 * convolution, `large` its adjoint, `weight` the gradient of the kernel.
 */
export function convolve<To extends keyof Sides>(
  shape: ConvShape,
  images: number,
  to: To,
  sides: Sides & Record<To, Float64Array>,
): void {
  const { large, small, weight } = sides;
  const out: Float64Array = sides[to];
  const L = shape.large.channels, S = shape.small.channels;
  forEachTap(shape, images, (at, place, tap) => {
    for (let l = 0; l < L; l++) {
      for (let s = 0; s < S; s++) {
        const w = (tap * L + l) * S + s;
        const i = at * L + l, j = place * S + s;
        if (to === "small") out[j] += large[i] * weight[w];
        else if (to === "large") out[i] += small[j] * weight[w];
        else out[w] += large[i] * small[j];
      }
    }
  });
}
