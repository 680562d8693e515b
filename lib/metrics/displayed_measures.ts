/**
 * Lets what was measured show itself in a Jupyter notebook, as a table whose
 * names are those to reach the values by.
 *
 * @module
 */
import { displayed } from "../image/display.ts";
import type { Estimate } from "../math/estimate.ts";

/** Lets measures show themselves as a table; what is null is left out. */
export function displayedMeasures<T extends object>(measures: T): T {
  return displayed(measures, () => {
    const { notes = [], ...values } = measures as { notes?: string[] };
    const rows = rowsOf("", values);
    const after = notes.map((note) => `\n\n${note}`).join("");
    return {
      "text/markdown": "| measure | mean ± standard error |\n| --- | --- |\n" +
        rows.map(([name, text]) => `| ${name} | ${text} |\n`).join("") +
        after,
      "text/plain": rows.map((row) => row.join(" ")).join("\n") +
        after,
    };
  });
}

/** Lists the values of an object, and of the objects in it, by name. */
function rowsOf(name: string, value: unknown): [string, string][] {
  if (value === null) return [];
  if (typeof value === "number") return [[name, short(value)]];
  if (Array.isArray(value)) {
    return [[name, value.map((one) => short(one.mean ?? one)).join(", ")]];
  }
  if (isEstimate(value)) return [[name, writeEstimate(value)]];
  return Object.entries(value as object).flatMap(([key, inner]) =>
    rowsOf(name ? `${name}.${key}` : key, inner)
  );
}

function isEstimate(value: unknown): value is Estimate {
  return Object.hasOwn(value as object, "standardError");
}

/** Writes a mean to the second digit of its error. */
function writeEstimate({ mean, standardError }: Estimate): string {
  if (!(standardError > 0)) return short(mean);
  const decimals = 1 - Math.floor(Math.log10(standardError));
  const places = Math.min(Math.max(0, decimals), 5);
  return `${mean.toFixed(places)} ± ${standardError.toFixed(places)}`;
}

function short(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}
