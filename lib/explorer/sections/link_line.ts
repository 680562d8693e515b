/**
 * The button that copies a link, and what the link that was opened says.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/** Writes them, into a paragraph. */
export function linkLine(t: Teller): string {
  return `${t.button("copy-link", "link.copy")}
<label id="link-here" hidden>${
    t.say("span", "link.here")
  } <input id="link-field" readonly></label>
<span id="link-note"></span>
${t.button("link-explore", "train.explore", "hidden")}
<span id="link-run" hidden><span id="link-plan"></span>
${t.button("link-replay", "link.replay")}</span>`;
}
