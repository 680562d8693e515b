/**
 * The latent dimensions of a model: their names, their order and their labels.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { commandOf, TaskError } from "./cli.ts";

/** A latent dimension and what it carries. */
export interface Dimension {
  /** Counted from 0. */
  readonly index: number;
  /** `z1` for index 0. */
  readonly name: string;
  /** Its KL in nats after the last epoch; null if it is not known. */
  readonly kl: number | null;
}

/** Lists the latent dimensions, the most active first where their KL is known. */
export function dimensionsOf({ options, history }: Checkpoint): Dimension[] {
  const known = options.autoencoder ? undefined : history.at(-1);
  return Array.from({ length: options.latentDim }, (_, index) => ({
    index,
    name: `z${index + 1}`,
    kl: known?.klPerDimension[index] ?? null,
  })).sort((a, b) => (b.kl ?? 0) - (a.kl ?? 0));
}

/**
 * Chooses the two dimensions to draw a plane along: the most active ones, or the only.
 *
 * @throws {TaskError} If there is only one dimension.
 */
export function twoDimensions(checkpoint: Checkpoint): [Dimension, Dimension] {
  const { latentDim } = checkpoint.options;
  if (latentDim === 1) {
    throw new TaskError(
      "this model has one latent dimension, and the picture takes two: " +
        `\`${commandOf("traverse")}\` shows what it has learnt`,
    );
  }
  const [x, y] = dimensionsOf(checkpoint);
  // A plane that is all there is has its axes in their own order.
  return latentDim === 2 && x.index === 1 ? [y, x] : [x, y];
}

/**
 * Writes numbers with their signs and as many decimals, two at most, as one of
 * them needs: `–1.5`, `0` and `+1.0`.
 */
export function signed(values: readonly number[]): string[] {
  const decimals = Math.max(
    ...values.map((value) =>
      String(Number(Math.abs(value).toFixed(2))).split(".")[1]?.length ?? 0
    ),
  );
  return values.map((value) => {
    const digits = Math.abs(value).toFixed(decimals);
    return Number(digits) === 0 ? "0" : (value < 0 ? "–" : "+") + digits;
  });
}
