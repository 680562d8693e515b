/**
 * Draws text in pictures: a small sans-serif font of single strokes, so that
 * one table serves every size and is drawn as smoothly as the curves beside it.
 *
 * A glyph is one or more strokes separated by `|`, a stroke a list of points
 * `x,y`: x from the glyph's left edge, y upward from the baseline; capitals are
 * 7 high, small letters 5, descenders reach −2. A plain point is reached by a
 * straight line, `h` and `v` points by a quarter of an ellipse that leaves
 * horizontally or vertically.
 *
 * @module
 */
import { type Color, drawLines, type Picture, type Point } from "./picture.ts";

const CAP_HEIGHT = 7;
const SPACE = 1.2;
/** Stroke width and the room between glyphs, in the glyphs' units. */
const WEIGHT = 0.95;
const SPACING = 1.85;

const GLYPHS: Record<string, string> = {
  "!": "0,7 0,2.2 | 0,0.1",
  '"': "0,7 0,5 | 1.6,7 1.6,5",
  "#": "1.2,0 2.2,7 | 3.2,0 4.2,7 | 0.2,4.7 5.2,4.7 | 0,2.3 5,2.3",
  "$": "4.2,5.2 v2.2,6.3 h0.2,4.9 v2.2,3.5 h4.4,2.1 v2.2,0.7 h0,1.9 | " +
    "2.2,7.5 2.2,-0.5",
  "%": "1.2,7 h2.4,5.5 v1.2,4 h0,5.5 v1.2,7 | 5,3 h6.2,1.5 v5,0 h3.8,1.5 v5,3" +
    " | 5,7 1.2,0",
  "&": "5,0 1.2,4.4 h0.6,5.6 v2,7 h3.4,5.6 1.4,3.5 h0,1.8 v1.9,0 h4.8,3.2",
  "'": "0,7 0,5",
  "(": "1.6,7.6 0.6,5.6 0.1,3.6 0,2.9 0.1,2.2 0.6,0.2 1.6,-1.8",
  ")": "0,7.6 1,5.6 1.5,3.6 1.6,2.9 1.5,2.2 1,0.2 0,-1.8",
  "*": "1.6,7 1.6,3.8 | 0.2,6.2 3,4.6 | 0.2,4.6 3,6.2",
  "+": "2.1,1 2.1,5.4 | 0,3.2 4.2,3.2",
  ",": "0.6,0.1 0.6,-0.2 0,-1.4",
  "-": "0,3 2.4,3",
  ".": "0,0.1",
  "/": "0,-0.8 2.8,7.2",
  "0": "2.2,7 h4.4,4.4 4.4,2.6 v2.2,0 h0,2.6 0,4.4 v2.2,7",
  "1": "0,5.5 1.8,7 1.8,0",
  "2": "0,5.2 v2.1,7 h4.2,5.1 3.6,3.7 0,0 4.4,0",
  "3": "0.2,5.6 v2.1,7 h4.1,5.3 v2.1,3.7 1.3,3.7 | " +
    "2.1,3.7 h4.4,1.85 v2.1,0 h0,1.5",
  "4": "3.5,0 3.5,7 0,1.9 4.7,1.9",
  "5": "4,7 0.6,7 0.4,3.5 v2.2,4.4 h4.4,2.2 v2.1,0 h0,1.3",
  "6": "4,6 v2.4,7 h0,3 0,2.2 v2.2,0 h4.4,2.2 v2.2,4.4 h0,2.2",
  "7": "0,7 4.3,7 1.4,0",
  "8": "2.2,7 h4.1,5.35 v2.2,3.7 h0.3,5.35 v2.2,7 | " +
    "2.2,3.7 h4.4,1.85 v2.2,0 h0,1.85 v2.2,3.7",
  "9": "0.4,1 v2,0 h4.4,4 4.4,4.8 v2.2,7 h0,4.8 v2.2,2.6 h4.4,4.8",
  ":": "0,4.4 | 0,0.1",
  ";": "0.6,4.4 | 0.6,0.1 0.6,-0.2 0,-1.4",
  "<": "4,5.6 0,3.2 4,0.8",
  "=": "0,4.3 4.2,4.3 | 0,2 4.2,2",
  ">": "0,5.6 4,3.2 0,0.8",
  "?": "0,5.4 v1.9,7 h3.8,5.3 v1.9,3.1 1.9,2.2 | 1.9,0.1",
  "@": "4.8,2 v3.4,4.6 h2,2.9 v3.4,1.2 h4.8,2.9 v6.2,1.4 h7,3.2 v3.6,6.4 " +
    "h0,2.6 v3.6,-1.2 5.4,-0.8",
  "A": "0,0 2.6,7 5.2,0 | 0.9,2.4 4.3,2.4",
  "B": "0,0 0,7 2.4,7 h4.2,5.35 v2.4,3.7 0,3.7 | 2.4,3.7 h4.6,1.85 v2.4,0 0,0",
  "C": "5,5.3 v2.8,7 h0,3.5 v2.8,0 h5,1.7",
  "D": "0,0 0,7 1.9,7 h5,3.5 v1.9,0 0,0",
  "E": "4.1,7 0,7 0,0 4.2,0 | 0,3.7 3.6,3.7",
  "F": "4.1,7 0,7 0,0 | 0,3.6 3.6,3.6",
  "G": "5,5.3 v2.8,7 h0,3.5 v2.8,0 h5.2,2.2 5.2,3.3 3.1,3.3",
  "H": "0,0 0,7 | 4.8,0 4.8,7 | 0,3.7 4.8,3.7",
  "I": "0,0 0,7",
  "J": "3,7 3,1.8 v1.5,0 h0,1.5",
  "K": "0,0 0,7 | 4.4,7 0,2.5 | 1.6,4.1 4.6,0",
  "L": "0,7 0,0 3.9,0",
  "M": "0,0 0,7 2.9,1.8 5.8,7 5.8,0",
  "N": "0,0 0,7 4.8,0 4.8,7",
  "O": "2.8,7 h5.6,3.5 v2.8,0 h0,3.5 v2.8,7",
  "P": "0,0 0,7 2.4,7 h4.4,5.05 v2.4,3.1 0,3.1",
  "Q": "2.8,7 h5.6,3.5 v2.8,0 h0,3.5 v2.8,7 | 3.5,1.7 5.5,-0.5",
  "R": "0,0 0,7 2.4,7 h4.4,5.05 v2.4,3.1 0,3.1 | 2.3,3.1 4.6,0",
  "S": "4.2,5.5 v2.3,7 h0.2,5.3 v2.3,3.65 h4.5,1.8 v2.2,0 h0,1.6",
  "T": "0,7 5,7 | 2.5,7 2.5,0",
  "U": "0,7 0,2.5 v2.4,0 h4.8,2.5 4.8,7",
  "V": "0,7 2.6,0 5.2,7",
  "W": "0,7 1.7,0 3.5,6.4 5.3,0 7,7",
  "X": "0,0 4.8,7 | 0,7 4.8,0",
  "Y": "0,7 2.5,3.4 5,7 | 2.5,3.4 2.5,0",
  "Z": "0,7 4.6,7 0,0 4.7,0",
  "[": "1.4,7.4 0,7.4 0,-1.6 1.4,-1.6",
  "\\": "0,7.2 2.8,-0.8",
  "]": "0,7.4 1.4,7.4 1.4,-1.6 0,-1.6",
  "^": "0,4.6 1.8,7 3.6,4.6",
  "_": "0,-1.2 4.4,-1.2",
  "`": "0,7.2 1,6",
  "a": "0.3,3.9 v2,5 h3.7,3.3 3.7,0 | 3.7,3 1.9,3 h0,1.5 v1.6,0 h3.7,1.8",
  "b": "0,7 0,0 | 0,2.5 v2,5 h4.1,2.5 v2,0 h0,2.5",
  "c": "3.7,3.8 v2,5 h0,2.5 v2,0 h3.7,1.2",
  "d": "4.1,7 4.1,0 | 4.1,2.5 v2.1,5 h0,2.5 v2.1,0 h4.1,2.5",
  "e": "0,2.7 4,2.7 v2,5 h0,2.5 v2.1,0 h3.8,1.1",
  "f": "2.8,7 2.4,7 h1,5.6 1,0 | 0,4.8 2.6,4.8",
  "g": "4.1,5 4.1,-0.2 v2.1,-2 h0.3,-1.2 | " +
    "4.1,2.6 v2.1,5 h0,2.6 v2.1,0.2 h4.1,2.6",
  "h": "0,0 0,7 | 0,2.8 v2,5 h3.7,3 3.7,0",
  "i": "0,0 0,5 | 0,6.8",
  "j": "1,5 1,-0.7 v0,-2 | 1,6.8",
  "k": "0,0 0,7 | 3.4,5 0,1.7 | 1.3,3 3.6,0",
  "l": "0,7 0,1.1 v0.9,0",
  "m": "0,0 0,5 | 0,3 v1.7,5 h3.1,3.3 3.1,0 | 3.1,3 v4.8,5 h6.2,3.3 6.2,0",
  "n": "0,0 0,5 | 0,2.8 v2,5 h3.7,3 3.7,0",
  "o": "2.1,5 h4.2,2.5 v2.1,0 h0,2.5 v2.1,5",
  "p": "0,-2 0,5 | 0,2.5 v2,5 h4.1,2.5 v2,0 h0,2.5",
  "q": "4.1,-2 4.1,5 | 4.1,2.5 v2.1,5 h0,2.5 v2.1,0 h4.1,2.5",
  "r": "0,0 0,5 | 0,2.8 v1.9,5 2.3,5",
  "s": "3.2,4 v1.8,5 h0.2,3.75 v1.8,2.6 h3.5,1.3 v1.7,0 h0,1.1",
  "t": "1,6.6 1,1.3 v2.3,0 2.6,0 | 0,4.8 2.5,4.8",
  "u": "0,5 0,2 v1.7,0 h3.7,2.2 | 3.7,5 3.7,0",
  "v": "0,5 1.9,0 3.8,5",
  "w": "0,5 1.4,0 2.8,4.5 4.2,0 5.6,5",
  "x": "0,0 3.6,5 | 0,5 3.6,0",
  "y": "0,5 2,0.1 | 3.9,5 1.6,-0.9 v0.6,-2 0.2,-2",
  "z": "0,5 3.4,5 0,0 3.5,0",
  "{": "1.8,7.4 h0.8,6.4 0.8,4 v0,2.9 h0.8,1.8 0.8,-0.6 v1.8,-1.6",
  "|": "0,7.6 0,-1.8",
  "}": "0,7.4 h1,6.4 1,4 v1.8,2.9 h1,1.8 1,-0.6 v0,-1.6",
  "~": "0,2.8 v1.2,3.8 2.8,2.7 h4,3.7",
  "²": "0,6.4 v1.1,7.3 h2.2,6.4 1.9,5.7 0,3.9 2.4,3.9",
  "·": "0.3,3",
  "×": "0,1.4 3.6,5 | 0,5 3.6,1.4",
  "–": "0,3 4,3",
  "…": "0,0.1 | 2,0.1 | 4,0.1",
  "β": "0,-2 0,5 v2,7 h3.8,5.4 v2,3.9 1.4,3.9 | 2,3.9 h4.2,1.95 v2,0 h0,1.4",
  "ε": "3.1,4.2 v1.8,5 h0.3,3.8 v1.8,2.65 2.3,2.65 | " +
    "1.8,2.65 h0,1.3 v1.8,0 h3.3,1",
  "μ": "0,-2 0,5 | 0,2 v1.7,0 h3.7,2.2 | 3.7,5 3.7,0",
  "σ": "4.7,5 2.1,5 h0,2.5 v2.1,0 h4.2,2.5 v2.1,5",
};

