/**
 * The section of the samples.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/** Writes it. */
export function samplesSection(t: Teller): string {
  return `<section aria-labelledby="h-samples">
${t.say("h2", "samples.title", 'id="h-samples"')}
${t.say("p", "samples.help")}
<div id="samples-part">
<div id="samples" role="group" aria-labelledby="h-samples"></div>
<div class="tools">
${t.button("new-samples", "samples.again")}
<label>${
    t.say("span", "samples.seed")
  } <input type="number" id="sample-seed" min="0" max="4294967295" value="1"></label>
${t.button("save-samples", "samples.save")}
<label class="conditional">${
    t.say("span", "samples.of")
  } <select id="sample-classes">
${t.say("option", "samples.one", 'value="one"')}
${t.say("option", "samples.all", 'value="all"')}</select></label>
<label class="wide">${
    t.say("span", "samples.temperature")
  } <input type="range" id="temperature" min="0" max="2" step="0.05" value="1">
<output id="temperature-value" aria-live="off">1.00</output></label>
</div>
</div>
</section>`;
}
