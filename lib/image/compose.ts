/**
 * Pictures side by side.
 *
 * @module
 */
import { blank, type Picture } from "./picture.ts";
import { PAPER } from "./plot.ts";

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
  const sheet = blank(sum(widths), sum(heights), PAPER);
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