/** Letters that are no other letter with an accent, and quotes. */
const ALIKE: Readonly<Record<string, string>> = {
  ...{ "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE" },
  ...{ "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i" },
  ...{ "‘": "'", "’": "'", "“": '"', "”": '"', "—": "–", "−": "–", "µ": "μ" },
};

/** An empty box stands for a character the font does not have. */
const UNKNOWN = "0,0 0,7 4,7 4,0 0,0";

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Splits a text into characters as they are read, of which each is a glyph:
 * accents are left out, for the font has none.
 */
function charactersOf(text: string): string[] {
  return [...segmenter.segment(text)].flatMap(({ segment }) => {
    const [plain] = segment.normalize("NFD");
    return ALIKE[segment] !== undefined
      ? [...ALIKE[segment]]
      : plain in GLYPHS || plain === " "
      ? [plain]
      : [segment];
  });
}

/** Says whether the font has all letters of a text, but for accents. */
export function isLegible(text: string): boolean {
  return charactersOf(text).every((c) => c in GLYPHS || c === " ");
}

/** The lines of each character met so far. */
const parsed = new Map<string, Point[][]>();

/** How text is drawn: the height of its capitals in pixels, and its colour. */
export interface TextStyle {
  /** Height of a capital letter, in pixels. */
  readonly size: number;
  /** Colour of the strokes. */
  readonly color: Color;
  /** Thicker strokes, for titles. */
  readonly bold?: boolean;
  /** Turns the text to be read upward: `x` is its baseline, `y` its lower end. */
  readonly upward?: boolean;
}

