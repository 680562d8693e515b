/**
 * Writes above a picture what it shows, and of which model: every picture's
 * title is drawn here.
 *
 * @module
 */
import { drawText, textWidth } from "./font.ts";
import { blank, type Color, type Picture } from "./picture.ts";

const PAPER: Color = [255, 255, 255];
// Greys: the frames of an animation have no other colours.
const TITLE = { size: 13, color: [30, 30, 30], bold: true } as const;
const SUBTITLE = { size: 10, color: [90, 90, 90] } as const;
/** From one baseline to the next. */
const TITLE_LINE = 21;
const SUBTITLE_LINE = 17;
/** Between title and subtitle, besides. */
const BETWEEN = 3;
/** A picture narrower than this is widened: shorter lines read badly. */
const LEAST_WIDTH = 232;

/** What stands above a picture. */
export interface Heading {
  /** What it shows: wrapped to the picture's width. */
  readonly title?: string;
  /** A smaller text below the title: the model, for example. */
  readonly subtitle?: string;
}

/**
 * Puts a heading above a picture, its lines wrapped to the picture's width.
 *
 * @param picture What the heading is of: it has a margin of its own.
 * @param heading Nothing is added where both texts are missing or empty.
 * @param margin Units that are left free around the heading.
 * @returns The picture with a band above it; one narrower than 232 units
 * between its margins is widened to as much.
 */
export function withHeading(
  picture: Picture,
  { title = "", subtitle = "" }: Heading,
  margin: number,
): Picture {
  const { scale = 1 } = picture;
  const width = Math.max(picture.width / scale - 2 * margin, LEAST_WIDTH);
  const titles = wrapText(title, TITLE.size, width);
  const subtitles = wrapText(subtitle, SUBTITLE.size, width);
  if (titles.length + subtitles.length === 0) return picture;
  const band = margin + titles.length * TITLE_LINE +
    subtitles.length * SUBTITLE_LINE + BETWEEN;
  const sheet = blank(
    width + 2 * margin,
    band + picture.height / scale,
    PAPER,
    scale,
  );
  let y = margin + TITLE.size - TITLE_LINE;
  for (const line of titles) {
    drawText(sheet, line, margin, y += TITLE_LINE, TITLE);
  }
  y += BETWEEN;
  for (const line of subtitles) {
    drawText(sheet, line, margin, y += SUBTITLE_LINE, SUBTITLE);
  }
  for (let row = 0; row < picture.height; row++) {
    const from = 3 * row * picture.width;
    sheet.pixels.set(
      picture.pixels.subarray(from, from + 3 * picture.width),
      3 * (band * scale + row) * sheet.width,
    );
  }
  return sheet;
}

/**
 * Breaks a text into lines between its words; a word wider than a line is
 * broken wherever the line is full.
 *
 * @param size Height of a capital letter.
 * @param width What a line may be wide at most.
 * @returns The lines: none of an empty text.
 */
export function wrapText(text: string, size: number, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  const fits = (text: string) => textWidth(text, size) <= width;
  for (const word of text.split(" ").filter((word) => word !== "")) {
    const longer = line ? `${line} ${word}` : word;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line) lines.push(line);
    line = "";
    for (const character of word) {
      if (line && !fits(line + character)) {
        lines.push(line);
        line = "";
      }
      line += character;
    }
  }
  return line ? [...lines, line] : lines;
}
