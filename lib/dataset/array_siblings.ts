/**
 * Files of arrays that belong together by their names: images and labels, to train
 * and to test with.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { FormatError } from "../formats/error.ts";
import { oneLine } from "../text.ts";

/** The paths of a data set's files. */
export interface Siblings {
  /** What they have before the split in their names, as `emnist-letters-`. */
  readonly family: string;
  readonly train: Partial<Record<What, string>>;
  readonly test: Partial<Record<What, string>>;
}

type What = "images" | "labels";

/**
 * torchvision's `train-images-idx3-ubyte` and `t10k-labels-idx1-ubyte.gz`, with a
 * dot as some have them; EMNIST's and QMNIST's, with a name before; Kuzushiji's
 * `k49-train-imgs.npz`.
 */
const NAME =
  /^(.*?)(train|t10k|test)-(images|imgs|labels)([-.]idx\d-\w+(?:\.gz)?|\.npz)$/i;

interface NamedFile {
  readonly path: string;
  readonly family: string;
  readonly split: "train" | "test";
  readonly what: What;
}

/** Tells whether a file of this name has siblings, or may have. */
export function hasSiblings(path: string): boolean {
  return NAME.test(basename(path));
}

/**
 * Finds the files that belong to one: its labels, and if it is for training those
 * to test with. Of a file to test with, nothing else is used: it was chosen.
 */
export async function siblingsOf(path: string): Promise<Siblings> {
  const given = parse(path)!;
  const files = (await list(dirname(path)))
    .filter(({ family }) => family === given.family);
  const found = collect(given.family, files);
  const own = { ...found[given.split], images: path };
  return given.split === "train"
    ? { ...found, train: own }
    : { family: given.family, train: own, test: {} };
}

/**
 * Finds the files of the data set in a folder.
 *
 * @returns Nothing if there are none.
 * @throws {FormatError} If there are those of several, or no images.
 */
export async function siblingsIn(
  folder: string,
): Promise<Siblings | undefined> {
  const files = await list(folder);
  if (files.length === 0) return;
  const families = [...Map.groupBy(files, ({ family }) => family)]
    .filter(([, files]) => files.some(({ what }) => what === "images"));
  if (families.length === 0) {
    throw new FormatError("it has labels, but no images");
  }
  if (families.length > 1) {
    const names = families.map(([, files]) =>
      oneLine(basename(files.find(({ what }) => what === "images")!.path))
    );
    throw new FormatError(
      `it has the files of ${families.length} data sets: choose one by its ` +
        `images, ${names.slice(0, 8).join(" or ")}`,
    );
  }
  const [[family, members]] = families;
  const found = collect(family, members);
  return found.train.images === undefined
    ? { family, train: found.test, test: {} }
    : found;
}

function collect(family: string, files: readonly NamedFile[]): Siblings {
  const found = { family, train: {}, test: {} } satisfies Siblings;
  // What is decompressed comes before the same with `.gz`.
  const inOrder = files.toSorted((a, b) => a.path < b.path ? -1 : 1);
  for (const { split, what, path } of inOrder) {
    const paths: Partial<Record<What, string>> = found[split];
    paths[what] ??= path;
  }
  return found;
}

async function list(folder: string): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const file = isDirectory ? undefined : parse(join(folder, name));
    if (file) files.push(file);
  }
  return files;
}

function parse(path: string): NamedFile | undefined {
  const match = NAME.exec(basename(path));
  if (!match) return;
  const [, family, split, what] = match.map((part) => part.toLowerCase());
  return {
    path,
    family,
    split: split === "train" ? "train" : "test",
    what: what === "labels" ? "labels" : "images",
  };
}
