/**
 * The section of the sliders.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/** Writes it. */
export function slidersSection(t: Teller): string {
  return `<section aria-labelledby="h-sliders">
${t.say("h2", "sliders.title", 'id="h-sliders"')}
${t.say("p", "sliders.help")}
<div id="sliders" role="group" aria-labelledby="h-sliders"></div>
<button type="button" id="show-all" hidden></button>
</section>`;
}
