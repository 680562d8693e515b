/** The page's words: every language says all there is to say. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { bodyOf } from "../lib/explorer/sections/body.ts";
import { Teller } from "../lib/explorer/sections/teller.ts";
import type { About, Subject } from "../lib/explorer/texts/about.ts";
import { type Language, textOf, TEXTS } from "../lib/explorer/texts/texts.ts";

const SUBJECTS: Subject[] = ["digits", "hiragana", "clothes", "pictures"];
const LANGUAGES = Object.keys(TEXTS) as Language[];

const abouts = SUBJECTS.flatMap((subject) =>
  [false, true].flatMap((autoencoder) =>
    [false, true].map((hasKl): About => ({
      ...{ subject, autoencoder, hasKl, hasMap: hasKl },
    }))
  )
);

Deno.test("bodyOf() has the same elements in every language", () => {
  const shape = (language: Language, about: About) =>
    bodyOf(new Teller(TEXTS[language], about))
      .match(/(?:id|for|data-text|data-label|aria-labelledby)="[^"]*"/g);
  for (const about of abouts) {
    for (const language of LANGUAGES) {
      assertEquals(shape(language, about), shape("en", about));
    }
  }
});

Deno.test("bodyOf() writes elements that are closed, and attributes that end", () => {
  for (const language of LANGUAGES) {
    for (const about of abouts) {
      const html = bodyOf(new Teller(TEXTS[language], about));
      const open: string[] = [];
      for (const [, slash, tag] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
        if (tag === "input" || tag === "br" || tag === "link") continue;
        if (slash) assertEquals(open.pop(), tag);
        else open.push(tag);
      }
      assertEquals(open, []);
      assert(!/undefined|NaN|\[object/.test(html));
    }
  }
});

Deno.test("textOf() refuses a name that no text has", () => {
  for (const name of ["map", "map.nothing", "nothing.title"]) {
    assertThrows(
      () => textOf(TEXTS.en, name, abouts[0]),
      TypeError,
      "no text",
    );
  }
});
