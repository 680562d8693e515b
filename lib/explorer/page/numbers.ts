/// <reference lib="dom" />
/**
 * Numbers as the page's language writes them.
 *
 * @module
 */

/** Making one takes longer than its work. */
const formats = new Map<string, Intl.NumberFormat>();

/**
 * Writes a number, with a minus sign as wide as its digits. What people read is
 * written so; what a program reads again, as in links, is not.
 *
 * @param decimals As many as it has, up to six, unless given.
 */
export function number(value: number, decimals?: number): string {
  const language = document.documentElement.lang;
  const key = `${language} ${decimals}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals ?? 6,
      useGrouping: false,
      signDisplay: "negative", // none before what is rounded to zero
    });
    formats.set(key, format);
  }
  return format.format(value).replace("-", "−");
}
