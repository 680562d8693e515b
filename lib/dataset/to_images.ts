/**
 * Makes pictures of any size and colour what the model sees: 28×28 grey pixels,
 * light on dark.
 *
 * @module
 */
import { IMAGE_PIXELS, IMAGE_SIZE } from "../model/spec.ts";
import type { DataOptions } from "../options/run.ts";
import type { Picture } from "./picture_sets.ts";

/** How the pictures of a set are made images, all in the same way. */
export interface Conversion {
  /** The grey behind what is transparent, if anything is. */
  readonly backdrop: number | null;
  /** Whether light and dark change places. */
  readonly isInverted: boolean;
  /** Whether the centre of mass goes to the middle. */
  readonly isCentred: boolean;
}

/** A choice of that, by the pictures that were looked at. */
export interface ChosenConversion extends Conversion {
  readonly looked: number;
  /** How many of them have other borders, light or dark, than most. */
  readonly unlike: number;
}

const [BLACK, WHITE] = [0, 255];

/**
 * What is rounded up: halves, and what misses them by the rounding of values to
 * single precision, so that these become the images that bytes do.
 */
const HALF = 0.5 + 2 ** -15;

/** Of two halves, the lighter one begins here. */
const MIDDLE = (BLACK + WHITE) / 2;

/**
 * Chooses how the pictures of a set become images, by some of them.
 *
 * What is transparent has no colour of its own: it is white, unless that would
 * hide what is visible, which is white ink on nothing. So it is taken as black
 * where the visible pixels are in the lighter half on average.
 *
 * `invert: "auto"` turns light and dark round where the median of the borders'
 * medians is in the lighter half: MNIST is light on dark, and so what is zero is
 * the background.
 */
export async function chooseConversion(
  sample: Iterable<Picture> | AsyncIterable<Picture>,
  { invert, centre }: Pick<DataOptions, "invert" | "centre">,
): Promise<ChosenConversion> {
  let visible = 0, lightness = 0, isTransparent = false;
  const borders: Record<"onWhite" | "onBlack", number[]> = {
    onWhite: [],
    onBlack: [],
  };
  for await (const picture of sample) {
    if (picture.channels % 2 === 0) {
      const seen = visiblePart(picture);
      visible += seen.visible;
      lightness += seen.lightness;
      isTransparent ||= seen.isTransparent;
    }
    borders.onWhite.push(borderOf(picture, WHITE));
    borders.onBlack.push(borderOf(picture, BLACK));
  }
  const isLight = isTransparent && lightness > MIDDLE * visible;
  const greys = isLight ? borders.onBlack : borders.onWhite;
  const areLight = median(greys) > MIDDLE;
  return {
    backdrop: isTransparent ? isLight ? BLACK : WHITE : null,
    isInverted: invert === "auto" ? areLight : invert === "always",
    looked: greys.length,
    unlike: greys.filter((grey) => grey > MIDDLE !== areLight).length,
    isCentred: centre,
  };
}

/** Sums up the opaqueness of a picture's pixels, and their grey by that. */
function visiblePart(
  picture: Picture,
): { visible: number; lightness: number; isTransparent: boolean } {
  const { width, height, channels, values, black, white } = picture;
  const opaque = new Float64Array(width);
  let visible = 0, lightness = 0;
  for (let y = 0; y < height; y++) {
    // On black, a pixel's grey is that of its ink by its opaqueness.
    greyRow(picture, y, BLACK, opaque);
    for (let x = 0; x < width; x++) {
      const alpha = values[(y * width + x + 1) * channels - 1];
      visible += (alpha - black) / (white - black);
      lightness += opaque[x];
    }
  }
  return { visible, lightness, isTransparent: visible < width * height };
}

/**
 * Makes an image of a picture: its grey by Rec. 601, 0.299 R + 0.587 G + 0.114 B;
 * made square with its border's grey, the median, on both sides; scaled, each
 * pixel to the average of the area that it covers. A grey picture of 28×28
 * pixels of 8 bits stays what it is.
 *
 * Centred, the image's centre of mass goes to the middle, (14, 14) from the
 * corner, to the nearest whole pixel, so that nothing is blurred: as MNIST was
 * made, https://yann.lecun.com/exdb/mnist/. Mass is what differs from the border
 * in the direction of ink.
 *
 * @param image 784 pixels to write to.
 * @returns Whether the picture had to be made square.
 * @throws {RangeError} If it has values that are not finite.
 */
export function toImage(
  picture: Picture,
  how: Conversion,
  image: Uint8Array,
): { isPadded: boolean } {
  const { width, height } = picture;
  const backdrop = how.backdrop ?? WHITE;
  const isPadded = width !== height;
  const border = isPadded || how.isCentred ? borderOf(picture, backdrop) : 0;
  const scaled = scale(picture, backdrop, border);
  for (let i = 0; i < IMAGE_PIXELS; i++) {
    const grey = scaled[i];
    if (!Number.isFinite(grey)) {
      throw new RangeError("it has values that are no finite numbers");
    }
    const byte = Math.max(BLACK, Math.min(WHITE, Math.floor(grey + HALF)));
    image[i] = how.isInverted ? WHITE - byte : byte;
  }
  if (how.isCentred) {
    centre(image, how.isInverted ? WHITE - border : border);
  }
  return { isPadded };
}

