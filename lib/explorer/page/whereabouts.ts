/// <reference lib="dom" />
/**
 * Where the current point is, in words.
 *
 * @module
 */
import type { Explorer } from "./explorer.ts";
import { texts } from "./language.ts";
import { nameOf } from "./names.ts";
import { number } from "./numbers.ts";
import type { Plane } from "./plane.ts";

/** Says where it is on the map, and what class the nearest picture is of. */
export function whereOn(plane: Plane, explorer: Explorer): string {
  const { map } = texts();
  const [right, up] = plane.dimensions.map((d) => ({
    name: nameOf(d),
    at: number(explorer.z[d], 2),
  }));
  return `${map.here(right.name, right.at, up.name, up.at)} ${
    nearestTo(explorer)
  }`.trim();
}

/** Says what class the nearest picture is of, where it has one of its own. */
export function nearestTo(explorer: Explorer): string {
  const { z, model: { mu, labels, classCount, options: { latentDim } } } =
    explorer;
  // A model that is told of classes draws any of them at each point.
  if (!labels || labels.length === 0 || classCount > 0) return "";
  const distances = Array.from(
    labels,
    (_, i) =>
      z.reduce((sum, x, d) => sum + (mu[i * latentDim + d] - x) ** 2, 0),
  );
  const nearest = distances.reduce(
    (best, distance, i) => distance < distances[best] ? i : best,
    0,
  );
  return texts().map.nearest(explorer.nameOf(labels[nearest]));
}
