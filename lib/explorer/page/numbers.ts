/// <reference lib="dom" />
/**
 * Numbers as the page's language writes them.
 *
 * @module
 */

/** Writes a number with so many digits after the point, which may be a comma. */
export function number(value: number, digits: number): string {
  const format = new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(value).replace("-", "−");
}
