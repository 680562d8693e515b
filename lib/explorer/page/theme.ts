/// <reference lib="dom" />
/**
 * The style sheet's colours, for what is drawn on canvases.
 *
 * @module
 */

import { ON_DARK, ON_LIGHT } from "./class_marks.ts";

/** Asked for when it is needed: the worker has no screen. */
const darkness = () => matchMedia("(prefers-color-scheme: dark)");

/** A colour of the style sheet by its name there, as `#rrggbb`. */
export function color(
  name: "paper" | "ink" | "pale" | "line" | "accent" | "first" | "second",
): string {
  return getComputedStyle(document.documentElement)
    .getPropertyValue(`--${name}`).trim();
}

/** Red, green and blue of `#rrggbb`. */
export function rgb(hex: string): [number, number, number] {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, value >> 8 & 255, value & 255];
}

/** The colour of a class. */
export function classColor(label: number): string {
  return (darkness().matches ? ON_DARK : ON_LIGHT)[label % 10];
}

/** Runs when the page changes between light and dark. */
export function onTheme(action: () => void): void {
  darkness().addEventListener("change", action);
}
