/**
 * Writes tables in Markdown.
 *
 * @module
 */

/**
 * Writes a table as GitHub and others read it, padded so that it reads well as
 * it is. Columns of numbers are set to the right.
 *
 * @param head Names of the columns.
 * @param rows As many cells each.
 */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = [head, ...rows].map((row) =>
    row.map((cell) => cell.replaceAll("|", "\\|"))
  );
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => row[column].length))
  );
  const isNumeric = head.map((_, column) =>
    rows.every((row) => /^(–$|[–-]?\d)/.test(row[column]))
  );
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, column) =>
        isNumeric[column]
          ? cell.padStart(widths[column])
          : cell.padEnd(widths[column])
      ).join(" | ")
    } |`;
  const rule = widths.map((width, column) =>
    isNumeric[column] ? "-".repeat(width - 1) + ":" : "-".repeat(width)
  );
  return [line(cells[0]), line(rule), ...cells.slice(1).map(line)].join("\n");
}
