/**
 * How far two sets of features overlap: precision, recall, density and coverage,
 * by balls around each row that reach to its k-th nearest neighbour.
 *
 * @module
 */
import type { Tick } from "../math/estimate.ts";

/** How far samples overlap with what is real. */
export interface Overlap {
  /**
   * Share of samples in the ball of a real row (Kynkäänniemi et al. 2019,
   * https://arxiv.org/abs/1904.06991).
   */
  readonly precision: number;
  /** Share of real rows in the ball of a sample (likewise). */
  readonly recall: number;
  /**
   * Mean over samples of the number of real balls that one is in, divided by k;
   * samples like what is real have about 1 (Naeem et al. 2020,
   * https://arxiv.org/abs/2002.09797).
   */
  readonly density: number;
  /** Share of real balls that have a sample in them (likewise). */
  readonly coverage: number;
}

/** Rows and the balls around them. */
export interface Balls {
  /** [n, columns] */
  readonly rows: Float64Array;
  /** Numbers in a row: a multiple of {@linkcode TERMS}. */
  readonly columns: number;
  /** [n] squared distances to the k-th nearest other row. */
  readonly squaredRadii: Float64Array;
  /** Neighbours that a ball reaches to. */
  readonly k: number;
}

/** Terms of a distance that are summed before it is compared. */
const TERMS = 4;

/** Rows between two ticks. */
const CHUNK = 100;

/**
 * Puts a ball around each row that reaches to its k-th nearest other row.
 *
 * Distances are summed up only as far as they matter, so it is quick where the
 * first columns vary most.
 *
 * @param rows [n, columns], more than k.
 */
export async function ballsOf(
  rows: Float64Array,
  columns: number,
  k: number,
  tick?: Tick,
): Promise<Balls> {
  const width = Math.ceil(columns / TERMS) * TERMS;
  const padded = pad(rows, columns, width);
  const n = rows.length / columns;
  const squaredRadii = new Float64Array(n);
  const nearest = new Float64Array(k);
  for (let row = 0; row < n; row++) {
    nearest.fill(Infinity);
    for (let other = 0; other < n; other++) {
      if (other === row) continue;
      const limit = nearest[k - 1];
      const distance = squaredDistance(
        padded,
        row,
        padded,
        other,
        width,
        limit,
      );
      if (distance < limit) insert(nearest, distance);
    }
    squaredRadii[row] = nearest[k - 1];
    if (row % CHUNK === 0) await tick?.(row / n);
  }
  return { rows: padded, columns: width, squaredRadii, k };
}

/** Compares samples with what is real, both of the same columns. */
export async function overlap(
  real: Balls,
  samples: Balls,
  tick?: Tick,
): Promise<Overlap> {
  const { columns, k } = real;
  const n = real.squaredRadii.length, m = samples.squaredRadii.length;
  const isFound = new Uint8Array(n), isCovered = new Uint8Array(n);
  let precise = 0, pairs = 0;
  for (let sample = 0; sample < m; sample++) {
    const radius = samples.squaredRadii[sample];
    let inside = 0;
    for (let row = 0; row < n; row++) {
      const own = real.squaredRadii[row];
      const limit = Math.max(own, isFound[row] === 0 ? radius : 0);
      const distance = squaredDistance(
        real.rows,
        row,
        samples.rows,
        sample,
        columns,
        limit,
      );
      if (distance > limit) continue;
      if (distance <= radius) isFound[row] = 1;
      if (distance > own) continue;
      isCovered[row] = 1;
      inside++;
    }
    pairs += inside;
    if (inside > 0) precise++;
    if (sample % CHUNK === 0) await tick?.(sample / m);
  }
  return {
    precision: precise / m,
    recall: isFound.reduce((a, b) => a + b, 0) / n,
    density: pairs / m / k,
    coverage: isCovered.reduce((a, b) => a + b, 0) / n,
  };
}

/** Returns a squared distance, or of one above the limit a part of it that is. */
function squaredDistance(
  a: Float64Array,
  rowOfA: number,
  b: Float64Array,
  rowOfB: number,
  width: number,
  limit: number,
): number {
  let sum = 0;
  let from = rowOfA * width, to = rowOfB * width;
  for (const end = from + width; from < end && sum <= limit;) {
    const p = a[from] - b[to];
    const q = a[from + 1] - b[to + 1];
    const r = a[from + 2] - b[to + 2];
    const s = a[from + 3] - b[to + 3];
    sum += p * p + q * q + (r * r + s * s);
    from += TERMS;
    to += TERMS;
  }
  return sum;
}

/** Puts a distance in its place, and the largest out. */
function insert(nearest: Float64Array, distance: number): void {
  let at = nearest.length - 1;
  for (; at > 0 && nearest[at - 1] > distance; at--) {
    nearest[at] = nearest[at - 1];
  }
  nearest[at] = distance;
}

/** Appends zeros to each row. */
function pad(
  rows: Float64Array,
  columns: number,
  width: number,
): Float64Array {
  const padded = new Float64Array(rows.length / columns * width);
  for (let from = 0, to = 0; from < rows.length; from += columns, to += width) {
    padded.set(rows.subarray(from, from + columns), to);
  }
  return padded;
}
