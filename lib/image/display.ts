/**
 * Lets values show themselves in a Jupyter notebook: one that a cell ends with
 * is shown as the result of its method `Symbol.for("Jupyter.display")`.
 *
 * @module
 */
import type { Picture } from "./picture.ts";

/** What Deno's kernel, and others in JavaScript, look for. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display");

/** One thing in several forms, by MIME type, the bytes of pictures in base64. */
export type MimeBundle = Readonly<Record<string, string>>;

/**
 * Gives a value the method that Jupyter asks for; nothing else sees it.
 *
 * @param bundle Makes the forms when they are asked for.
 * @returns The value itself.
 */
export function displayed<T extends object>(
  value: T,
  bundle: () => MimeBundle | Promise<MimeBundle>,
): T {
  return Object.defineProperty(value, DISPLAY, {
    value: bundle,
    configurable: true,
  });
}

/** Lets a finished picture show itself, as PNG. */
export function displayedPicture(picture: Picture): Picture {
  return displayed(picture, () => pictureBundle(picture));
}

/** Returns a picture as PNG, and in words for where there are only those. */
export async function pictureBundle(picture: Picture): Promise<MimeBundle> {
  // Not before it is needed: what draws need not encode.
  const { encodePng } = await import("./png.ts");
  return {
    "image/png": encodePng(picture).toBase64(),
    "text/plain": `a picture of ${picture.width} × ${picture.height} pixels`,
  };
}
