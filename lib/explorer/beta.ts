/**
 * The β of a model's loss.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";

/**
 * Returns the β that counted when a run came to where it is; null if its loss is not
 * the reconstruction and β times the KL.
 */
export function betaOf(
  { options, history, partial }: Pick<
    Checkpoint,
    "options" | "history" | "partial"
  >,
): number | null {
  const { autoencoder, objective, freeBits, capacity, beta, betaSchedule } =
    options;
  if (autoencoder || objective !== "elbo" || freeBits > 0 || capacity > 0) {
    return null;
  }
  // Of a schedule, and of a loop of one's own, the last record tells. What a page
  // saved in the middle of an epoch is newer than that.
  const isNewer = partial !== null && betaSchedule === "constant";
  const reached = isNewer ? beta : history.at(-1)?.beta ?? beta;
  return Number(reached.toPrecision(3));
}
