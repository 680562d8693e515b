/**
 * Reads a folder of PNG files, in sub-folders by class where there are classes.
 *
 * @module
 */
import { join } from "node:path";
import { describeKind, type FileKind, fileKind } from "../files/kind.ts";
import { FormatError } from "../formats/error.ts";
import { counted, oneLine } from "../text.ts";
import { readClassFile } from "./class_labels.ts";
import { naturally } from "./natural_order.ts";
import { checkName } from "./paths.ts";
import {
  MAX_PICTURES,
  type Pictures,
  type PictureSets,
} from "./picture_sets.ts";
import { pictureReader } from "./png_reader.ts";
import type { Split } from "./split.ts";
import { splitsOf } from "./split_folders.ts";

/** The file that names a folder's classes, one on each line. */
const CLASSES = "classes.txt";

/** What systems leave in folders, hidden files apart. */
const RUBBISH = /^(\..*|Thumbs\.db|desktop\.ini|__MACOSX)$/i;

/** Other pictures, by their names' endings. */
const FOREIGN = /\.(jpe?g|gif|webp|bmp|tiff?|heic|avif)$/i;

/** Other pictures, by their content. */
const FOREIGN_KINDS: readonly FileKind[] = ["jpeg", "gif", "webp"];

/** Names that a message lists. */
const NAMED = 5;

/** What is in a folder: paths from the root of all, in natural order. */
interface Listing {
  readonly pictures: string[];
  readonly folders: string[];
}

/**
 * Reads a folder of PNG files: those directly in it, or those of its sub-folders,
 * which are then the classes. Sub-folders that are called `train`, `test` and
 * `validation`, or nearly so, are splits, each a folder of these two kinds; then
 * there is nothing else beside them. A file `classes.txt` names the classes, and gives their order. Links are followed.
 *
 * Names are in natural order, `2.png` before `10.png`. Files are decoded one by
 * one, as they are asked for.
 *
 * @param root The folder.
 * @returns Its pictures, with the sub-folders' names as labels. A note lists what
 * is left out: hidden files apart, nothing is without.
 * @throws {FormatError} If there are no PNG files, pictures of another format, or
 * files beside folders of them.
 */
export async function readPngFolder(root: string): Promise<PictureSets> {
  const scan = new Scan(root);
  const top = await scan.list("");
  const splits = await splitsIn(top, scan);
  const sets: Partial<Record<Split, Pictures>> = {};
  const notes: string[] = [];
  if (splits) {
    for (const [split, folder] of splits) {
      const pictures = await scan.pictures(await scan.list(folder), folder);
      if (pictures.count > 0) sets[split] = pictures;
      else scan.left.push(`${folder} (no pictures)`);
    }
  } else {
    sets.train = await scan.pictures(top, "");
  }
  scan.refuseForeign();
  if (!sets.train?.count) {
    const left = scan.left.length > 0 ? `: ${scan.leftText()}` : "";
    throw new FormatError(
      splits
        ? `its folder ${splits.get("train")} has no PNG pictures${left}`
        : `it is a folder without PNG pictures${left}`,
    );
  }
  const classes = scan.hasClasses
    ? await readClassFile(join(root, CLASSES))
    : undefined;
  if (scan.left.length > 0) notes.push(scan.leftText());
  return {
    ...sets,
    train: sets.train,
    ...(classes && {
      classes,
      classNote: `the classes are those that ${CLASSES} names`,
    }),
    notes,
  };
}

/**
 * Finds the splits of a folder, if it has any.
 *
 * @throws {FormatError} If it has pictures, or folders of them, beside these.
 */
async function splitsIn(
  { pictures, folders }: Listing,
  scan: Scan,
): Promise<Map<Split, string> | undefined> {
  const { splits, others } = splitsOf(folders);
  const [split] = splits.values();
  if (split === undefined) return;
  if (pictures.length > 0) {
    throw new FormatError(
      `${oneLine(pictures[0], 200)} lies beside the folder ${split}: put all ` +
        "pictures into folders by their split, or none",
    );
  }
  for (const folder of others) {
    const inside = await scan.list(folder);
    if (inside.pictures.length + inside.folders.length > 0) {
      throw new FormatError(
        `its folder ${split} is called as a split is, and ${
          oneLine(folder, 200)
        } as a class: take out what is no split, or rename what is a class`,
      );
    }
    scan.left.push(`${folder} (no pictures)`);
  }
  if (splits.has("train")) return splits;
  throw new FormatError(
    `its folder ${split} is called as a split is, and none is called train: ` +
      "choose one folder by its path, or rename what to train with",
  );
}

