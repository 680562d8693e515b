/**
 * The Fréchet distance of Gaussians, which the features of two sets of images
 * are taken for.
 *
 * @module
 */
// By its address: what `deno.json` imports, every command downloads.
// deno-lint-ignore no-import-prefix
import { EigenvalueDecomposition, Matrix } from "npm:ml-matrix@6.15.1";

/** Mean and covariance of some rows. */
export interface Gaussian {
  /** [columns] */
  readonly mean: Float64Array;
  /** [columns, columns], over n − 1. */
  readonly covariance: Matrix;
}

/**
 * Fits a Gaussian to rows.
 *
 * @param rows [n, columns], at least two.
 */
export function fitGaussian(rows: Float32Array, columns: number): Gaussian {
  const n = rows.length / columns;
  const mean = new Float64Array(columns);
  rows.forEach((value, at) => mean[at % columns] += value / n);
  const products = new Float64Array(columns * columns);
  const centered = new Float64Array(columns);
  for (let at = 0; at < rows.length; at += columns) {
    for (let i = 0; i < columns; i++) {
      centered[i] = rows[at + i] - mean[i];
      for (let j = 0; j <= i; j++) {
        products[i * columns + j] += centered[i] * centered[j];
      }
    }
  }
  const covariance = Matrix.zeros(columns, columns);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) {
      const value = products[i * columns + j] / (n - 1);
      covariance.set(i, j, value);
      covariance.set(j, i, value);
    }
  }
  return { mean, covariance };
}

/**
 * Returns |m − m′|² + tr(Σ + Σ′ − 2(ΣΣ′)^½), the squared Fréchet distance, which
 * is what papers give (Heusel et al. 2017, equation 6,
 * https://arxiv.org/abs/1706.08500). ΣΣ′ has the eigenvalues of the symmetric
 * Σ^½Σ′Σ^½, so no root of an unsymmetric matrix is needed.
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const root = squareRoot(a.covariance);
  const product = root.mmul(b.covariance).mmul(root);
  const { realEigenvalues } = decompose(product);
  let distance = a.covariance.trace() + b.covariance.trace();
  for (const value of realEigenvalues) distance -= 2 * positiveRoot(value);
  a.mean.forEach((value, i) => distance += (value - b.mean[i]) ** 2);
  return Math.max(0, distance); // of equal Gaussians, rounding is left
}

/**
 * Returns the eigenvectors of a covariance in columns, that of the largest
 * variance first.
 */
export function principalAxes({ covariance }: Gaussian): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = decompose(covariance);
  const order = [...realEigenvalues.keys()]
    .sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  return eigenvectorMatrix.subMatrixColumn(order);
}

/** Returns the symmetric root of a matrix without negative eigenvalues. */
function squareRoot(matrix: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = decompose(matrix);
  const roots = Matrix.diag(realEigenvalues.map(positiveRoot));
  return eigenvectorMatrix.mmul(roots).mmul(eigenvectorMatrix.transpose());
}

function decompose(matrix: Matrix): EigenvalueDecomposition {
  return new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
}

/** Returns the root of an eigenvalue that rounding may have made negative. */
function positiveRoot(value: number): number {
  return Math.sqrt(Math.max(0, value));
}
