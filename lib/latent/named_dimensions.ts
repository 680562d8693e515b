/**
 * Names latent dimensions by what an eye sees change along them.
 *
 * @module
 */
import { concatenate } from "../math/concatenate.ts";
import { columnMoments, type Tick } from "../math/estimate.ts";
import {
  SHAPE_FACTORS,
  type ShapeFactor,
  shapeFactors,
} from "../metrics/shape_factors.ts";
import { priorSample } from "../model/prior.ts";
import { fromUnits, type LatentScale } from "./scale.ts";
import { spread, traversal } from "./traversal.ts";

/** What changes along a latent dimension. */
export interface DimensionName {
  readonly factor: ShapeFactor;
  /** The share of the factor's changes that the dimension explains, ½ to 1. */
  readonly r2: number;
  /** By how much it grows from the low end to the high one, in its unit. */
  readonly change: number;
}

/** Where traversals begin, and how far they go. */
export interface NamingOptions {
  /** [n, latentDim] codes to begin with; 32 of the prior unless given. */
  readonly bases?: Float32Array;
  /** How far to either side, in standard deviations; 2 unless given. */
  readonly range?: number;
  /**
   * Images in a traversal, 3 unless given: bases differ more than the ways from
   * them bend, so that images are better spent on bases.
   */
  readonly steps?: number;
  /** Called after each dimension, and awaited. */
  readonly tick?: Tick;
}

/** Codes to begin with, where nobody chooses. */
const BASES = 32;

/** A factor goes with a dimension if more than half of its changes do. */
const LEAST_R2 = 0.5;

/**
 * A factor that is seen to change does so by this many of its standard
 * deviations. From –2 to 2 σ it changes by 4 if one dimension has it to itself,
 * and by 4/√12 ≈ 1.2 if twelve have even shares.
 */
const LEAST_CHANGE = 1.5;

/**
 * No eye sees less, even where nothing changes more, as in a model that was not
 * trained: a pixel, or what moves the ends of a digit of 20 pixels by one.
 */
const LEAST_SEEN: Readonly<Record<ShapeFactor, number>> = {
  "slant": 0.1,
  "stroke width": 0.25,
  "height": 1,
  "width": 1,
  "roundness": 0.1,
  "loops": 0.25,
};

/**
 * Names each latent dimension by what is seen to change along it, where that is
 * one of the {@linkcode SHAPE_FACTORS}.
 *
 * A dimension j is set to some values v in each of several codes b, which stay
 * as they are otherwise, and the factors are measured on what is decoded. Fitted
 * with an intercept for each code and one slope for all of them, f_bv = a_b +
 * c·v + e_bv, a factor has R² = 1 − Σ e_bv² / Σ (f_bv − f̄_b)²: the share of its
 * variance *within* the traversals that the dimension explains. That is 1 where
 * the dimension does the same to every shape, and low where some lean to the
 * left and others to the right.
 *
 * A straight line may be too flat to be seen, so a factor counts only if R² ≥ ½
 * and its change along the line, from one end to the other, is one that an eye
 * sees, and at least 1.5 standard deviations of what all traversals show. Of
 * several the one with the largest product of both gives the name.
 *
 * A name says what is seen, not that nothing else changes: of directions drawn at
 * random in the latent space of 12 dimensions, four in ten have one as well, as
 * each is likely to have a part of the slant, or of the width.
 *
 * @param decode Latents [n, latentDim] to images [n, 784]. It is called once for
 * each dimension, with n = codes · steps, those of the first code first.
 * @param scale The latent space's.
 * @param options Where traversals begin, and how far they go.
 * @returns [latentDim]; null for what has no name.
 */
export async function nameDimensions(
  decode: (z: Float32Array) => Promise<Float32Array>,
  scale: LatentScale,
  options: NamingOptions = {},
): Promise<(DimensionName | null)[]> {
  const { range = 2, steps = 3, tick } = options;
  const d = scale.mean.length;
  const bases = options.bases ?? fromUnits(priorSample(BASES, d, 0), scale);
  const values = spread(range, steps);
  const measured: Float32Array[] = [];
  for (let j = 0; j < d; j++) {
    const offsets = values.map((value) => scale.deviation[j] * value);
    const rows = Array.from({ length: bases.length / d }, (_, b) => {
      const center = bases.slice(b * d, (b + 1) * d);
      center[j] = scale.mean[j];
      return traversal(center, [j], offsets);
    });
    measured.push(shapeFactors(await decode(concatenate(rows))));
    await tick?.((j + 1) / d);
  }
  const { variance } = columnMoments(
    concatenate(measured),
    SHAPE_FACTORS.length,
  );
  return measured.map((factors) => {
    let best: DimensionName | null = null;
    let most = 0;
    SHAPE_FACTORS.forEach((factor, column) => {
      const { r2, change } = fitLine(factors, column, values);
      const least = LEAST_CHANGE * Math.sqrt(variance[column]);
      const seen = Math.abs(change) / Math.max(least, LEAST_SEEN[factor]);
      if (r2 < LEAST_R2 || seen < 1 || r2 * seen <= most) return;
      best = { factor, r2, change };
      most = r2 * seen;
    });
    return best;
  });
}

/** Writes a name and how good it is: `slant, R² 0.83`. */
export function nameText({ factor, r2 }: DimensionName): string {
  return `${factor}, R² ${r2.toFixed(2)}`;
}

/** Fits a factor along the values, with an intercept for each traversal. */
function fitLine(
  factors: Float32Array,
  column: number,
  values: readonly number[],
): { r2: number; change: number } {
  let within = 0;
  let along = 0;
  let square = 0;
  const columns = SHAPE_FACTORS.length;
  const steps = values.length;
  for (let at = column; at < factors.length; at += steps * columns) {
    const row = values.map((_, step) => factors[at + step * columns]);
    const mean = row.reduce((a, b) => a + b) / steps;
    values.forEach((value, step) => {
      within += (row[step] - mean) ** 2;
      along += (row[step] - mean) * value;
      square += value * value;
    });
  }
  return {
    r2: within > 0 ? along * along / square / within : 0,
    change: along / square * (values[steps - 1] - values[0]),
  };
}
