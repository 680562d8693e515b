/**
 * Tells by what becomes of drawn digits what a decoder's outputs are: pixels,
 * their logits, or what a ReLU makes pixels of.
 *
 * @module
 */
import { fitOf } from "./heads.ts";

/** What outputs are, and what most of them lie between. */
export interface OutputKind {
  readonly kind: "pixels" | "logits" | "rectified";
  readonly range: readonly [low: number, high: number];
}

/**
 * Of a regression on pixels the slope is the share that it explains (it regresses
 * to the mean), and so it is, to 0.2, for models that are trained for pixels.
 * Logits go beyond by 0.8 after 16 steps, and by 3.5 after 300.
 */
const EXPLAINED = 0.1, STEEPER = 0.5, AS_STEEP = 0.3;

/** How many times nearer to the pixels outputs are as what they are. */
const NEARER = 2, RECTIFIED = 3;

/**
 * Says what outputs are.
 *
 * @param pixels In [0, 1].
 * @param outputs What became of them.
 * @returns Nothing if they do not show it.
 */
export function outputKind(
  pixels: Float32Array,
  outputs: Float32Array,
): OutputKind | undefined {
  const { slope, explained } = fitOf(pixels, outputs);
  const sorted = outputs.toSorted();
  const [low, high] = [0.01, 0.99].map((share) =>
    sorted[Math.round(share * (sorted.length - 1))]
  );
  const is = (kind: OutputKind["kind"]): OutputKind => ({
    kind,
    range: [low, high],
  });
  const error = (of: (x: number) => number) =>
    outputs.reduce((sum, x, i) => sum + (of(x) - pixels[i]) ** 2, 0);
  const mean = pixels.reduce((a, b) => a + b) / pixels.length;
  const asPixels = error((x) => x);
  const asLogits = error((x) => 1 / (1 + Math.exp(-x)));
  const rectified = error((x) => Math.max(0, x));
  if (
    rectified < Math.min(asPixels / RECTIFIED, asLogits / NEARER) &&
    rectified < pixels.reduce((sum, x) => sum + (x - mean) ** 2, 0)
  ) return is("rectified");
  if (explained < EXPLAINED) return;
  if (slope > explained + STEEPER) return is("logits");
  if (slope < explained + AS_STEEP && asPixels < asLogits / NEARER) {
    return is("pixels");
  }
}
