/**
 * Classifies by nearest neighbours.
 *
 * @module
 */
import { columnMoments, type Tick } from "../math/estimate.ts";

/** Codes of images and the classes of these. */
export interface LabeledCodes {
  /** [n, latentDim]. */
  readonly codes: Float32Array;
  /** [n] classes. */
  readonly labels: Uint8Array;
}

/** Codes classified between two ticks. */
const CHUNK = 100;

/**
 * Gives each code the class of most of the k nearest training codes (Cover &
 * Hart 1967), in Euclidean distance. Of classes with equally many, the one with
 * the nearest code; of codes equally near, the first.
 *
 * Every distance is computed, as far as it can matter: the dimensions come in
 * order of their variance, and a sum stops as soon as it is too large.
 *
 * @param train What is known.
 * @param codes What to classify, [n, latentDim].
 * @param latentDim Number of latent dimensions.
 * @param k Number of neighbours.
 * @returns [n] classes.
 */
export async function classifyByNeighbors(
  train: LabeledCodes,
  codes: Float32Array,
  latentDim: number,
  k: number,
  tick?: Tick,
): Promise<Uint8Array> {
  const { variance } = columnMoments(train.codes, latentDim);
  const order = [...variance.keys()].sort((a, b) => variance[b] - variance[a]);
  const width = Math.ceil(latentDim / 4) * 4;
  const known = rearrange(train.codes, order, width);
  const asked = rearrange(codes, order, width);
  const n = codes.length / latentDim;
  const classes = new Uint8Array(n);
  const nearest = new Neighbors(Math.min(k, train.labels.length));
  for (let i = 0; i < n; i++) {
    nearest.clear();
    search(known, asked.subarray(i * width, (i + 1) * width), nearest);
    classes[i] = vote(nearest, train.labels);
    if (i % CHUNK === 0) await tick?.(i / n);
  }
  return classes;
}

/** Puts the columns in the given order and appends zeros up to `width`. */
function rearrange(
  codes: Float32Array,
  order: readonly number[],
  width: number,
): Float64Array {
  const n = codes.length / order.length;
  const result = new Float64Array(n * width);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < order.length; j++) {
      result[i * width + j] = codes[i * order.length + order[j]];
    }
  }
  return result;
}

/** The nearest rows so far, nearest first. */
class Neighbors {
  readonly rows: Int32Array;
  readonly #distances: Float64Array;

  constructor(k: number) {
    this.rows = new Int32Array(k);
    this.#distances = new Float64Array(k);
  }

  clear(): void {
    this.#distances.fill(Infinity);
  }

  /** Puts a row in its place; returns the distance that is now too large. */
  insert(row: number, distance: number): number {
    const distances = this.#distances;
    let at = distances.length - 1;
    for (; at > 0 && distances[at - 1] > distance; at--) {
      distances[at] = distances[at - 1];
      this.rows[at] = this.rows[at - 1];
    }
    distances[at] = distance;
    this.rows[at] = row;
    return distances[distances.length - 1];
  }
}

/** Finds the rows of `known` that are nearest to `code`, four terms a time. */
function search(
  known: Float64Array,
  code: Float64Array,
  nearest: Neighbors,
): void {
  const width = code.length;
  let limit = Infinity;
  for (let row = 0, at = 0; at < known.length; row++, at += width) {
    let distance = 0;
    for (let j = 0; j < width && distance < limit; j += 4) {
      const a = known[at + j] - code[j];
      const b = known[at + j + 1] - code[j + 1];
      const c = known[at + j + 2] - code[j + 2];
      const d = known[at + j + 3] - code[j + 3];
      distance += a * a + b * b + (c * c + d * d);
    }
    if (distance < limit) limit = nearest.insert(row, distance);
  }
}

function vote({ rows }: Neighbors, labels: Uint8Array): number {
  const votes = new Uint32Array(256);
  for (const row of rows) votes[labels[row]]++;
  const most = Math.max(...votes);
  return labels[rows.find((row) => votes[labels[row]] === most)!];
}
