/**
 * Elements that say something in the reader's language.
 *
 * @module
 */
import type { About } from "../texts/about.ts";
import type { Texts } from "../texts/en.ts";
import { textOf } from "../texts/texts.ts";

/** Writes elements whose texts the program can say again in other words. */
export class Teller {
  constructor(readonly texts: Texts, readonly about: About) {}

  /**
   * An element that says the text with this name, and nothing else.
   *
   * @param attributes Such as `id="help"`.
   */
  say(tag: string, name: string, attributes = ""): string {
    const opening = [tag, attributes, `data-text="${name}"`].filter(Boolean);
    const html = textOf(this.texts, name, this.about);
    return `<${opening.join(" ")}>${html}</${tag}>`;
  }

  /** The attributes by which an element is called what this text says. */
  label(name: string): string {
    const text = textOf(this.texts, name, this.about);
    return `aria-label="${text}" data-label="${name}"`;
  }

  /** A button. */
  button(id: string, name: string, attributes = ""): string {
    return this.say(
      "button",
      name,
      [`type="button" id="${id}"`, attributes].filter(Boolean).join(" "),
    );
  }
}
