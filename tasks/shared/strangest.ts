/**
 * The strangest images: those that cost most to describe.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { className } from "../../lib/dataset/class_names.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { captionedPairs } from "../../lib/image/captioned_pairs.ts";
import type { ImageCodes } from "../../lib/metrics/image_codes.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import { fixed, oneLine } from "../../lib/text.ts";
import type { CodesTable } from "./codes_file.ts";
import { concatenate } from "../../lib/math/concatenate.ts";
import { headingOf, writePicture } from "./pictures.ts";
import { textTable } from "./tables.ts";

/** Images in the picture. */
export const PICTURED = 50;

/** Lines of the list. */
const LISTED = 10;

/** What the images are sorted by. */
export type Measure = "bound" | "reconstruction" | "kl";

export const NAMES: Readonly<Record<Measure, string>> = {
  bound: "the bound",
  reconstruction: "the reconstruction loss",
  kl: "the KL",
};

/** Orders images by a measure; equal ones, and what is no number, stay first. */
export function strangestFirst(codes: ImageCodes, sort: Measure): Uint32Array {
  const strangeness = sort === "bound"
    ? codes.elbo!.map((elbo) => -elbo)
    : codes[sort]!;
  const key = strangeness.map((x) => Number.isNaN(x) ? Infinity : x);
  return Uint32Array.from(key, (_, i) => i)
    .sort((a, b) => key[b] === key[a] ? a - b : key[b] - key[a]);
}

/** What the list has of each of the first images. */
export function listOf({ order, set, classes, codes }: CodesTable) {
  return Array.from(order.subarray(0, LISTED), (i) => ({
    index: i,
    ...set.names && { name: set.names[i] },
    ...set.labels && { class: className(classes, set.labels[i]) },
    reconstruction: codes.reconstruction[i],
    ...codes.kl && { kl: codes.kl[i] },
    ...codes.elbo && { elbo: codes.elbo[i] },
  }));
}

/** Lays out the list of the first images. */
export function listText(table: CodesTable): string {
  const records = listOf(table);
  const text = (key: string, value: string | number) =>
    typeof value === "string"
      ? oneLine(value, 40)
      : key === "index"
      ? String(value)
      : fixed(value, 2);
  return textTable(
    Object.keys(records[0])
      .map((key) => ({ kl: "KL", elbo: "ELBO" }[key] ?? key)),
    records.map((record) =>
      Object.entries(record).map(([key, value]) => text(key, value))
    ),
  );
}

/**
 * Says which images these are, and of which class: on a line of its own beside a
 * name, unless that begins with the class, as a folder's do.
 */
export function captionsOf(
  shown: readonly number[],
  { set: { labels, names }, classes }: Pick<CodesTable, "set" | "classes">,
): string[][] {
  const classOf = (i: number) => className(classes, labels![i]);
  const number = (i: number) =>
    `image ${i}` + (labels ? ` · ${classOf(i)}` : "");
  if (!names) return shown.map((i) => [number(i)]);
  const isTold = !labels ||
    shown.every((i) => names[i].startsWith(`${classOf(i)}/`));
  return shown.map((i) => isTold ? [names[i]] : [names[i], classOf(i)]);
}

/**
 * Draws the strangest images beside their reconstructions, with z = μ.
 *
 * @param images All images, [n, 784] bytes.
 */
export async function drawStrangest(
  out: string,
  engine: Engine,
  checkpoint: Checkpoint,
  table: CodesTable,
  images: Uint8Array,
  { scale, kind, sort }: { scale: number; kind: string; sort: Measure },
): Promise<void> {
  const { set: { labels }, codes, latentDim } = table;
  const shown = [...table.order.subarray(0, PICTURED)];
  const rows = <T extends Uint8Array | Float32Array>(all: T, width: number) =>
    concatenate(
      shown.map((i) => all.subarray(i * width, (i + 1) * width) as T),
    );
  const reconstructions = await engine.decode(
    rows(codes.mu, latentDim),
    labels && rows(labels, 1),
  );
  const [measure, values] = ({
    bound: ["ELBO", codes.elbo],
    reconstruction: ["loss", codes.reconstruction],
    kl: ["KL", codes.kl],
  } as const)[sort];
  const whats = captionsOf(shown, table);
  const captions = shown.map((i, k) => [
    ...whats[k],
    // The font has no minus sign.
    `${measure} ${fixed(values![i], 1).replace("-", "–")}`,
  ]);
  const title = `The strangest of ${
    table.order.length.toLocaleString("en")
  } ${kind} images, by ${NAMES[sort]}`;
  const picture = captionedPairs(
    rows(images, IMAGE_PIXELS),
    reconstructions,
    captions,
    {
      scale,
      ...headingOf(title, checkpoint, "Reconstructions, z = μ, on the right"),
    },
  );
  await writePicture(out, picture, title, checkpoint);
}
