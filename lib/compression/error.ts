/** Images that cannot be compressed, or a file that cannot be decompressed. */
export class CompressionError extends Error {
  /** The class's name, which survives minification. */
  override name = "CompressionError";
}
