/**
 * Files of codes: what a model makes of each image, as a table or as arrays.
 *
 * @module
 */
import { extname } from "node:path";
import { className } from "../../lib/dataset/class_names.ts";
import type { ImageSet } from "../../lib/dataset/dataset.ts";
import type { FileKind } from "../../lib/files/kind.ts";
import { encodeNpy } from "../../lib/formats/npy.ts";
import type { ImageCodes } from "../../lib/metrics/image_codes.ts";
import { OptionError } from "../../lib/options/table.ts";
import { oneLine, show } from "../../lib/text.ts";
import { willWrite, writeOutput } from "./files.ts";

/** The codes of some images, in the order in which they are listed. */
export interface CodesTable {
  /** The images' numbers, row by row. */
  readonly order: Uint32Array;
  readonly set: Pick<ImageSet, "labels" | "names">;
  /** Names of the labels' classes. */
  readonly classes?: readonly string[];
  readonly latentDim: number;
  readonly codes: ImageCodes;
}

/** What one of the files is of. */
type Part =
  | "table"
  | "mu"
  | "logvar"
  | "losses"
  | "labels"
  | "index"
  | "names";

/** A file of codes. */
export interface CodesFile {
  readonly path: string;
  readonly kind: FileKind;
  readonly part: Part;
}

/** What there is to write of images, besides μ and their losses. */
export interface Contents {
  readonly logvar: boolean;
  readonly labels: boolean;
  /** Whether they are in another order than theirs. */
  readonly index: boolean;
  readonly names: boolean;
}

/** Rows that are written at a time. */
const PIECE = 1000;

/**
 * Names the files that codes are written to: by the ending of `out` one of CSV or
 * JSON, or NumPy's arrays, of which `out` has μ and the others lie beside it.
 *
 * @param has What there is to write.
 * @throws {OptionError} If the name ends otherwise.
 * @throws {WriteError} If one of them cannot be written.
 */
export async function codesFiles(
  out: string,
  has: Contents,
): Promise<CodesFile[]> {
  const files = filesOf(out, has);
  for (const { path, kind } of files) await willWrite(path, kind);
  return files;
}

function filesOf(
  out: string,
  has: Contents,
): CodesFile[] {
  switch (extname(out).toLowerCase()) {
    case ".csv":
      return [{ path: out, kind: "text", part: "table" }];
    case ".json":
      return [{ path: out, kind: "json", part: "table" }];
    case ".npy": {
      const stem = out.slice(0, -".npy".length);
      const beside = (["logvar", "losses", "labels", "index"] as const)
        .filter((part) => part === "losses" || has[part]);
      return [
        { path: out, kind: "npy", part: "mu" },
        ...beside.map((part): CodesFile => ({
          path: `${stem}.${part}.npy`,
          kind: "npy",
          part,
        })),
        ...has.names
          ? [
            { path: `${stem}.names.txt`, kind: "text", part: "names" } as const,
          ]
          : [],
      ];
    }
    default:
      throw new OptionError(
        `--out takes a name that ends in .csv, .json or .npy, not ${show(out)}`,
      );
  }
}

/** Writes one of the files. */
export async function writeCodes(
  { path, kind, part }: CodesFile,
  table: CodesTable,
): Promise<void> {
  await writeOutput(path, bytesOf(part, kind, table), kind);
}

function bytesOf(
  part: Part,
  kind: FileKind,
  table: CodesTable,
): Uint8Array | Iterable<Uint8Array> {
  switch (part) {
    case "table":
      return pieces(kind === "json" ? jsonLines(table) : csvLines(table));
    case "names":
      return pieces(nameLines(table));
    default:
      return encodeNpy(...arrayOf(part, table));
  }
}

/** A name to a line. */
function* nameLines({ order, set }: CodesTable): Generator<string> {
  for (const i of order) yield `${oneLine(set.names![i], Infinity)}\n`;
}

