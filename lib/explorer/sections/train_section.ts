/**
 * The section in which a model is trained.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/** Writes it. */
export function trainSection(t: Teller): string {
  return `<section aria-labelledby="h-train">
${t.say("h2", "train.title", 'id="h-train"')}
${t.say("p", "train.help")}
<div class="tools">
<label>${t.say("span", "train.dim")} <select id="train-dim"><option>2</option>
<option>4</option><option selected>8</option><option>12</option></select></label>
<label>${t.say("span", "train.beta")} <select id="train-beta">
<option>0.25</option><option selected>1</option>
<option>4</option></select></label>
<label><input type="checkbox" id="train-conditional"> ${
    t.say("span", "train.tell")
  }</label>
${t.button("train", "train.start", 'class="main"')}
${t.button("explore-trained", "train.explore", "disabled")}
</div>
${t.say("p", "train.idle", 'id="train-status"')}
<div class="training" id="training" hidden>
<figure><canvas id="train-curves" role="img" ${
    t.label("train.curvesCanvas")
  }></canvas>
${t.say("figcaption", "train.curves")}</figure>
<figure><canvas id="train-samples" role="img" ${
    t.label("train.samplesCanvas")
  }></canvas>
${t.say("figcaption", "train.samples")}</figure>
</div>
</section>`;
}
