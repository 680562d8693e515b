/// <reference lib="dom" />
/**
 * The page's language, and what is said in it.
 *
 * @module
 */
import type { About } from "../texts/about.ts";
import type { Texts } from "../texts/en.ts";
import { type Language, textOf, TEXTS } from "../texts/texts.ts";
import { byId, make, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import type { Model } from "./model.ts";

/** The names that elements were told last; what they do may say more since. */
const labels = new Map<HTMLElement, string>();
/** The program's own words, for the elements that have them. */
const written = new Map<HTMLElement, (texts: Texts) => string>();
const listeners: (() => void)[] = [];
/** What is so of the model. */
let about: About;

/** The texts of the page's language. */
export function texts(): Texts {
  return TEXTS[document.documentElement.lang as Language];
}

/** Says something in an element, and again whenever the language changes. */
export function write(
  element: HTMLElement,
  text: (texts: Texts) => string,
): void {
  delete element.dataset.text;
  written.set(element, text);
  element.textContent = text(texts());
}

/** Says the text with this name in an element, whatever the language and model. */
export function tell<T extends HTMLElement>(element: T, name: string): T {
  element.dataset.text = name;
  element.innerHTML = textOf(texts(), name, about);
  return element;
}

/** Runs when the language has changed, to make anew what has words in it. */
export function onLanguage(listener: () => void): void {
  listeners.push(listener);
}

/** Says everything in another language. */
export function setLanguage(language: Language, explorer: Explorer): void {
  document.documentElement.lang = language;
  byId<HTMLSelectElement>("language").value = language;
  sayAll(explorer.model);
  say("");
  listeners.forEach((listener) => listener());
}

/**
 * Offers the languages, and says of each model what is so of it. It begins with
 * the language that the page was made for, else with one of the browser's.
 */
export function startLanguage(explorer: Explorer): void {
  const select = byId<HTMLSelectElement>("language");
  select.replaceChildren(
    ...Object.entries(TEXTS).map(([value, { page }]) =>
      make("option", { value, lang: value, textContent: page.language })
    ),
  );
  const root = document.documentElement;
  if (!root.hasAttribute("data-language")) root.lang = ofBrowser() ?? root.lang;
  select.value = root.lang;
  select.addEventListener(
    "change",
    () => setLanguage(select.value as Language, explorer),
  );
  explorer.onModel(() => sayAll(explorer.model));
}

/** The first of the reader's languages that the page speaks. */
function ofBrowser(): string | undefined {
  return navigator.languages
    .map((tag) => tag.split("-")[0])
    .find((language) => language in TEXTS);
}

/** What the texts depend on. */
function aboutOf({ subject, options, kl, mu }: Model): About {
  return {
    subject,
    autoencoder: options.autoencoder,
    hasKl: kl !== null,
    hasMap: mu.length > 0,
  };
}

function sayAll(model: Model): void {
  about = aboutOf(model);
  document.title = textOf(texts(), "page.title", about);
  for (const element of document.querySelectorAll<HTMLElement>("[data-text]")) {
    element.innerHTML = textOf(texts(), element.dataset.text!, about);
  }
  for (
    const element of document.querySelectorAll<HTMLElement>("[data-label]")
  ) {
    const label = textOf(texts(), element.dataset.label!, about);
    if (labels.get(element) === label) continue;
    labels.set(element, label);
    element.ariaLabel = label;
  }
  for (const [element, text] of written) element.textContent = text(texts());
}
