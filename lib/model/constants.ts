/**
 * The numbers of batch normalisation and Adam, with PyTorch's defaults. Both
 * TypeScript and the kernels' AssemblyScript read this file.
 *
 * @module
 */

/** Added to the variance that normalises. */
export const NORM_EPS = 1e-5;

/** Weight of a batch in the running statistics. */
export const NORM_MOMENTUM = 0.1;

/** Added to the root of Adam's second moment. */
export const ADAM_EPS = 1e-8;
