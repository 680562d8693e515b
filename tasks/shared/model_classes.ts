/**
 * The classes that a model is told of, or that its images have.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { Dataset, ImageSet } from "../../lib/dataset/dataset.ts";
import { className } from "../../lib/dataset/class_names.ts";
import { isLegible } from "../../lib/image/font.ts";
import type { Class } from "../../lib/latent/sheets.ts";
import { oneLine } from "../../lib/text.ts";
import { commandOf, TaskError } from "./cli.ts";

/** What is known of a model's classes. */
export type Classified =
  & { readonly options: Pick<Checkpoint["options"], "classCount"> }
  & { readonly data: Pick<Checkpoint["data"], "classes"> };

/** What stands for every class. */
export const ALL = "all";

/** Characters of a class's name that a picture has room for. */
const SHOWN = 24;

/** Characters of a list of classes in a message. */
const LISTED = 200;

/**
 * Names a class in a picture: a long name is cut, and one in letters that
 * pictures do not have goes with its number, for it is drawn as boxes.
 */
export function pictureName(
  { data }: Pick<Classified, "data">,
  label: number,
): string {
  const name = className(data.classes, label);
  return short(isLegible(name) ? name : `${label} ${name}`);
}

/** Names all classes in a legend, which has their numbers, too. */
export function legendNames({ data }: Pick<Classified, "data">): string[] {
  return (data.classes ?? []).map(short);
}

/** Cuts a name, and takes out what is no character; joined ones stay joined. */
function short(name: string): string {
  const characters = [
    ...name.toWellFormed().replaceAll(
      /(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
      "\ufffd",
    ),
  ];
  return characters.length > SHOWN
    ? `${characters.slice(0, SHOWN - 1).join("").trimEnd()}…`
    : characters.join("");
}

/** Lists the classes that a model is told of: none if it is told of none. */
export function classesOf(model: Classified): Class[] {
  return Array.from(
    { length: model.options.classCount },
    (_, label) => ({ label, name: pictureName(model, label) }),
  );
}

/**
 * Finds a class that a model is told of, by its name or its number.
 *
 * @throws {TaskError} If it is told of no classes, or not of this one.
 */
export function classOf(model: Classified, text: string): Class {
  const { classCount } = model.options;
  if (classCount === 0) {
    throw new TaskError(
      `--class ${
        oneLine(text)
      } is for a model that is told of classes, which ` +
        `this one is not: train one with \`${commandOf("train")} ` +
        "--conditional`",
    );
  }
  const label = labelOf(model, text, classCount);
  if (label !== undefined) return { label, name: pictureName(model, label) };
  throw new TaskError(
    `the model has no class ${oneLine(text)}: it has ${listOf(namesOf(model))}`,
  );
}

/** Names the classes that a model is told of. */
function namesOf({ options, data }: Classified): string[] {
  return Array.from(
    { length: options.classCount },
    (_, label) => className(data.classes, label),
  );
}

/**
 * Lists classes in a message, as many as it has room for: with the number of
 * each, by which it may be asked for, where that is not its name.
 */
export function listOf(names: readonly string[]): string {
  const words = names.map((name, label) =>
    name === String(label) ? name : `${label} ${name}`
  );
  return oneLine(words.join(", "), LISTED);
}

/**
 * Chooses the class that a picture of one class shows: the one that is asked
 * for, or the first.
 *
 * @returns Nothing for a model that is told of none.
 * @throws {TaskError} As {@linkcode classOf}.
 */
export function oneClass(model: Classified, text: string | null): Class | null {
  if (text === null) return classesOf(model)[0] ?? null;
  const { classCount } = model.options;
  if (
    text === ALL && classCount > 0 &&
    labelOf(model, text, classCount) === undefined
  ) {
    throw new TaskError(
      `--class ${ALL} is for \`${
        commandOf("sample")
      }\` alone, and one class is ` +
        `shown here: choose from ${listOf(namesOf(model))}`,
    );
  }
  return classOf(model, text);
}

/**
 * Finds the number of a class by its name, in small letters or capitals, or by
 * the number itself, where no class has a number for its name.
 *
 * @param count How many classes there are.
 */
export function labelOf(
  { data }: Pick<Classified, "data">,
  text: string,
  count: number,
): number | undefined {
  const names = (data.classes ?? []).slice(0, count);
  const small = names.map((name) => name.toLowerCase());
  // As names are composed: see `classesOf()` of the data set.
  const asked = text.normalize("NFC");
  for (
    const label of [names.indexOf(asked), small.indexOf(asked.toLowerCase())]
  ) {
    if (label >= 0) return label;
  }
  if (names.some((name) => /^-?\d+$/.test(name))) return;
  if (/^(0|[1-9]\d{0,2})$/.test(text) && Number(text) < count) {
    return Number(text);
  }
}

/** Says what to do about images that are not those of a model. */
function remedyOf(digest: string | null | undefined): string {
  return digest === null
    ? "nobody knows what it was trained on, so import it with --images of its " +
      "pictures or with their --dataset"
    : "bring the images back that it was trained on, or train anew";
}

/**
 * Makes sure that images have the classes that a model is told of: a folder may
 * have got another one since, and all that come after it a new number.
 *
 * @param model Of an imported one the digest is null: nobody knows its images.
 * @throws {TaskError} If it is told of classes, and they have none or others.
 */
export function checkLabels(
  { options: { classCount }, data }: Classified & {
    readonly data: { readonly digest?: string | null };
  },
  { name, classes = [] }: Pick<Dataset, "name" | "classes">,
  { labels }: Pick<ImageSet, "labels">,
): void {
  if (classCount === 0) return;
  const remedy = remedyOf(data.digest);
  const images = oneLine(name);
  if (labels === null) {
    throw new TaskError(
      `${images} has no labels, and the model is told the class of each image: ` +
        remedy,
    );
  }
  const known = data.classes ?? classes;
  if (
    known.every((name, label) => classes[label] === name) &&
    labels.every((label) => label < classCount)
  ) return;
  throw new TaskError(
    `${images} has the classes ${listOf(classes)}, and the model is told of ` +
      `${data.classes ? listOf(data.classes) : classCount}: ${remedy}`,
  );
}

/**
 * Puts images of one class next to each other, in pairs, in the order in which
 * they come; one without a partner is left out.
 */
export function withinClass(
  order: Uint32Array,
  labels: Uint8Array,
): Uint32Array {
  const waiting = new Map<number, number>();
  const pairs: number[] = [];
  for (const index of order) {
    const label = labels[index];
    const other = waiting.get(label);
    if (other === undefined) waiting.set(label, index);
    else {
      waiting.delete(label);
      pairs.push(other, index);
    }
  }
  return Uint32Array.from(pairs);
}
