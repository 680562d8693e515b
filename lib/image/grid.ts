/**
 * Draws sheets of 28×28 images. The layout is fixed, in pixels, with s the
 * scale:
 *
 * - a margin of `MARGIN` around everything;
 * - from the top: title and subtitle, if any (`heading.ts`); the column labels,
 *   if any, in a band of `LABEL_BAND`; then the rows;
 * - from the left: the row labels, if any, in a band as wide as the widest plus
 *   `LABEL_GAP`; then the columns;
 * - cells of 28s × 28s, `GAP` or the `gap` asked for apart; between blocks of
 *   rows, `BLOCK_GAP`.
 *
 * @module
 */
import { OptionError } from "../options/table.ts";
import { oneLine } from "../text.ts";
import { displayedPicture } from "./display.ts";
import { drawText, textWidth } from "./font.ts";
import { type Heading, withHeading } from "./heading.ts";
import { blank, type Color, type Picture } from "./picture.ts";

/** Pixels in an image, and on its side. */
const PIXELS = 784;
const SIDE = 28;

const MARGIN = 16;
const GAP = 4;
const BLOCK_GAP = 16;
const LABEL_BAND = 22;
const LABEL_GAP = 12;

const PAPER: Color = [255, 255, 255];
const PALE_INK: Color = [90, 90, 90];
const LABEL = { size: 10, color: PALE_INK };

/**
 * Images one after another, 784 values each: floats are pixel means, drawn as
 * if clamped to 0..1, and bytes run from 0 to 255.
 */
export type Images = Float32Array | Uint8Array;

/** How a sheet of images is laid out. */
export interface GridOptions extends Heading {
  /** Images in a row. By default the sheet is as near a square as can be. */
  readonly columns?: number;
  /** Pixels of the picture to a pixel of an image: a whole number, 2 by default. */
  readonly scale?: number;
  /** Pixels between images: 4 by default; with 0 they touch. */
  readonly gap?: number;
  /** Text left of each row, from the top. */
  readonly rowLabels?: readonly string[];
  /** Text above each column, from the left. */
  readonly columnLabels?: readonly string[];
}

const NAMES: ReadonlySet<string> = new Set<keyof GridOptions>([
  ...["title", "subtitle", "columns", "scale", "gap"] as const,
  ...["rowLabels", "columnLabels"] as const,
]);

/**
 * Draws images row by row on a white sheet, cells that are left over staying
 * empty.
 *
 * @param images n × 784 values.
 * @param options Columns, scale, title, subtitle and labels; what stands above
 * the images is wrapped to their width.
 * @returns The sheet.
 * @throws {OptionError} If there is no such option.
 * @throws {RangeError} If there is no image, the last one is cut short, a pixel
 * is not a number, an option is not a whole number of at least 1 (a gap: 0), or
 * there are more labels than rows or columns.
 *
 * @example
 * ```ts
 * import { encodePng, grid } from "@vae/mnist";
 *
 * const images = new Float32Array(64 * 784).map(() => Math.random());
 * const sheet = grid(images, { columns: 8, title: "Noise" });
 * const bytes = encodePng(sheet); // for "noise.png"
 * ```
 */
export function grid(images: Images, options: GridOptions = {}): Picture {
  const tiles = toTiles(images);
  const columns = options.columns ?? Math.ceil(Math.sqrt(tiles.length));
  checkWhole("columns", columns);
  return drawSheet(chunk(tiles, columns), 1, columns, options);
}

/**
 * Draws originals with their reconstructions below them, in blocks of two rows.
 *
 * @param originals n × 784 values.
 * @param reconstructions n × 784 values, in the same order.
 * @param options As for {@linkcode grid}; rows are labelled here.
 * @returns The sheet: the first `columns` pairs in the first block, and so on;
 * by default up to 16 pairs in a block.
 * @throws {RangeError} As {@linkcode grid}, or if the numbers of images differ.
 *
 * @example
 * ```ts
 * import { encodePng, pairGrid } from "@vae/mnist";
 *
 * const originals = new Uint8Array(16 * 784);
 * const reconstructions = new Float32Array(16 * 784);
 * const sheet = pairGrid(originals, reconstructions, { columns: 8 });
 * const bytes = encodePng(sheet); // for "pairs.png"
 * ```
 */
