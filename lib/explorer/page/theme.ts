/// <reference lib="dom" />
/**
 * The style sheet's colours, for what is drawn on canvases.
 *
 * @module
 */

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

/** Colours of classes that the colour-blind can tell apart, on white. */
const ON_LIGHT = [
  ...["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9"],
  ...["#5b2a86", "#c9bc1f", "#e377b8", "#7a4a2e", "#3d3d3d"],
];
/** The same classes in the same hues, on black. */
const ON_DARK = [
  ...["#3a8fd6", "#e69f00", "#1fb98c", "#ee7733", "#94d6ff"],
  ...["#a680e3", "#e2d84a", "#f09acb", "#b58463", "#c4c8cc"],
];

/** The colour of a class. */
export function classColor(label: number): string {
  return (darkness().matches ? ON_DARK : ON_LIGHT)[label % 10];
}

/** Runs when the page changes between light and dark. */
export function onTheme(action: () => void): void {
  darkness().addEventListener("change", action);
}
