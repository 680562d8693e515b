/**
 * Tables on the terminal, within its columns.
 *
 * @module
 */
import { COLUMNS, pad, widthOf, wrap } from "./columns.ts";

const GAP = "  ";

/**
 * Lays out a table whose lines take 80 columns at most: where the cells are too
 * long, those of words go over several lines. Columns of numbers are set to the
 * right and never broken.
 *
 * @param head Names of the columns.
 * @param rows As many cells each.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const isNumeric = head.map((_, column) =>
    rows.every((row) => /^(–?$|[–−-]?\d)/.test(row[column]))
  );
  const all = [head, ...rows];
  const words = (cell: string) => cell.split(" ").map(widthOf);
  const natural = head.map((_, column) =>
    Math.max(...all.map((row) => widthOf(row[column])))
  );
  // What a column cannot do with less: a number, or the longest of its words.
  const least = head.map((name, column) =>
    Math.max(
      ...words(name),
      ...rows.flatMap((row) =>
        isNumeric[column] ? widthOf(row[column]) : words(row[column])
      ),
    )
  );
  const widths = fit(natural, least, COLUMNS - GAP.length * (head.length - 1));
  return all.flatMap((row) => {
    const cells = row.map((cell, column) => wrap(cell, widths[column]));
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from(
      { length: height },
      (_, line) =>
        cells.map((lines, column) =>
          pad(lines[line] ?? "", widths[column], isNumeric[column])
        ).join(GAP).trimEnd(),
    );
  }).join("\n");
}

/** Narrows the widest columns, one step at a time, until all fit. */
function fit(
  natural: readonly number[],
  least: readonly number[],
  room: number,
): number[] {
  const widths = [...natural];
  for (
    let over = widths.reduce((sum, width) => sum + width, 0) - room;
    over > 0;
    over--
  ) {
    let widest = -1;
    for (const [column, width] of widths.entries()) {
      const isWider = widest < 0 || width > widths[widest];
      if (width > least[column] && isWider) widest = column;
    }
    if (widest < 0) break;
    widths[widest]--;
  }
  return widths;
}

/**
 * Lays out rows of a name, perhaps a value, and what there is to say of it: the
 * last over as many lines as it takes.
 *
 * @param widths Columns of the cells before the last, with the space after them.
 */
export function nameRows(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
): string {
  return rows.flatMap((row) => {
    const before = row.slice(0, -1).map((cell, i) => pad(cell, widths[i]))
      .join("");
    const indent = widthOf(before);
    return wrap(row.at(-1)!, COLUMNS - indent).map((line, i) =>
      ((i === 0 ? before : " ".repeat(indent)) + line).trimEnd()
    );
  }).join("\n");
}