export function pairGrid(
  originals: Images,
  reconstructions: Images,
  options: Omit<GridOptions, "rowLabels"> = {},
): Picture {
  const upper = toTiles(originals);
  const lower = toTiles(reconstructions);
  if (upper.length !== lower.length) {
    throw new RangeError(
      `there are ${upper.length} originals but ${lower.length} reconstructions: pairs need as many of each`,
    );
  }
  const columns = options.columns ?? Math.min(16, upper.length);
  checkWhole("columns", columns);
  const below = chunk(lower, columns);
  const rows = chunk(upper, columns).flatMap((row, i) => [row, below[i]]);
  const rowLabels = rows.map((_, i) => i % 2 ? "reconstruction" : "original");
  return drawSheet(rows, 2, columns, { ...options, rowLabels });
}

function drawSheet(
  rows: Uint8Array[][],
  rowsInBlock: number,
  columns: number,
  options: GridOptions,
): Picture {
  const { scale = 2, gap = GAP, rowLabels = [], columnLabels = [] } = options;
  const unknown = Object.keys(options).find((name) => !NAMES.has(name));
  if (unknown !== undefined) {
    throw new OptionError(`there is no option ${oneLine(unknown)}`);
  }
  checkWhole("scale", scale);
  checkWhole("gap", gap, 0);
  checkLabels("row", rowLabels, rows.length);
  checkLabels("column", columnLabels, columns);

  const side = SIDE * scale;
  const labels = rowLabels.map((text) =>
    Math.ceil(textWidth(text, LABEL.size))
  );
  const left = MARGIN +
    (labels.length > 0 ? Math.max(...labels) + LABEL_GAP : 0);
  const top = MARGIN + (columnLabels.length > 0 ? LABEL_BAND : 0);
  const cellX = (column: number) => left + column * (side + gap);
  const cellY = (row: number) =>
    top + row * (side + gap) +
    Math.floor(row / rowsInBlock) * (rowsInBlock > 1 ? BLOCK_GAP - gap : 0);

  const sheet = blank(
    cellX(columns) - gap + MARGIN,
    cellY(rows.length - 1) + side + MARGIN,
    PAPER,
  );
  columnLabels.forEach((text, column) => {
    const x = cellX(column) + (side - textWidth(text, LABEL.size)) / 2;
    drawText(sheet, text, x, top - 10, LABEL);
  });
  rowLabels.forEach((text, row) => {
    const x = left - LABEL_GAP - labels[row];
    drawText(sheet, text, x, cellY(row) + (side + LABEL.size) / 2, LABEL);
  });
  rows.forEach((row, r) =>
    row.forEach((tile, c) => drawTile(sheet, tile, cellX(c), cellY(r), scale))
  );
  return displayedPicture(withHeading(sheet, options, MARGIN));
}

/** Copies an image, white on black as MNIST is, each pixel a square. */
export function drawTile(
  { width, pixels }: Picture,
  tile: Uint8Array,
  left: number,
  top: number,
  scale: number,
): void {
  for (let y = 0; y < SIDE * scale; y++) {
    for (let x = 0; x < SIDE * scale; x++) {
      const from = Math.floor(y / scale) * SIDE + Math.floor(x / scale);
      const to = 3 * ((top + y) * width + left + x);
      pixels.fill(tile[from], to, to + 3);
    }
  }
}

/** Splits images into one array of 784 bytes each. */
export function toTiles(images: Images): Uint8Array[] {
  if (images.length === 0 || images.length % PIXELS !== 0) {
    throw new RangeError(
      `${images.length} values are not a whole number of images: each takes ${PIXELS}, and there must be at least one`,
    );
  }
  return chunk(toBytes(images), PIXELS);
}

/** Turns images into bytes as they are drawn, each from 0 to 255. */
export function toBytes(images: Images): Uint8Array {
  if (images instanceof Uint8Array) return images;
  const bad = images.findIndex(Number.isNaN);
  if (bad >= 0) {
    throw new RangeError(
      `image ${Math.floor(bad / PIXELS)} cannot be drawn: its pixel ${
        bad % PIXELS
      } is NaN`,
    );
  }
  // This kind of array rounds and clamps what is put in.
  return new Uint8Array(
    Uint8ClampedArray.from(images, (mean) => 255 * mean).buffer,
  );
}

function chunk(values: Uint8Array, size: number): Uint8Array[];
function chunk<T>(values: T[], size: number): T[][];
function chunk<T>(values: T[] | Uint8Array, size: number): unknown[] {
  return Array.from(
    { length: Math.ceil(values.length / size) },
    (_, i) => values.slice(i * size, (i + 1) * size),
  );
}

function checkWhole(name: string, value: number, least = 1): void {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(
      `a grid's ${name} must be a whole number of at least ${least}, not ${value}`,
    );
  }
}

function checkLabels(
  kind: string,
  labels: readonly string[],
  most: number,
): void {
  if (labels.length > most) {
    throw new RangeError(
      `${labels.length} ${kind} labels are too many for a grid of ${most} ${kind}s`,
    );
  }
}