/** Returns the width of a line of text in pixels, from first to last ink. */
export function textWidth(text: string, size: number): number {
  const unit = size / CAP_HEIGHT;
  const glyphs = charactersOf(text).map((c) => advance(c, unit));
  return Math.max(0, glyphs.reduce((sum, a) => sum + a, 0) - SPACING * unit);
}

/** Draws a line of text; `x` is its left end, `y` its baseline. */
export function drawText(
  picture: Picture,
  text: string,
  x: number,
  y: number,
  { size, color, bold, upward = false }: TextStyle,
): void {
  const unit = size / CAP_HEIGHT;
  const weight = Math.max(1, WEIGHT * unit) * (bold ? 1.5 : 1);
  let along = 0;
  for (const character of charactersOf(text)) {
    const [left, low] = upward ? [x, y - along] : [x + along, y];
    // Whole pixels keep upright strokes sharp.
    const [ox, oy] = [Math.round(left) + 0.5, Math.round(low) - 0.5];
    const lines = glyph(character).map((line) =>
      line.map(([px, py]): Point =>
        upward
          ? [ox - py * unit, oy - px * unit]
          : [ox + px * unit, oy - py * unit]
      )
    );
    const dots = lines.filter((line) => line.length === 1);
    const strokes = lines.filter((line) => line.length > 1);
    drawLines(picture, strokes, color, weight);
    // A dot as thin as a stroke is lost beside it.
    drawLines(picture, dots, color, 1.3 * weight);
    along += advance(character, unit);
  }
}

