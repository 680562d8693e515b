/**
 * A model that cannot be imported: its file can be read, but holds another
 * model or something else. The message says why, and what to do.
 */
export class ImportError extends Error {
  /** The class's name, which survives minification. */
  override name = "ImportError";
}
