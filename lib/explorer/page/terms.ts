/// <reference lib="dom" />
/**
 * What one picture costs: the two parts of the loss, and their sum.
 *
 * @module
 */
import { objective } from "../../model/losses.ts";
import { byId } from "./dom.ts";
import { write } from "./language.ts";
import type { Model } from "./model.ts";
import { number } from "./numbers.ts";

/** The parts of the loss of one picture and one draw. */
export interface Terms {
  /** As the model's likelihood has it: squares, or nats. */
  readonly reconstruction: number;
  /** In nats. */
  readonly kl: number;
  /** With β; null where that is not known, or there is no KL to pay for. */
  readonly total: number | null;
}

/** Adds them up. */
export function termsOf(
  reconstruction: number,
  klPerDimension: Float64Array,
  { beta = null, options: { autoencoder } }: Pick<Model, "beta" | "options">,
): Terms {
  const sums = { images: 1, reconstruction, klPerDimension };
  return {
    reconstruction,
    kl: klPerDimension.reduce((a, b) => a + b, 0),
    total: beta === null || autoencoder
      ? null
      : objective(sums, { beta, capacity: 0 }, { autoencoder, freeBits: 0 }),
  };
}

/**
 * Says them, and stacks them up.
 *
 * @param most The loss that fills the stack.
 */
export function showTerms(
  { reconstruction, kl, total }: Terms,
  { beta, options: { likelihood, autoencoder } }: Model,
  most: number,
): void {
  const price = total === null ? kl : total - reconstruction;
  write(byId("from-error"), () => number(reconstruction, 2));
  write(byId("from-error-is"), ({ strip }) => strip[likelihood]);
  write(byId("from-kl"), () => number(price, 2));
  write(
    byId("from-kl-name"),
    ({ strip }) =>
      total === null || beta === 1
        ? strip.kl
        : strip.price(number(beta!), number(kl, 2)),
  );
  write(byId("from-kl-is"), ({ strip }) => strip.klIs);
  write(
    byId("from-total"),
    () => total === null ? "" : number(total, 2),
  );
  const parts = [reconstruction, autoencoder ? 0 : price];
  byId("from-stack").querySelectorAll("i").forEach((bar, i) => {
    bar.style.width = `${100 * parts[i] / most}%`;
  });
}
