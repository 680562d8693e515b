/**
 * What is said of the classes of the images that a run begins with.
 *
 * @module
 */
import { className } from "../../lib/dataset/class_names.ts";
import type { Dataset, FoundImages } from "../../lib/dataset/dataset.ts";
import { counted, oneLine } from "../../lib/text.ts";
import { classCountOf, RunError } from "../../lib/train/check.ts";
import { COLUMNS } from "./columns.ts";
import { flagOf } from "./flags.ts";

/** Characters of a class's name in a list. */
const SHOWN = 24;

/**
 * Of so few images of a class, even of simple doodles, a model does not learn the
 * class: after 200 epochs others than those learnt cost a third more nats.
 */
const FEW = 30;

/** Of so many the others cost a tenth more. */
const ENOUGH = 100;

/** Classes without images that a note names. */
const NAMED = 5;

/**
 * Says which classes the training images are of, in one line of 80 columns at
 * most, and what of that may not be meant.
 *
 * @param isConditional Whether the model is told of them.
 * @returns Nothing for images without labels.
 */
export function classLines(
  { train: { labels }, classes }: Pick<Dataset, "train" | "classes">,
  isConditional: boolean,
): string[] {
  if (!labels || !classes) return [];
  const counts = classes.map(() => 0);
  for (const label of labels) counts[label]++;
  const name = (label: number) => oneLine(className(classes, label), SHOWN);
  const lines = [
    shortened(
      `${counts.length} ${counts.length === 1 ? "class" : "classes"}: `,
      counts.map((count, label) => `${name(label)} ${count}`),
    ),
  ];
  const empty = [...counts.keys()].filter((label) => counts[label] === 0);
  if (empty.length > 0) {
    const more = empty.length > NAMED
      ? ` and ${empty.length - NAMED} more`
      : "";
    const which = empty.length === 1 ? "a class" : "classes";
    lines.push(
      `note: ${which} without training images: ` +
        empty.slice(0, NAMED).map(name).join(", ") + more,
    );
  }
  if (isConditional && counts.length === 1) {
    lines.push(
      `note: all images are of one class, ${name(0)}: to be told of it says ` +
        "nothing to a model",
    );
  }
  return lines;
}

/**
 * Says that there are so few training images that a model learns little but them.
 */
export function fewImagesText(
  { train: { count, labels }, classes }: Pick<Dataset, "train" | "classes">,
): string | undefined {
  const kinds = labels && classes ? classes.length : 1;
  if (count >= FEW * kinds) return;
  const of = kinds === 1 ? "" : ` for ${kinds} classes`;
  return `note: ${
    counted(count, "training image")
  }${of}: what is like none of ` +
    `them may come out much worse; ${ENOUGH} or more` +
    `${kinds === 1 ? "" : " of each"} are better`;
}

/** Joins items by commas: where they are too long, the first and the last. */
function shortened(before: string, items: readonly string[]): string {
  const all = before + items.join(", ");
  if (all.length <= COLUMNS) return all;
  const last = `, … ${items.at(-1)}`;
  let line = before + items[0];
  for (const item of items.slice(1, -1)) {
    if (`${line}, ${item}${last}`.length > COLUMNS) break;
    line += `, ${item}`;
  }
  return line + last;
}

/**
 * Returns how many classes a conditional model is told of.
 *
 * @throws {RunError} If the images have no labels: with what gives them some.
 */
export function classCount(dataset: FoundImages): number {
  try {
    return classCountOf(dataset);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const remedy = dataset.options.images === null
      ? "choose another --dataset"
      : dataset.options.labels === null
      ? `name a file of them with ${flagOf("labels")}`
      : undefined;
    throw remedy === undefined
      ? error
      : new RunError(`${error.message}: ${remedy}`, { cause: error });
  }
}
