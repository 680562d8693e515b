/**
 * Writes the records that the kernels read: see `assemblyscript/job.ts`, whose
 * classes have the same fields in the same order.
 *
 * @module
 */
import { At, type Kind } from "./records.ts";

const OPERATION = [
  ...["kind", "units"],
  ...["from", "fromRow", "fromThread", "other", "otherRow", "otherThread"],
  ...["to", "toRow", "toThread", "extra", "extraRow", "extraThread"],
  ...["weight", "bias", "biasShard", "partial", "partialShard"],
  ...["norm", "gamma", "beta", "running", "relu"],
  ...["largeSize", "largeChannels", "smallSize", "smallChannels"],
  ...["rows", "columns", "rowStep", "columnStep", "panelStep"],
];

const JOB = [
  ...["program", "phases", "images", "bytes", "order", "firstRow"],
  ...["key0", "key1", "counter", "latent", "autoencoder", "crossEntropy"],
  ...["klWeight", "capacity", "stepSize", "secondCorrection"],
  ...["scratch", "scratchThread", "profile", "profileThread"],
  ...["firstOperation", "mayWait", "patience", "results"],
];

const JOB_FLOATS = new Set([
  ...["klWeight", "capacity", "stepSize", "secondCorrection"],
]);

/** Fields of a record by name; those that are not given are zero. */
export type Fields = Record<string, number | undefined>;

/** The record of one operation, as 32-bit words. */
export function operationWords(fields: Fields & { kind: Kind }): number[] {
  return OPERATION.map((field) => fields[field] ?? 0);
}

/** Writes the parameters of the next job. */
export function writeJob(memory: WebAssembly.Memory, fields: Fields): void {
  const words = new Int32Array(memory.buffer, At.parameters, JOB.length);
  const floats = new Float32Array(memory.buffer, At.parameters, JOB.length);
  JOB.forEach((field, i) => {
    (JOB_FLOATS.has(field) ? floats : words)[i] = fields[field] ?? 0;
  });
}
