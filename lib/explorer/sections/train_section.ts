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
<label><input type="checkbox" id="train-conditional"> ${
    t.say("span", "train.tell")
  }</label>
<label>${t.say("span", "train.seed")} <input type="number" id="train-seed"
min="0" max="4294967295" step="1" value="0"></label>
${t.button("train", "train.start", 'class="main"')}
</div>
${t.say("p", "train.betaHelp", 'id="train-beta-help"')}
<div class="watched">
<div class="tools">
<label class="wide">${t.say("span", "train.beta")} <input type="range"
id="train-beta" min="0" step="1" aria-describedby="train-beta-help">
<output id="train-beta-value" aria-live="off">1</output></label>
${controls(t)}
</div>
<p class="state">${t.say("span", "train.idle", 'id="train-status"')}
<span id="train-numbers" hidden></span></p>
</div>
${running(t)}
</section>`;
}

/** How a run is led; it stays in sight with β and with what comes of it. */
function controls(t: Teller): string {
  return `<div class="tools run" role="group" ${
    t.label("train.controls")
  } id="train-controls" hidden>
${t.button("train-pause", "train.pause", 'class="main"')}
${t.button("train-step", "train.step")}
<label>${t.say("span", "train.pace")} <select id="train-pace">
${t.say("option", "train.full", 'value="Infinity"')}
${t.say("option", "train.ten", 'value="10"')}
${t.say("option", "train.two", 'value="2"')}
${t.say("option", "train.one", 'value="1"')}</select></label>
</div>`;
}

/** What there is of a run. */
function running(t: Teller): string {
  return `<div id="training" hidden>
<div class="training">
<figure class="wide"><canvas id="train-curves" role="img" ${
    t.label("train.curvesCanvas")
  }></canvas>
<input type="range" id="train-epoch" min="0" step="1" ${t.label("train.epoch")}>
<figcaption>${t.say("span", "train.curves")}
${t.say("span", "train.before", 'id="train-before" class="key before" hidden')}
</figcaption></figure>
<figure><canvas id="train-map" role="img" ${
    t.label("train.mapCanvas")
  }></canvas>
${t.say("figcaption", "train.map")}</figure>
<figure class="wide"><canvas id="train-kl" role="img" ${
    t.label("train.klCanvas")
  }></canvas>
<figcaption><b id="train-in-use"></b> ${t.say("span", "train.kl")}</figcaption>
</figure>
<figure><canvas id="train-samples" role="img" ${
    t.label("train.samplesCanvas")
  }></canvas>
${t.say("figcaption", "train.samples")}</figure>
</div>
<div class="tools">
${t.button("explore-trained", "train.explore", "disabled")}
<button type="button" id="train-fork" disabled></button>
</div>
<p id="train-fingerprint" hidden></p>
${t.say("p", "train.keepHelp")}
</div>`;
}
