import { show } from "../text.ts";

/** Weights that cannot be imported. The message says why, and what to do. */
export class ImportError extends Error {
  /** Tells it from other errors. */
  override name = "ImportError";
}

/** A name from a file, in quotes where it could be mistaken. */
export function display(name: string): string {
  return /^[\w./]{1,80}$/.test(name) ? name : show(name);
}