/** Lists the columns of the losses: of an autoencoder there is one. */
export function lossesOf(
  { reconstruction, kl, elbo }: ImageCodes,
): Record<string, Float64Array> {
  return { reconstruction, ...kl && { kl }, ...elbo && { elbo } };
}

/** Returns the shape and the elements of an array, in the table's order. */
function arrayOf(
  part: Exclude<Part, "table" | "names">,
  { order, set, latentDim, codes }: CodesTable,
): Parameters<typeof encodeNpy> {
  const n = order.length;
  switch (part) {
    case "index":
      return [[n], Int32Array.from(order)];
    case "labels":
      return [[n], Uint8Array.from(order, (i) => set.labels![i])];
    case "losses": {
      const losses = Object.values(lossesOf(codes));
      const rows = new Float64Array(n * losses.length);
      order.forEach((i, row) =>
        losses.forEach((loss, k) => rows[row * losses.length + k] = loss[i])
      );
      return [[n, losses.length], rows];
    }
    default: {
      const rows = new Float32Array(n * latentDim);
      order.forEach((i, row) =>
        rows.set(rowOf(codes[part]!, i, latentDim), row * latentDim)
      );
      return [[n, latentDim], rows];
    }
  }
}

function rowOf(
  values: Float32Array,
  index: number,
  width: number,
): Float32Array {
  return values.subarray(index * width, (index + 1) * width);
}

/** A CSV file with a header; texts are in quotes where they must be. */
function* csvLines({ order, ...table }: CodesTable): Generator<string> {
  const { mu, logvar } = table.codes;
  const losses = lossesOf(table.codes);
  const dimensions = (name: string) =>
    Array.from({ length: table.latentDim }, (_, k) => `${name}${k + 1}`);
  const { names, labels } = table.set;
  yield [
    "index",
    ...names ? ["name"] : [],
    ...labels ? ["label", "class"] : [],
    ...Object.keys(losses),
    ...dimensions("mu"),
    ...logvar ? dimensions("logvar") : [],
  ].join() + "\n";
  for (const i of order) {
    const cells = [
      i,
      ...names ? [quoted(names[i])] : [],
      ...labels ? [labels[i], quoted(className(table.classes, labels[i]))] : [],
      ...[
        ...Object.values(losses).map((loss) => loss[i]),
        ...rowOf(mu, i, table.latentDim),
        ...logvar ? rowOf(logvar, i, table.latentDim) : [],
      ].map(short),
    ];
    yield cells.join() + "\n";
  }
}

/** A JSON array of objects, one to a line. */
function* jsonLines({ order, ...table }: CodesTable): Generator<string> {
  const { mu, logvar } = table.codes;
  const losses = Object.entries(lossesOf(table.codes));
  const { names, labels } = table.set;
  const numbers = (values: Float32Array) => Array.from(values, short);
  for (const [row, i] of order.entries()) {
    const record = {
      index: i,
      ...names && { name: names[i] },
      ...labels &&
        { label: labels[i], class: className(table.classes, labels[i]) },
      ...Object.fromEntries(
        losses.map(([name, loss]) => [name, short(loss[i])]),
      ),
      mu: numbers(rowOf(mu, i, table.latentDim)),
      ...logvar && { logvar: numbers(rowOf(logvar, i, table.latentDim)) },
    };
    yield `${row === 0 ? "[" : ","}\n${JSON.stringify(record)}`;
  }
  yield "\n]\n";
}

/** Rounds to nine digits, of which a float of 32 bits is told from all others. */
function short(value: number): number {
  return Number(value.toPrecision(9));
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text)
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}

/** Joins lines to pieces of many, so that only one of these is held. */
function* pieces(lines: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let piece: string[] = [];
  for (const line of lines) {
    if (piece.push(line) < PIECE) continue;
    yield encoder.encode(piece.join(""));
    piece = [];
  }
  yield encoder.encode(piece.join(""));
}
