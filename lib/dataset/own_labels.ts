/**
 * Gives the user's own pictures labels from a file, and finds out which classes
 * there are.
 *
 * @module
 */
import { basename } from "node:path";
import { FormatError } from "../formats/error.ts";
import type { DataOptions } from "../options/run.ts";
import { OptionError } from "../options/table.ts";
import { counted, oneLine } from "../text.ts";
import { type Classes, classesOf, readClasses } from "./class_labels.ts";
import { nameOf } from "./convert.ts";
import { about, readLabelFile } from "./own_files.ts";
import type { Pictures, PictureSets } from "./picture_sets.ts";

/** Pictures whose labels a note shows. */
const SHOWN = 2;

/**
 * Gives the pictures the labels of a file of their own, if there is one.
 *
 * @param images The path of the pictures.
 * @throws {OptionError} If they are in sub-folders by their classes.
 * @throws {Error} If the labels cannot be used, or do not fit the pictures.
 */
export async function openLabels(
  images: string,
  sets: PictureSets,
  path: string | null,
): Promise<PictureSets> {
  if (path === null) return sets;
  const { train, validation, test } = sets;
  const all = [train, validation, test].flatMap((set) => set ?? []);
  const areFiles = all.every((set) => set.areFiles);
  const hasLabels = all.some(({ labels }) => labels !== undefined);
  if (areFiles && hasLabels) {
    throw new OptionError(
      `${oneLine(basename(images))} has classes by its sub-folders already: ` +
        `leave ${oneLine(path)} out, or put the pictures into one folder`,
    );
  }
  return await about(path, "labels", async () => {
    const files = areFiles ? all.flatMap(({ names }) => names!) : [];
    const { labels, isMatched, notes } = await readLabelFile(path, files);
    if (isMatched) {
      let from = 0;
      const give = (set: Pictures) => {
        const first = from;
        from += set.count;
        return { ...set, labels: labels.slice(first, from) };
      };
      return {
        ...sets,
        train: give(train),
        ...validation && { validation: give(validation) },
        ...test && { test: give(test) },
        notes: [...sets.notes, ...notes],
      };
    }
    if (all.length > 1) {
      throw new FormatError(
        `they are of one set of images, and these are in splits, of ${
          all.map(({ count }) => count).join(", ")
        }`,
      );
    }
    checkCount(labels, train.count);
    const added = [...notes];
    if (hasLabels) {
      added.push(
        `the labels are those of ${
          oneLine(basename(path))
        }, not those beside ` +
          "the pictures",
      );
    }
    if (areFiles || notes.length > 0) {
      const pairs = labels.slice(0, SHOWN).map((label, i) =>
        `${oneLine(nameOf(train, i))} is ${oneLine(String(label))}`
      );
      const more = labels.length > SHOWN ? ", …" : "";
      added.push(
        `the labels are taken in the order of the pictures${
          areFiles ? "' names" : ""
        }: ${pairs.join(", ")}${more}`,
      );
    }
    return {
      ...sets,
      train: { ...train, labels },
      notes: [...sets.notes, ...added],
    };
  });
}

function checkCount(labels: readonly (number | string)[], count: number): void {
  if (labels.length === count) return;
  const [first, ...others] = labels;
  const isName = labels.length === count + 1 && typeof first === "string" &&
    !others.includes(first);
  throw new FormatError(
    `${counted(labels.length, "label")} do not fit ${counted(count, "image")}` +
      (isName
        ? `: if ${oneLine(first)} is the name of the column, call it label`
        : ""),
  );
}

/**
 * Finds out which classes there are, if the pictures have labels.
 *
 * @throws {OptionError} If there are names of classes, but no labels.
 * @throws {Error} If labels or names cannot be used.
 */
export async function openClasses(
  images: string,
  { train, validation, test, classes }: PictureSets,
  options: DataOptions,
): Promise<Classes | undefined> {
  const chosen = options.classes;
  const names = chosen === null
    ? classes
    : await about(chosen, "names of classes", () => readClasses(chosen));
  const labels = [train, validation, test].flatMap((set) => set?.labels ?? []);
  if (labels.length === 0) {
    if (chosen === null) return;
    throw new OptionError(
      `there are names of classes, ${oneLine(chosen)}, but ` +
        `${oneLine(basename(images))} has no labels`,
    );
  }
  const [path, what] = options.labels === null
    ? [images, "images"]
    : [options.labels, "labels"];
  return await about(path, what, async () => await classesOf(labels, names));
}

/** Says which classes have names that differ in capitals only. */
export function namedAlike(names: readonly string[]): string[] {
  const alike = [...Map.groupBy(names, (name) => name.toLowerCase()).values()]
    .filter(({ length }) => length > 1)
    .map((group) => group.map((name) => oneLine(name)).join(" and "));
  return alike.length === 0 ? [] : [
    `classes of their own, though they differ in capitals only: ${
      alike.slice(0, 3).join("; ")
    }${alike.length > 3 ? " and others" : ""}`,
  ];
}
