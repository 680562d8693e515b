/**
 * Text that keeps to the columns of a terminal.
 *
 * @module
 */

/** Characters in a line where nothing says how many there are. */
export const COLUMNS = 80;

/** Counts the columns that a text takes: marks stand over other characters. */
export function widthOf(text: string): number {
  return [...text.replaceAll(/\p{M}/gu, "")].length;
}

/** Pads a text with spaces, before it where `left` is set, to a width. */
export function pad(text: string, width: number, left = false): string {
  const spaces = " ".repeat(Math.max(0, width - widthOf(text)));
  return left ? spaces + text : text + spaces;
}

/**
 * Breaks a line between its words. A word that is longer than a line stays
 * whole, so that a path can still be copied.
 *
 * @param text One line; spaces before its first word are kept.
 * @param columns The most that a line may take.
 * @param indent Goes before each line after the first.
 */
export function wrap(text: string, columns = COLUMNS, indent = ""): string[] {
  return fold(text, columns, indent, "");
}

/** Breaks a command as a shell lets it be broken: with `\` before each end. */
export function wrapCommand(text: string, columns = COLUMNS): string[] {
  return fold(text, columns, "    ", " \\");
}

function fold(
  text: string,
  columns: number,
  indent: string,
  ending: string,
): string[] {
  const lines: string[] = [];
  const [start] = text.match(/^ */)!;
  let line = start;
  let isEmpty = true;
  for (const word of text.slice(start.length).split(" ")) {
    const longer = isEmpty ? line + word : `${line} ${word}`;
    if (!isEmpty && widthOf(longer) > columns - widthOf(ending)) {
      lines.push(line + ending);
      line = indent + word;
    } else line = longer;
    isEmpty = false;
  }
  return [...lines, line];
}
