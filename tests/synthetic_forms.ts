/** The true factors of synthetic digits. */
import {
  FORM_NUMBERS,
  formOf,
  type SyntheticForm,
} from "../lib/dataset/synthetic.ts";
import { fillUniform, streamKey } from "../lib/rng.ts";

/** Returns the forms of the first digits of a seed. */
export function formsOf(count: number, seed: number): SyntheticForm[] {
  return Array.from({ length: count }, (_, i) => {
    const uniform = new Float32Array(FORM_NUMBERS);
    return formOf(fillUniform(uniform, streamKey(seed, "synthetic"), i));
  });
}

/** Returns how a digit leans that is slanted first, then turned. */
export function slantOf({ slant, angle }: SyntheticForm): number {
  return Math.tan(Math.atan(slant) + angle);
}

/** Returns Pearson's correlation. */
export function correlation(a: number[], b: number[]): number {
  const mean = (x: number[]) =>
    x.reduce((sum, value) => sum + value) / x.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: number[], y: number[], [mx, my]: number[]) =>
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0);
  return product(a, b, [meanA, meanB]) /
    Math.sqrt(product(a, a, [meanA, meanA]) * product(b, b, [meanB, meanB]));
}
