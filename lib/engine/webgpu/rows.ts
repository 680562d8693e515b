/**
 * How many rows a program works on: images, draws of z, or a fixed number.
 *
 * @module
 */

/** A number of rows, which a program and whoever dispatches it agree on. */
export interface Rows {
  /** The number as WGSL. */
  readonly code: string;
  /** The number for a batch of so many images. */
  readonly of: (images: number) => number;
}

/** Takes so many rows for each image of the batch. */
export function perImage(rows: number): Rows {
  return {
    code: rows === 1 ? "job.count" : `(job.count * ${rows}u)`,
    of: (images) => images * rows,
  };
}

/** The images of the batch. */
export const IMAGES: Rows = perImage(1);

/** Takes so many rows, whatever the batch. */
export function fixedRows(rows: number): Rows {
  return { code: `${rows}u`, of: () => rows };
}
