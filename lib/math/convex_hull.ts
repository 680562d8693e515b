/**
 * Convex hulls of points in the plane.
 *
 * @module
 */

/** A point in the plane. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Returns the corners of the smallest convex polygon around some points, one
 * after the other, those on its sides left out (Andrew 1979, "Another efficient
 * algorithm for convex hulls in two dimensions").
 *
 * @param points At least two, in any order.
 * @returns From the one of least y on, turning from x towards y; of points on a
 * line, its ends.
 */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = points.toSorted((a, b) => a.y - b.y || a.x - b.x);
  const there = chain(sorted);
  const back = chain(sorted.reverse());
  return [...there.slice(0, -1), ...back.slice(0, -1)];
}

/** Keeps the points at which the way turns from x towards y. */
function chain(sorted: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of sorted) {
    while (
      kept.length > 1 &&
      !turns(kept[kept.length - 2], kept[kept.length - 1], point)
    ) kept.pop();
    kept.push(point);
  }
  return kept;
}

function turns(a: Point, b: Point, c: Point): boolean {
  return (b.x - a.x) * (c.y - a.y) > (b.y - a.y) * (c.x - a.x);
}

/** Returns the area of a polygon, and how long its border is. */
export function polygonSize(
  corners: readonly Point[],
): { area: number; perimeter: number } {
  let area = 0;
  let perimeter = 0;
  let last = corners[corners.length - 1];
  for (const corner of corners) {
    area += (last.x * corner.y - corner.x * last.y) / 2;
    perimeter += Math.hypot(corner.x - last.x, corner.y - last.y);
    last = corner;
  }
  return { area: Math.abs(area), perimeter };
}
