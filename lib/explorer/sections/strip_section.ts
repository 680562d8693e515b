/**
 * The section that follows one picture through the network.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/**
 * Writes it. What has the class `dice` is of models that draw z, and `sum` of
 * those whose β is known.
 */
export function stripSection(t: Teller): string {
  return `<section aria-labelledby="h-strip" id="from">
${t.say("h2", "strip.title", 'id="h-strip"')}
${t.say("p", "strip.help")}
${t.say("p", "strip.conditional", 'class="conditional"')}
<div class="flow" id="from-flow">
<figure class="end first">
${t.say("p", "strip.picture", 'class="head"')}
<canvas id="from-original" width="28" height="28" role="img" ${
    t.label("strip.pictureCanvas")
  }></canvas>
<figcaption id="from-caption"></figcaption>
${
    t.button(
      "from-another",
      "strip.another",
      'aria-keyshortcuts="ArrowLeft ArrowRight"',
    )
  }
</figure>
<div class="arrow into">${t.say("p", "strip.encoder")}
<p class="conditional" id="from-told"></p></div>
<div class="between">
<div class="tools dice">
<button type="button" id="from-roll" class="main"><span class="die" id="from-die" data-face="5" aria-hidden="true">${
    "<i></i>".repeat(7)
  }</span> ${t.say("span", "strip.roll")}</button>
${t.button("from-mean", "strip.mean")}
</div>
<div class="heads"><span></span>
${t.say("p", "strip.spread", 'id="from-spread"')}
${t.say("p", "strip.dice", 'id="from-dice" class="dice"')}
${t.say("p", "strip.draw", 'id="from-draw" class="dice"')}
</div>
<canvas id="from-bars" role="img"></canvas>
<p id="from-rest" hidden></p>
</div>
<div class="arrow out">${t.say("p", "strip.decoder")}
<p class="conditional" id="from-told-again"></p></div>
<figure class="end last">
${t.say("p", "strip.again", 'class="head"')}
<canvas id="from-reconstruction" width="28" height="28" role="img" ${
    t.label("strip.againCanvas")
  }></canvas>
${t.say("figcaption", "strip.againCaption")}
</figure>
<div class="terms">
<p><b id="from-error"></b> ${t.say("span", "strip.error")}</p>
<p class="dice"><i>+</i> <b id="from-kl"></b> <span id="from-kl-name"></span></p>
<p class="sum"><i>=</i> <b id="from-total"></b> ${
    t.say("span", "strip.total")
  }</p>
<div id="from-stack" aria-hidden="true"><i></i><i class="dice"></i></div>
</div>
</div>
<p class="number"><label>${
    t.say("span", "strip.number")
  } <select id="from-dimension"></select></label> <span id="from-formula"></span></p>
${t.say("h3", "strip.loss")}
<div class="loss">
<figure><canvas id="from-difference" width="28" height="28" role="img" ${
    t.label("strip.differenceCanvas")
  }></canvas></figure>
<div>
<p><span id="from-error-is"></span> <span id="from-kl-is" class="dice"></span></p>
${t.say("p", "strip.lossHelp")}
</div>
</div>
</section>`;
}