function advance(character: string, unit: number): number {
  const width = character === " "
    ? SPACE
    : Math.max(...glyph(character).flat().map(([x]) => x));
  return (width + SPACING) * unit;
}

function glyph(character: string): Point[][] {
  let lines = parsed.get(character);
  if (lines === undefined) {
    lines = character === " "
      ? []
      : (GLYPHS[character] ?? UNKNOWN).split(" | ").map(parseStroke);
    parsed.set(character, lines);
  }
  return lines;
}

function parseStroke(stroke: string): Point[] {
  const line: Point[] = [];
  for (const token of stroke.split(" ")) {
    const [x, y] = token.replace(/^[hv]/, "").split(",").map(Number);
    if (/^[hv]/.test(token)) line.push(...quarter(line.at(-1)!, [x, y], token));
    line.push([x, y]);
  }
  return line;
}

/** Returns the inner points of a quarter of an ellipse. */
function quarter(from: Point, to: Point, token: string): Point[] {
  return [1, 2, 3, 4, 5, 6, 7].map((step) => {
    const angle = step / 8 * Math.PI / 2;
    const [early, late] = [Math.sin(angle), 1 - Math.cos(angle)];
    const [tx, ty] = token.startsWith("h") ? [early, late] : [late, early];
    return [from[0] + tx * (to[0] - from[0]), from[1] + ty * (to[1] - from[1])];
  });
}
