/**
 * Moves labels apart that would hide one another.
 *
 * @module
 */
import type { Point } from "./picture.ts";

/** What labels keep within. */
interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const ROUNDS = 400;

/**
 * Moves places apart, each as little as its neighbours allow: pairs that are too
 * close push each other away, until none is or the room is used up.
 *
 * @param homes Where the labels belong.
 * @param distance From each label to the next, at least.
 * @param bounds What no place is outside of.
 * @returns The places, in the same order; a home that has room stays.
 */
export function placeApart(
  homes: readonly Point[],
  distance: number,
  { left, right, top, bottom }: Bounds,
): Point[] {
  const clamp = (value: number, low: number, high: number) =>
    Math.min(high, Math.max(low, value));
  const inside = ([x, y]: Point): Point => [
    clamp(x, left, right),
    clamp(y, top, bottom),
  ];
  const places = homes.map(inside);
  for (let round = 0; round < ROUNDS; round++) {
    let isDone = true;
    for (let i = 0; i < places.length; i++) {
      for (let j = 0; j < i; j++) {
        let dx = places[i][0] - places[j][0], dy = places[i][1] - places[j][1];
        let length = Math.hypot(dx, dy);
        if (length >= distance) continue;
        isDone = false;
        // A little more than half, so that the last bit is not what is missing.
        const push = (distance - length) / 2 + 0.01;
        if (length < 1e-6) {
          // In one place: apart in a direction that is the pair's own.
          const angle = 2.4 * i + j;
          [dx, dy, length] = [Math.cos(angle), Math.sin(angle), 1];
        }
        const [px, py] = [push * dx / length, push * dy / length];
        places[i] = inside([places[i][0] + px, places[i][1] + py]);
        places[j] = inside([places[j][0] - px, places[j][1] - py]);
      }
    }
    if (isDone) break;
  }
  return places;
}
