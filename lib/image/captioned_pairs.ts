/**
 * Draws pairs of 28×28 images side by side, each with lines of text below it.
 *
 * @module
 */
import { drawText, textWidth } from "./font.ts";
import { drawTile, type Images, toTiles } from "./grid.ts";
import { type Heading, withHeading } from "./heading.ts";
import { blank, type Color, type Picture } from "./picture.ts";

/** Pixels on an image's side. */
const SIDE = 28;

const MARGIN = 16;
/** Between the images of a pair, and between pairs. */
const GAP = 4;
const BETWEEN = 16;
/** From one baseline to the next, and below the last. */
const LINE = 15;
const BELOW = 12;

const PAPER: Color = [255, 255, 255];
const CAPTION = { size: 9, color: [70, 70, 70] } as const;

/** How the pairs are laid out. */
export interface CaptionedPairsOptions extends Heading {
  /** Pairs in a row: 5 by default, or as many as there are. */
  readonly columns?: number;
  /** Pixels of the picture to a pixel of an image: 2 by default. */
  readonly scale?: number;
}

/**
 * Draws images with others on their right, row by row, and below each pair its
 * lines of text; what is wider than the pair is cut.
 *
 * @param left n × 784 values.
 * @param right n × 784 values, in the same order.
 * @param captions n lists of lines, as many each.
 */
export function captionedPairs(
  left: Images,
  right: Images,
  captions: readonly (readonly string[])[],
  options: CaptionedPairsOptions = {},
): Picture {
  const { scale = 2 } = options;
  const pairs = [toTiles(left), toTiles(right)];
  const count = pairs[0].length;
  const columns = Math.min(options.columns ?? 5, count);
  const side = SIDE * scale;
  const width = 2 * side + GAP;
  const height = side + captions[0].length * LINE + BELOW;
  const sheet = blank(
    2 * MARGIN + columns * (width + BETWEEN) - BETWEEN,
    2 * MARGIN + Math.ceil(count / columns) * height - BELOW,
    PAPER,
  );
  for (let i = 0; i < count; i++) {
    const x = MARGIN + i % columns * (width + BETWEEN);
    const y = MARGIN + Math.floor(i / columns) * height;
    pairs.forEach((tiles, k) =>
      drawTile(sheet, tiles[i], x + k * (side + GAP), y, scale)
    );
    captions[i].forEach((line, k) =>
      drawText(sheet, cut(line, width), x, y + side + (k + 1) * LINE, CAPTION)
    );
  }
  return withHeading(sheet, options, MARGIN);
}

/** Cuts what is wider than there is room, its end marked by dots. */
function cut(text: string, width: number): string {
  const fits = (text: string) => textWidth(text, CAPTION.size) <= width;
  if (fits(text)) return text;
  const characters = [...text];
  while (!fits(`${characters.join("")}...`)) characters.pop();
  return `${characters.join("")}...`;
}
