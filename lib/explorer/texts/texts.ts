/**
 * Every word of the page, in each of its languages.
 *
 * @module
 */
import type { About, Text } from "./about.ts";
import { de } from "./de.ts";
import { en, type Texts } from "./en.ts";

/** The languages by their codes (BCP 47). */
export const TEXTS = { en, de } satisfies Record<string, Texts>;

/** A language of the page. */
export type Language = keyof typeof TEXTS;

/**
 * Finds the text with a name such as `map.title`.
 *
 * @returns HTML.
 * @throws {TypeError} If there is none, or it takes more than a model.
 */
export function textOf(texts: Texts, name: string, about: About): string {
  const [section, key] = name.split(".");
  const texts_ = texts as unknown as Record<string, Record<string, Text>>;
  const text = texts_[section]?.[key];
  const html = typeof text === "function" ? text(about) : text;
  if (typeof html !== "string") throw new TypeError(`no text ${name}`);
  return html.replaceAll(FORMULA, "\u00a0$1\u00a0");
}

/** What stands between two parts of a formula, which stays on one line. */
const FORMULA = / ([=+·]) /g;
