/**
 * What an option is, and how its value is checked.
 *
 * @module
 */
import { oneLine, show } from "../text.ts";

/** A whole or real number in a closed range. `null` means "not set". */
export interface NumberOption {
  /** Whole numbers only, or any. */
  readonly type: "integer" | "number";
  /** The value if nobody chooses another. */
  readonly default: number | null;
  /** The smallest value it takes. */
  readonly min: number;
  /** The largest value it takes. */
  readonly max: number;
  /** What is counted: its plural. */
  readonly unit?: string;
  /** What it does, in a few words. */
  readonly help: string;
}

/** One of a few words. */
export interface ChoiceOption {
  /** Marks a choice. */
  readonly type: "choice";
  /** The word if nobody chooses another. */
  readonly default: string;
  /** The words it takes. */
  readonly choices: readonly string[];
  /** What it does, in a few words. */
  readonly help: string;
}

/** Several whole or real numbers, each in a closed range. */
export interface ListOption {
  /** Whole numbers only, or any. */
  readonly type: "integers" | "numbers";
  /** The values if nobody chooses others. */
  readonly default: readonly number[];
  /** The smallest value it takes. */
  readonly min: number;
  /** The largest value it takes. */
  readonly max: number;
  /** What it does, in a few words. */
  readonly help: string;
}

/** On or off. */
export interface BooleanOption {
  /** Marks a switch. */
  readonly type: "boolean";
  /** Whether it is on if nobody chooses. */
  readonly default: boolean;
  /** What it does, in a few words. */
  readonly help: string;
}

/** A path or URL. `null` means "not set". */
export interface TextOption {
  /** Marks a text. */
  readonly type: "text";
  /** The text if nobody chooses another. */
  readonly default: string | null;
  /** What a help text shows in place of a value. */
  readonly metavar: string;
  /**
   * On a command line it is a word of its own, without a flag; one option of a
   * table at most. One that is required has a value wherever values are read.
   */
  readonly positional?: "required" | "optional";
  /** What it does, in a few words. */
  readonly help: string;
}

/** An entry of a table. */
export type Option =
  | NumberOption
  | ListOption
  | ChoiceOption
  | BooleanOption
  | TextOption;

/** Options by their name in code; the flag is the same in kebab-case. */
export type OptionTable = Readonly<Record<string, Option>>;

/** The values that a table describes. */
export type OptionValues<T extends OptionTable> = {
  -readonly [K in keyof T]: T[K] extends ChoiceOption ? T[K]["choices"][number]
    : T[K] extends BooleanOption ? boolean
    : T[K] extends ListOption ? readonly number[]
    :
      | (T[K] extends NumberOption ? number : string)
      | (T[K] extends { readonly positional: "required" } ? never
        : T[K]["default"] extends null ? null
        : never);
};

/**
 * A value that an option does not take. The message is for a person.
 *
 * @example
 * ```ts
 * import { OptionError, syntheticDataset } from "@vae/mnist/core";
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(
 *   () => syntheticDataset({ limit: 0 }),
 *   OptionError,
 *   "limit takes a whole number from 1 to 1000000, not 0",
 * );
 * ```
 */
export class OptionError extends Error {
  /** The class's name, which survives minification. */
  override name = "OptionError";
}

/** The values of a table before anybody chose otherwise. */
export function defaults<T extends OptionTable>(table: T): OptionValues<T> {
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [name, option.default]),
  ) as OptionValues<T>;
}

/**
 * Checks the value of one option, as text from a command line or as a value
 * from code.
 *
 * @param label What to call the option in an error.
 * @returns The value in the option's own type.
 * @throws {OptionError} If the option does not take the value.
 */
export function parseOption(
  option: Option,
  label: string,
  value: unknown,
): number | string | boolean | readonly number[] | null {
  const refuse = (wanted: string) => {
    const shown = value === "" ? "nothing" : show(value);
    return new OptionError(`${label} takes ${wanted}, not ${shown}`);
  };
  if (value === null && option.default === null) return null;
  switch (option.type) {
    case "boolean":
      if (typeof value !== "boolean") throw refuse("true or false");
      return value;
    case "text":
      if (typeof value !== "string" || value === "") {
        throw refuse(`a value (${option.metavar})`);
      }
      return value;
    case "choice":
      if (!option.choices.includes(value as string)) {
        throw refuse(`one of ${option.choices.join(", ")}`);
      }
      return value as string;
    case "integers":
    case "numbers": {
      const parts = typeof value === "string" ? value.split(",") : value;
      if (!Array.isArray(parts)) throw refuse(wanted(option, value));
      return parts.map((part) => {
        const number = numberIn(option, part);
        if (number === null) throw refuse(wanted(option, value));
        return number;
      });
    }
    case "integer":
    case "number": {
      const number = numberIn(option, value);
      if (number === null) throw refuse(wanted(option, value));
      return number;
    }
  }
}

/** The number that a value is, or null if the option does not take it. */
function numberIn(
  { type, min, max }: NumberOption | ListOption,
  value: unknown,
): number | null {
  const number = typeof value === "string" && value.trim() !== ""
    ? Number(value)
    : value;
  if (
    typeof number !== "number" || !(number >= min && number <= max) ||
    (type.startsWith("integer") && !Number.isInteger(number))
  ) return null;
  return number;
}

/**
 * Completes partial values from code with the table's defaults.
 *
 * @throws {OptionError} If a name is unknown or a value is out of range.
 */
export function completeOptions<T extends OptionTable>(
  table: T,
  values: Partial<OptionValues<T>>,
): OptionValues<T> {
  const complete = defaults(table) as Record<string, unknown>;
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(table, name)) {
      throw new OptionError(`there is no option ${oneLine(name)}`);
    }
    if (value !== undefined) {
      complete[name] = parseOption(table[name], name, value);
    }
  }
  return complete as OptionValues<T>;
}

/**
 * What an option of numbers takes, in words for a list of options: without the
 * end of a range that hardly anybody will reach.
 */
export function rangeOf(option: NumberOption | ListOption): string {
  return option.max === Number.MAX_SAFE_INTEGER
    ? `${KINDS[option.type]} of ${option.min} or more`
    : numbersOf(option);
}

/** The same, with that end where it is what a value has passed. */
function wanted(option: NumberOption | ListOption, value: unknown): string {
  const isText = typeof value === "string" || typeof value === "number";
  return isText && Number(value) > option.max
    ? numbersOf(option)
    : rangeOf(option);
}

function numbersOf(option: NumberOption | ListOption): string {
  const { type, min, max } = option;
  const unit = "unit" in option && option.unit ? ` of ${option.unit}` : "";
  return `${KINDS[type]}${unit} from ${min} to ${max}`;
}

const KINDS = {
  integer: "a whole number",
  number: "a number",
  integers: "whole numbers with commas between them,",
  numbers: "numbers with commas between them,",
};
