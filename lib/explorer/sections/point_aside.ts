/**
 * What stands beside the sections: the picture at the current point.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/** Writes it. */
export function pointAside(t: Teller): string {
  return `<aside ${t.label("point.label")}>
<canvas id="digit" width="28" height="28" role="img" ${
    t.label("point.canvas")
  }></canvas>
<div class="tools">
<label class="conditional">${
    t.say("span", "point.class")
  } <select id="class"></select></label>
${t.button("random", "point.random")}
${t.button("reset", "point.reset")}
${t.button("save-digit", "point.save")}
<p id="status" role="status"></p>
</div>
</aside>`;
}
