/// <reference lib="dom" />
/**
 * The style sheet's colours, for what is drawn on canvases.
 *
 * @module
 */

import { ON_DARK, ON_LIGHT } from "./class_marks.ts";
import { make } from "./dom.ts";

/** Asked for when it is needed: the worker has no screen. */
const darkness = () => matchMedia("(prefers-color-scheme: dark)");

/** The reader's own few colours in place of the page's. */
const forced = () => matchMedia("(forced-colors: active)");

/**
 * A colour of the style sheet by its name there: `#rrggbb`, or what a canvas knows
 * of the reader's own colours.
 */
export function color(
  name: "paper" | "ink" | "pale" | "line" | "accent" | "first" | "second",
): string {
  return getComputedStyle(document.documentElement)
    .getPropertyValue(`--${name}`).trim();
}

/** Red, green and blue of such a colour. */
export function rgb(color: string): [number, number, number] {
  if (color.startsWith("#")) {
    const value = parseInt(color.slice(1), 16);
    return [value >> 16, value >> 8 & 255, value & 255];
  }
  const context = make("canvas", { width: 1, height: 1 }).getContext("2d")!;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** The colour of a class. */
export function classColor(label: number): string {
  return (darkness().matches ? ON_DARK : ON_LIGHT)[label % 10];
}

/** Runs when the page changes between light and dark, or its own colours and the reader's. */
export function onTheme(action: () => void): void {
  for (const query of [darkness(), forced()]) {
    query.addEventListener("change", action);
  }
}