/** Returns a picture's greys, from 0 (no ink) to 255, at its own size. */
export function greysOf(
  picture: Picture,
  { backdrop, isInverted }: Pick<Conversion, "backdrop" | "isInverted">,
): Float64Array {
  const { width, height } = picture;
  const greys = new Float64Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = greys.subarray(y * width, (y + 1) * width);
    greyRow(picture, y, backdrop ?? WHITE, row);
  }
  return isInverted ? greys.map((grey) => WHITE - grey) : greys;
}

/**
 * Averages areas, exactly: both axes are measured in 1/28 of a picture's pixel,
 * of which a picture's pixel has 28 and an image's as many as the square's side.
 */
function scale(
  picture: Picture,
  backdrop: number,
  border: number,
): Float64Array {
  const { width, height } = picture;
  const side = Math.max(width, height);
  const [left, top] = [width, height].map((size) => (side - size) >> 1);
  const sums = new Float64Array(IMAGE_PIXELS);
  const row = new Float64Array(side).fill(border);
  const inside = row.subarray(left, left + width);
  const cells = new Float64Array(IMAGE_SIZE);
  const padding = new Float64Array(IMAGE_SIZE).fill(border * side);
  for (let y = 0; y < side; y++) {
    const isInside = y >= top && y < top + height;
    if (isInside) {
      greyRow(picture, y - top, backdrop, inside);
      sumCells(row, cells);
    }
    const shares = isInside ? cells : padding;
    for (let from = y * IMAGE_SIZE, end = from + IMAGE_SIZE; from < end;) {
      const cell = Math.floor(from / side);
      const to = Math.min(end, (cell + 1) * side);
      const first = cell * IMAGE_SIZE;
      for (let x = 0; x < IMAGE_SIZE; x++) {
        sums[first + x] += (to - from) * shares[x];
      }
      from = to;
    }
  }
  return sums.map((sum) => sum / (side * side));
}

/** Sums up a row's greys in each cell of an image, by what of it they cover. */
function sumCells(row: Float64Array, cells: Float64Array): void {
  const side = row.length;
  cells.fill(0);
  let cell = 0, end = side;
  for (let x = 0, from = 0; x < side; x++) {
    const last = from + IMAGE_SIZE;
    for (; end < last; end += side) {
      cells[cell++] += (end - from) * row[x];
      from = end;
    }
    cells[cell] += (last - from) * row[x];
    from = last;
  }
}

/** Writes a row of a picture as greys from 0 to 255. */
function greyRow(
  { width, channels, black, white, values }: Picture,
  y: number,
  backdrop: number,
  row: Float64Array,
): void {
  for (let x = 0, at = y * width * channels; x < width; x++, at += channels) {
    const value = channels < 3
      ? values[at]
      : (299 * values[at] + 587 * values[at + 1] + 114 * values[at + 2]) / 1000;
    const grey = (value - black) * WHITE / (white - black);
    if (channels % 2 === 1) row[x] = grey;
    else {
      const alpha = (values[at + channels - 1] - black) / (white - black);
      row[x] = alpha * grey + (1 - alpha) * backdrop;
    }
  }
}

/** Returns the median grey of a picture's outermost pixels. */
function borderOf(picture: Picture, backdrop: number): number {
  const { width, height } = picture;
  const greys: number[] = [];
  const row = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    greyRow(picture, y, backdrop, row);
    if (y === 0 || y === height - 1) {
      for (const grey of row) greys.push(grey);
    } else if (width === 1) greys.push(row[0]);
    else greys.push(row[0], row[width - 1]);
  }
  return median(greys);
}

/** Returns the middle one, the lower of two, so that it is one that there is. */
function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[(sorted.length - 1) >> 1];
}

/** Moves an image by whole pixels; what comes in is background. */
function centre(image: Uint8Array, background: number): void {
  let mass = 0, right = 0, down = 0;
  for (let i = 0; i < IMAGE_PIXELS; i++) {
    const ink = Math.max(0, image[i] - background);
    mass += ink;
    right += ink * (i % IMAGE_SIZE + 0.5);
    down += ink * (Math.floor(i / IMAGE_SIZE) + 0.5);
  }
  if (mass === 0) return;
  const [dx, dy] = [right, down].map((sum) =>
    Math.round(IMAGE_SIZE / 2 - sum / mass)
  );
  const before = image.slice();
  const inside = (at: number) => at >= 0 && at < IMAGE_SIZE;
  for (let y = 0; y < IMAGE_SIZE; y++) {
    for (let x = 0; x < IMAGE_SIZE; x++) {
      image[y * IMAGE_SIZE + x] = inside(x - dx) && inside(y - dy)
        ? before[(y - dy) * IMAGE_SIZE + x - dx]
        : Math.round(background);
    }
  }
}
