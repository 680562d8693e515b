/**
 * From the labels that files have, in numbers or words, to class labels: 0 to
 * C − 1, each with a name.
 *
 * @module
 */
import { FormatError } from "../formats/error.ts";
import { MAX_CLASSES } from "../options/run.ts";
import { counted, oneLine, show } from "../text.ts";
import { naturally } from "./natural_order.ts";
import { statFile } from "./paths.ts";

/** The bytes of the longest file of names. */
const MAX_BYTES = 2 ** 20;

/** A label as a file has it. */
type Label = number | string;

/** What the classes are called, and which of them a label means. */
export interface Classes {
  readonly names: readonly string[];
  readonly labelOf: (label: Label) => number;
}

/**
 * Makes classes of the labels that there are.
 *
 * Labels that are names of classes mean these. Whole numbers are otherwise the
 * classes' numbers from 0, if there is a class for each of them; or, if there are
 * as many different ones as classes, they are those in ascending order. Without
 * names, the labels themselves are the names, numbers in ascending and words in
 * natural order.
 *
 * @param labels Those of all splits.
 * @param names The names of the classes, in order.
 * @throws {FormatError} If labels and names do not match, a label is neither a
 * whole number nor a word, one number is written in two ways, or there are more
 * than {@linkcode MAX_CLASSES}.
 */
export function classesOf(
  labels: Iterable<Label>,
  names?: readonly string[],
): Classes {
  const distinct = [...new Set(labels)].map(checkLabel);
  const words = new Set(distinct.map(wordOf));
  const numbers = [...words].every((word) => /^-?\d+$/.test(word));
  const sorted = [...words].sort(
    numbers ? (a, b) => Number(a) - Number(b) || naturally(a, b) : naturally,
  );
  if (sorted.length > MAX_CLASSES) {
    throw new FormatError(
      `there are ${sorted.length} different labels (${
        shown(sorted)
      }), and at ` +
        `most ${MAX_CLASSES} classes: they do not look like classes`,
    );
  }
  const same = numbers
    ? sorted.findIndex((word, i) => i > 0 && +word === +sorted[i - 1])
    : -1;
  if (same > 0) {
    throw new FormatError(
      `the labels ${oneLine(sorted[same - 1])} and ${
        oneLine(sorted[same])
      } are ` +
        "the same number: write it in one way",
    );
  }
  if (!names) return inOrder(sorted, sorted);
  checkNames(names);
  if (sorted.every((word) => names.includes(word))) {
    return inOrder(names, names);
  }
  const isIndex = (word: string) =>
    Number(word) >= 0 && Number(word) < names.length;
  if (numbers && sorted.every(isIndex)) return { names, labelOf: Number };
  if (numbers && sorted.length === names.length) return inOrder(names, sorted);
  throw new FormatError(
    `labels and names of classes do not match: there are ${
      counted(sorted.length, "different label")
    } (${shown(sorted)}) and ${counted(names.length, "name")} (${
      shown(names)
    })`,
  );
}

/** The classes of these names, which labels mean in this order. */
function inOrder(
  names: readonly string[],
  labels: readonly string[],
): Classes {
  const order = new Map(labels.map((label, i) => [label, i]));
  return { names, labelOf: (label) => order.get(wordOf(label))! };
}

/** Writes a label in characters that are composed: macOS takes those of files apart. */
function wordOf(label: Label): string {
  return String(label).normalize("NFC");
}

function checkLabel(label: Label): Label {
  const isFit = typeof label === "string"
    ? label.trim() !== ""
    : Number.isSafeInteger(label);
  if (isFit) return label;
  if (Number.isInteger(label)) throw beyond(label as number);
  throw new FormatError(
    `${show(label)} is no label of a class: it takes a whole number or a word`,
  );
}

/** Refuses whole numbers that are not exact any more. */
export function beyond(label: number): FormatError {
  return new FormatError(
    `the label ${BigInt(label)} is ${
      label > 0 ? "larger" : "smaller"
    } than labels may ` +
      "be, which are exact to 2^53",
  );
}

function shown(names: readonly string[]): string {
  const [first, second] = names;
  if (names.length <= 3) return names.map((name) => oneLine(name)).join(", ");
  return `${oneLine(first)}, ${oneLine(second)}, … ${oneLine(names.at(-1)!)}`;
}

/** Refuses names of classes that are empty, come twice, or are too many. */
function checkNames(names: readonly string[]): void {
  if (names.length > MAX_CLASSES) {
    throw new FormatError(
      `${names.length} names of classes are more than the ${MAX_CLASSES} ` +
        "that there may be",
    );
  }
  const empty = names.indexOf("");
  if (empty >= 0) {
    throw new FormatError(
      `name ${empty + 1} of ${counted(names.length, "class name")} is empty`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new FormatError(`two classes are called ${oneLine(twice)}`);
  }
}

/**
 * Reads names of classes from what an option says: names with commas between
 * them, or a text file with one on each line.
 *
 * @throws {FormatError} If one is empty or comes twice, or there are too many.
 */
export async function readClasses(option: string): Promise<readonly string[]> {
  if (/\.txt$/i.test(option)) return await readClassFile(option);
  const names = option.split(",").map((name) => wordOf(name.trim()));
  checkNames(names);
  return names;
}

/** Reads a text file with the name of a class on each line. */
export async function readClassFile(path: string): Promise<readonly string[]> {
  const { size } = await statFile(path);
  if (size > MAX_BYTES) {
    throw new FormatError(`${size} bytes are no list of ${MAX_CLASSES} names`);
  }
  const text = (await Deno.readTextFile(path)).replace(/^\uFEFF/, "");
  const names = text.trimEnd().split(/\r?\n/).map((name) =>
    wordOf(name.trim())
  );
  checkNames(names);
  return names;
}
