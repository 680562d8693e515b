/**
 * The section of the drawing pad.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/** Writes it. */
export function padSection(t: Teller): string {
  return `<section aria-labelledby="h-pad">
${t.say("h2", "pad.title", 'id="h-pad"')}
${t.say("p", "pad.help")}
<p class="conditional" id="pad-class"></p>
<div class="pad">
<figure><canvas id="pad" width="280" height="280" role="img" ${
    t.label("pad.canvas")
  }></canvas>
${t.say("figcaption", "pad.draw")}</figure>
<figure><canvas id="pad-input" width="28" height="28" role="img" ${
    t.label("pad.inputCanvas")
  }></canvas>
${t.say("figcaption", "pad.input")}</figure>
<figure><canvas id="pad-reconstruction" width="28" height="28" role="img" ${
    t.label("pad.outputCanvas")
  }></canvas>
${t.say("figcaption", "pad.output")}</figure>
</div>
<div class="tools">
${t.button("pad-clear", "pad.clear")}
<button type="button" id="pad-encode" class="conditional" disabled></button>
<label><span id="pad-sample"></span> <select id="pad-example"></select></label>
${t.button("open-pad-file", "pad.open")}
<input type="file" id="pad-file" accept="image/png,image/jpeg,image/webp,image/gif" hidden>
</div>
<p id="pad-note"></p>
</section>`;
}
