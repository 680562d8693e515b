/**
 * Pictures of 8-bit RGB pixels, sheets of them, and the two things everything
 * is drawn with: rectangles and anti-aliased lines.
 *
 * @module
 */

/** A colour: red, green and blue, 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** What is left free of pictures on a sheet. */
const WHITE: Color = [255, 255, 255];

/** A position in units of the picture; at scale 1 pixel (i, j) covers [i, i + 1) × [j, j + 1). */
export type Point = readonly [x: number, y: number];

/**
 * A picture in memory: rows from the top, three bytes (RGB) a pixel. One that
 * this package has drawn shows itself where a cell of a Jupyter notebook ends
 * with it.
 */
export interface Picture {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** `3 * width * height` bytes. */
  readonly pixels: Uint8Array;
  /**
   * Pixels to a unit of what is drawn: 1 by default. With 2 the same drawing
   * has twice the width and height, and its lines and letters are as sharp.
   */
  readonly scale?: number;
}

/** Makes a picture of one colour, `width` × `height` units large. */
export function blank(
  width: number,
  height: number,
  color: Color,
  scale = 1,
): Picture {
  const picture = {
    width: width * scale,
    height: height * scale,
    pixels: new Uint8Array(3 * width * height * scale ** 2),
    scale,
  };
  fillRect(picture, 0, 0, width, height, color);
  return picture;
}

/**
 * Lays pictures out in rows and columns, each at the left and the top of its
 * cell; a column is as wide as its widest picture, a row as high as its highest.
 *
 * @param rows As many pictures each.
 */
export function compose(rows: readonly (readonly Picture[])[]): Picture {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].width))
  );
  const heights = rows.map((row) =>
    Math.max(...row.map(({ height }) => height))
  );
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const sheet = blank(sum(widths), sum(heights), WHITE);
  rows.forEach((row, r) =>
    row.forEach(({ width, height, pixels }, column) => {
      const left = sum(widths.slice(0, column));
      const top = sum(heights.slice(0, r));
      for (let y = 0; y < height; y++) {
        sheet.pixels.set(
          pixels.subarray(3 * y * width, 3 * (y + 1) * width),
          3 * ((top + y) * sheet.width + left),
        );
      }
    })
  );
  return sheet;
}

/** Fills a rectangle of whole units; what lies outside the picture is cut off. */
export function fillRect(
  picture: Picture,
  x: number,
  y: number,
  width: number,
  height: number,
  color: Color,
): void {
  const scale = picture.scale ?? 1;
  [x, y, width, height] = [x, y, width, height].map((v) => v * scale);
  const right = Math.min(x + width, picture.width);
  const bottom = Math.min(y + height, picture.height);
  for (let row = Math.max(y, 0); row < bottom; row++) {
    for (let column = Math.max(x, 0); column < right; column++) {
      picture.pixels.set(color, 3 * (row * picture.width + column));
    }
  }
}

/**
 * Draws connected, anti-aliased lines with round ends and joins. A line of one
 * point is a disc of diameter `width`. Lines drawn by one call are one shape:
 * where they cross or join, edges are not blended twice. With an `opacity` below
 * 1 what lies beneath shines through.
 */
export function drawLines(
  picture: Picture,
  lines: readonly (readonly Point[])[],
  color: Color,
  width: number,
  opacity = 1,
): void {
  const { scale = 1 } = picture;
  if (scale !== 1) {
    width *= scale;
    lines = lines.map((line) => line.map(([x, y]) => [scale * x, scale * y]));
  }
  const reach = width / 2 + 0.5;
  const points = lines.flat();
  const left = Math.max(0, Math.floor(least(points, 0) - reach));
  const top = Math.max(0, Math.floor(least(points, 1) - reach));
  const right = Math.min(picture.width, Math.ceil(most(points, 0) + reach));
  const bottom = Math.min(picture.height, Math.ceil(most(points, 1) + reach));
  if (left >= right || top >= bottom) return;
  const columns = right - left;
  const coverage = new Float32Array(columns * (bottom - top));
  for (const line of lines) {
    for (let i = Math.min(1, line.length - 1); i < line.length; i++) {
      const [from, to] = [line[Math.max(0, i - 1)], line[i]];
      const ends = [from, to];
      const x1 = Math.min(right, Math.ceil(most(ends, 0) + reach));
      const y1 = Math.min(bottom, Math.ceil(most(ends, 1) + reach));
      const x0 = Math.max(left, Math.floor(least(ends, 0) - reach));
      const y0 = Math.max(top, Math.floor(least(ends, 1) - reach));
      for (let y = y0; y < y1; y++) {
        for (let x = x0; x < x1; x++) {
          const covered = reach - distance(x + 0.5, y + 0.5, from, to);
          const at = (y - top) * columns + x - left;
          if (covered > coverage[at]) coverage[at] = Math.min(1, covered);
        }
      }
    }
  }
  for (let at = 0; at < coverage.length; at++) {
    if (coverage[at] === 0) continue;
    const y = top + Math.floor(at / columns);
    const pixel = 3 * (y * picture.width + left + at % columns);
    for (let channel = 0; channel < 3; channel++) {
      const under = picture.pixels[pixel + channel];
      picture.pixels[pixel + channel] = Math.round(
        under + opacity * coverage[at] * (color[channel] - under),
      );
    }
  }
}

function least(points: readonly Point[], axis: 0 | 1): number {
  return points.reduce((value, p) => Math.min(value, p[axis]), Infinity);
}

function most(points: readonly Point[], axis: 0 | 1): number {
  return points.reduce((value, p) => Math.max(value, p[axis]), -Infinity);
}

/** Returns the distance from (x, y) to the nearest point of the segment. */
function distance(x: number, y: number, from: Point, to: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const [px, py] = [x - from[0], y - from[1]];
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0
    ? 0
    : Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
  return Math.hypot(px - t * dx, py - t * dy);
}
