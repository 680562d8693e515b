import { show } from "../text.ts";

/** Bytes that are not what their format wants. The message says why. */
export class FormatError extends Error {
  /** The class's name, which survives minification. */
  override name = "FormatError";
}

/**
 * Returns a name that stands in a file, for a message: as it is where it cannot
 * be mistaken for the message's own words, otherwise in quotes.
 */
export function display(name: string): string {
  return /^[\w./]{1,80}$/.test(name) ? name : show(name);
}
