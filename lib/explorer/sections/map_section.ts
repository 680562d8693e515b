/**
 * The section of the map, with the walk from A to B.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/** Writes it. */
export function mapSection(t: Teller): string {
  return `<section aria-labelledby="h-map">
${t.say("h2", "map.title", 'id="h-map"')}
<p id="map-help">${t.say("span", "map.help")} ${
    t.say("span", "map.conditional", 'class="conditional"')
  }</p>
<div class="tools">
<label>${t.say("span", "map.across")} <select id="map-x"></select></label>
<label>${t.say("span", "map.up")} <select id="map-y"></select></label>
</div>
<div class="planes">
<figure id="map-figure"><canvas id="map" tabindex="0" role="application" ${
    t.label("map.canvas")
  } aria-describedby="map-help"></canvas>
${t.say("p", "map.marks", 'id="map-marks"')}
<figcaption id="legend" role="group" ${
    t.label("map.legend")
  }></figcaption></figure>
<div id="picture" class="picture" role="group" ${t.label("map.panel")} hidden>
<div id="picture-pair" class="pair" hidden>
<figure><canvas id="picture-image" width="28" height="28" role="img" ${
    t.label("map.imageCanvas")
  }></canvas>
${t.say("figcaption", "map.image")}</figure>
<figure><canvas id="picture-reconstruction" width="28" height="28" role="img" ${
    t.label("map.againCanvas")
  }></canvas>
${t.say("figcaption", "map.again")}</figure>
</div>
<div>
<p id="picture-words"></p>
<div class="tools">
${t.button("previous-picture", "map.previous")}
${t.button("next-picture", "map.next")}
</div>
</div>
</div>
<figure><canvas id="manifold" role="img" ${
    t.label("map.manifoldCanvas")
  }></canvas>
${t.say("figcaption", "map.manifold")}</figure>
</div>
${t.say("h3", "walk.title")}
${t.say("p", "walk.help")}
<canvas id="strip" role="img" ${t.label("walk.canvas")}></canvas>
<div class="tools">
${t.button("set-a", "walk.setA")}
${t.button("set-b", "walk.setB")}
${t.button("play", "walk.play")}
</div>
</section>`;
}
