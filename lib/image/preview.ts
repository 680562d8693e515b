/**
 * Draws digits in a terminal, with half-block characters.
 *
 * @module
 */
import { type Images, toTiles } from "./grid.ts";

/** An image is halved to 14×14, and a character shows two pixels. */
const SIDE = 14;
const LINES = SIDE / 2;

const RESET = "\x1b[0m";

/** How a preview is drawn. */
export interface PreviewOptions {
  /** Width of the terminal in characters. */
  readonly columns: number;
  /** Greys by escape codes (the default), or plain characters only. */
  readonly color?: boolean;
}

/**
 * Draws a row of digits, as many as fit: 14 characters each and one between
 * two, so 5 in 80 columns and 8 in 120, but always at least one.
 *
 * @param images n × 784 values; see {@linkcode Images}.
 * @param options Width of the terminal, and whether it shows greys.
 * @returns Seven lines, the last with no line break after it. With colours each
 * line ends by resetting them.
 * @throws {RangeError} If the values are not a whole number of images.
 *
 * @example
 * ```ts
 * import { preview } from "@vae/mnist";
 *
 * console.log(preview(new Float32Array(8 * 784), { columns: 120 }));
 * ```
 */
export function preview(
  images: Images,
  { columns, color = true }: PreviewOptions,
): string {
  const digits = toTiles(images).slice(0, fitting(columns)).map(halve);
  const lines = Array.from({ length: LINES }, (_, line) => {
    const parts = digits.map((digit) => {
      const upper = digit.subarray(2 * line * SIDE, (2 * line + 1) * SIDE);
      const lower = digit.subarray((2 * line + 1) * SIDE);
      return color ? greyCells(upper, lower) : plainCells(upper, lower);
    });
    return parts.join(" ");
  });
  return lines.join("\n");
}

/** Counts the digits that {@linkcode preview} shows in so many columns. */
export function fitting(columns: number): number {
  return Math.max(1, Math.floor((columns + 1) / (SIDE + 1)));
}

/** Halves an image: a pixel is the mean of 2×2. */
function halve(tile: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const at = 4 * SIDE * Math.floor(i / SIDE) + 2 * (i % SIDE);
    const below = at + 2 * SIDE;
    return (tile[at] + tile[at + 1] + tile[below] + tile[below + 1]) / 4;
  });
}

/**
 * Draws two rows of pixels: the upper pixel is the colour of ▀, the lower one
 * that of the background.
 */
function greyCells(upper: Uint8Array, lower: Uint8Array): string {
  let line = "";
  let last = "";
  for (let x = 0; x < SIDE; x++) {
    const code = `\x1b[38;5;${grey(upper[x])};48;5;${grey(lower[x])}m`;
    line += code === last ? "▀" : code + "▀";
    last = code;
  }
  return line + RESET;
}

/**
 * Returns the nearest grey of the 256-colour palette: 16, 232 to 255, or 231.
 */
function grey(byte: number): number {
  const step = Math.round((byte - 8) / 10);
  return step < 0 ? 16 : step > 23 ? 231 : 232 + step;
}

function plainCells(upper: Uint8Array, lower: Uint8Array): string {
  let line = "";
  for (let x = 0; x < SIDE; x++) {
    line += " ▀▄█"[(upper[x] > 95 ? 1 : 0) + (lower[x] > 95 ? 2 : 0)];
  }
  return line;
}
