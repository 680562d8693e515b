/**
 * What latent dimensions are called: as in the pictures, from z1.
 *
 * @module
 */

/** Names a dimension, which is counted from 0: `z1` is the first. */
export function nameOf(dimension: number): string {
  return `z${numberOf(dimension)}`;
}

/** Returns the number in a dimension's name. */
export function numberOf(dimension: number): string {
  return String(dimension + 1);
}
