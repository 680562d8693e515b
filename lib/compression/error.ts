/**
 * Images that cannot be compressed, or a file that cannot be decompressed.
 *
 * @example
 * ```ts
 * import { CompressionError, ImageCodec, syntheticDataset } from "@vae/mnist";
 * import { train } from "@vae/mnist";
 * import { assertRejects } from "@std/assert";
 *
 * const dataset = await syntheticDataset({ limit: 64 });
 * for await (const event of train({ dataset, epochs: 1, latentDim: 2 })) {
 *   if (event.type !== "end") continue;
 *   const checkpoint = await event.checkpoint();
 *   await assertRejects(() => ImageCodec.open(checkpoint), CompressionError);
 * }
 * ```
 */
export class CompressionError extends Error {
  /** The class's name, which survives minification. */
  override name = "CompressionError";
}
