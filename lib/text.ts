/**
 * Writes values from outside into messages: on one short line, whatever they
 * are.
 *
 * @module
 */

/**
 * Writes a value as JSON does, or says in a word what it is where JSON cannot.
 *
 * @param value Anything: it may be endless, or not want to be shown.
 */
export function show(value: unknown): string {
  return oneLine(typeof value === "number" ? String(value) : json(value));
}

/**
 * Says what a value is: of which type, if it is an array of numbers, as `a
 * Float32Array`; otherwise as {@linkcode show} does.
 */
export function showType(value: unknown): string {
  const type = tagOf(value);
  if (type === undefined) return show(value);
  return `${/^[AEIO]/.test(type) ? "an" : "a"} ${type}`;
}

/** An object's tag, which names arrays of numbers, also those of other windows. */
export function tagOf(value: unknown): string | undefined {
  return (value as { [Symbol.toStringTag]?: string } | null | undefined)
    ?.[Symbol.toStringTag];
}

function json(value: unknown): string {
  try {
    const word = value === undefined ? "missing" : `a ${typeof value}`;
    return JSON.stringify(value) ?? word;
  } catch {
    return typeof value === "bigint" ? "a bigint" : "…"; // it contains itself, or nests too deep
  }
}

/** Writes the sizes along the axes of something. */
export function showSizes(sizes: readonly number[]): string {
  return oneLine(`[${sizes.join(", ")}]`);
}

/**
 * Escapes in a text what a terminal would obey or would break a line at.
 *
 * @param max Characters; what is over is cut off.
 */
export function oneLine(text: string, max = 80): string {
  const short = text.length > max ? `${text.slice(0, max - 3)}…` : text;
  return short.toWellFormed().replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    escape,
  );
}

/** Returns the first line of a text that says anything, on one line. */
export function firstLine(text: string): string {
  const line = text.split("\n").find((line) => line.trim() !== "") ?? "";
  return oneLine(line.trim(), 400);
}

/**
 * Writes how many there are of something: `1 epoch`, `2 epochs`.
 *
 * @param noun What one of them is called; its plural ends in `s`.
 */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Writes a number with so many decimals; what rounds to zero has no sign. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/**
 * Escapes in lines what a terminal would obey: it may come from a file. What is
 * JSON stays JSON, of the same value.
 */
export function printable(lines: string): string {
  return lines.toWellFormed().replaceAll(
    /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    escape,
  );
}

/** Writes a character as JSON's escapes of its UTF-16 code units. */
function escape(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");
}
