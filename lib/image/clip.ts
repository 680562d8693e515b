/**
 * Cuts lines off at the ends of an axis.
 *
 * @module
 */
import type { Point } from "./picture.ts";

/**
 * Cuts off what a line has outside a range of values.
 *
 * @returns The pieces that are left.
 */
export function clipLine(
  points: readonly Point[],
  range: readonly [number, number],
): Point[][] {
  const pieces: Point[][] = [[]];
  for (const point of withCrossings(points, range)) {
    if (point[1] >= range[0] && point[1] <= range[1]) {
      pieces.at(-1)!.push(point);
    } else if (pieces.at(-1)!.length > 0) pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 0);
}

/** Lets a line run along the ends of a range where it would be outside. */
export function clampLine(
  points: readonly Point[],
  range: readonly [number, number],
): Point[] {
  return withCrossings(points, range).map(([x, y]) => [
    x,
    Math.min(range[1], Math.max(range[0], y)),
  ]);
}

/** Adds to a line the points at which it crosses the ends of a range. */
function withCrossings(
  points: readonly Point[],
  range: readonly [number, number],
): Point[] {
  return points.flatMap(([x1, y1], i): Point[] => {
    if (i === 0) return [[x1, y1]];
    const [x0, y0] = points[i - 1];
    const crossings = range
      .filter((bound) => (y0 - bound) * (y1 - bound) < 0)
      .map((bound): Point => [
        x0 + (x1 - x0) * (bound - y0) / (y1 - y0),
        bound,
      ])
      .sort(([a], [b]) => a - b);
    return [...crossings, [x1, y1]];
  });
}
