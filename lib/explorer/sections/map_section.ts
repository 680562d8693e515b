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
<figure><canvas id="map" tabindex="0" role="application" aria-roledescription="map" ${
    t.label("map.canvas")
  } aria-describedby="map-help"></canvas>
<figcaption id="legend"></figcaption></figure>
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
