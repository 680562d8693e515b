/**
 * Writes pages of HTML in which everything is escaped.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Text that is HTML or SVG already. */
export class Markup {
  /**
   * Marks text as HTML already: for {@linkcode markup}, which escapes its
   * parts.
   */
  constructor(readonly text: string) {}
}

/** What stands in a template. */
export type Part = string | number | Markup | readonly Markup[];

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Makes HTML, or SVG, of a template: strings in it are text, never markup. */
export function markup(
  strings: TemplateStringsArray,
  ...parts: readonly Part[]
): Markup {
  return new Markup(String.raw({ raw: strings }, ...parts.map(textOf)));
}

function textOf(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(({ text }) => text).join("\n");
  return String(part).replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

/** Writes a PNG file as an address that holds it. */
export function dataUrl(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}

/**
 * Writes a whole page. Its policy lets the browser show what is in the file,
 * and nothing else: no script, no request, no style but this one.
 */
export function page(title: string, style: string, body: Markup): string {
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = "default-src 'none'; img-src data:; " +
    `style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}