/** One look through a folder, with what was met there and is not read. */
class Scan {
  /** What is left out, with the reason. */
  readonly left: string[] = [];
  /** Whether there is a list of the classes. */
  hasClasses = false;
  readonly #foreign: string[] = [];
  readonly #read = pictureReader();
  #count = 0;

  constructor(readonly root: string) {}

  /** Lists a folder. */
  async list(folder: string): Promise<Listing> {
    const pictures: string[] = [], folders: string[] = [];
    const names = [];
    for await (const entry of Deno.readDir(join(this.root, folder))) {
      if (RUBBISH.test(entry.name)) continue;
      await checkName(join(this.root, folder), entry.name);
      names.push(entry);
    }
    for (const entry of names.sort((a, b) => naturally(a.name, b.name))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const { isFile, isDirectory } = entry.isSymlink
        ? await this.#follow(path)
        : entry;
      if (isDirectory) folders.push(path);
      else if (!isFile) {
        this.left.push(
          `${path} (${entry.isSymlink ? "a link to nothing" : "no file"})`,
        );
      } else if (path === CLASSES) this.hasClasses = true;
      else if (await this.#isPicture(path)) pictures.push(path);
    }
    this.#count += pictures.length;
    if (this.#count > MAX_PICTURES) {
      throw new FormatError(
        `it has more than ${MAX_PICTURES} pictures, which are the most`,
      );
    }
    return { pictures, folders };
  }

  /** Makes of a listing the pictures that it has, with their classes if any. */
  async pictures(
    { pictures, folders }: Listing,
    folder: string,
  ): Promise<Pictures> {
    const names = [...pictures], labels: string[] = [];
    for (const path of folders) {
      const inside = await this.list(path);
      const name = path.slice(folder === "" ? 0 : folder.length + 1);
      for (const deeper of inside.folders) {
        this.left.push(`${deeper} (a folder within ${path})`);
      }
      if (inside.pictures.length === 0) {
        if (inside.folders.length === 0) {
          this.left.push(`${path} (no pictures)`);
        }
        continue;
      }
      if (pictures.length > 0) {
        throw new FormatError(
          `${pictures[0]} lies beside the folder ${path}: put all pictures ` +
            "into folders by their class, or none",
        );
      }
      for (const picture of inside.pictures) {
        names.push(picture);
        labels.push(name);
      }
    }
    return {
      count: names.length,
      names,
      areFiles: true,
      ...(labels.length > 0 && { labels }),
      picture: (index) => this.#read(join(this.root, names[index])),
    };
  }

  /** Refuses a folder that has pictures of formats that are not read. */
  refuseForeign(): void {
    const count = this.#foreign.length;
    if (count === 0) return;
    const endings = [
      ...Map.groupBy(
        this.#foreign,
        (path) => FOREIGN.exec(path)?.[0].toLowerCase() ?? "",
      ),
    ].sort(([, a], [, b]) => b.length - a.length);
    const kinds = endings.map(([ending, { length }]) =>
      `${length} ${ending || "without an ending"}`
    );
    const patterns = endings.map(([ending]) => `-iname '*${ending}'`);
    const which = patterns.length === 1
      ? patterns[0]
      : `\\( ${patterns.join(" -o ")} \\)`;
    const command = endings.some(([ending]) => ending === "")
      ? ""
      : ` in that folder with \`find . ${which} -exec mogrify -format png {} +\``;
    throw new FormatError(
      `${counted(count, "picture")} in it (${kinds.join(", ")}: ${
        firstOf(this.#foreign)
      }) ${count === 1 ? "is no PNG" : "are no PNGs"}, and only these are ` +
        `read: convert them, as ImageMagick does${command}, and take the ` +
        "originals away",
    );
  }

  /** Says what is left out. */
  leftText(): string {
    return `not read: ${firstOf(this.left)}`;
  }

  async #follow(
    path: string,
  ): Promise<Pick<Deno.FileInfo, "isFile" | "isDirectory">> {
    try {
      return await Deno.stat(join(this.root, path));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return { isFile: false, isDirectory: false };
    }
  }

  /** Tells by its name, or else by its content, whether a file is a PNG. */
  async #isPicture(path: string): Promise<boolean> {
    if (/\.png$/i.test(path)) return true;
    const kind = FOREIGN.test(path)
      ? "jpeg"
      : await fileKind(join(this.root, path));
    if (kind === "png") return true;
    if (kind && FOREIGN_KINDS.includes(kind)) this.#foreign.push(path);
    else {
      this.left.push(
        `${path} (${kind ? describeKind(kind) : "an empty file"})`,
      );
    }
    return false;
  }
}

/** Lists the first of some names, and how many more there are. */
export function firstOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).map((name) => oneLine(name, 200));
  const more = names.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
