import { FormatError } from "../formats/error.ts";
import type { DataOptions } from "../options/run.ts";

/** A file can be read in several ways, and an option says in which. */
export class ChoiceError extends FormatError {
  /** The name of the option. */
  readonly option: keyof DataOptions;

  /** @param option The name of the option. */
  constructor(message: string, option: keyof DataOptions) {
    super(message);
    this.option = option;
  }
}
