/**
 * What stands on the page before its program runs.
 *
 * @module
 */
import type { Credit } from "../../dataset/mnist.ts";
import { linkLine } from "./link_line.ts";
import { lessonsSection, teachersSection } from "./lessons_section.ts";
import { mapSection } from "./map_section.ts";
import { padSection } from "./pad_section.ts";
import { pointAside } from "./point_aside.ts";
import { samplesSection } from "./samples_section.ts";
import { slidersSection } from "./sliders_section.ts";
import { stripSection } from "./strip_section.ts";
import type { Teller } from "./teller.ts";
import { trainSection } from "./train_section.ts";

/**
 * The page's elements; those with an id are the program's. What has the class
 * `conditional` is shown with models that are told of classes. The credit names
 * the images, whose they are and on what terms; the page links nowhere.
 */
export function bodyOf(t: Teller, credit?: Credit): string {
  const html = `<header>
<p class="name"><span>@vae/mnist</span>
${t.button("large-type", "page.largeType")}
<select id="language" ${t.label("page.languages")}></select></p>
${t.say("h1", "page.title")}
${t.say("p", "page.lead", 'class="lead"')}
${t.say("p", "page.conditional", 'class="conditional"')}
<p class="now">${t.say("span", "page.loading", 'id="description"')}
${t.button("back", "page.back", "hidden")}
${t.button("save-checkpoint", "files.save", "hidden")}
${t.button("open-checkpoint-file", "files.open")}
${linkLine(t)}
<input type="file" id="checkpoint-file" accept=".safetensors" hidden></p>
<p id="file-status"></p>
</header>
<noscript>${t.say("p", "page.noScript")}</noscript>
${lessonsSection(t)}
<main>
${stripSection(t)}
<div class="explored">
${pointAside(t)}
<div class="sections">
${slidersSection(t)}
${padSection(t)}
${mapSection(t)}
${samplesSection(t)}
</div>
</div>
${trainSection(t)}
</main>
${teachersSection(t)}
<footer><p>${t.say("span", "page.footer")} <span id="engine"></span>
${t.say("span", "page.alone")}</p>${
    credit ? `\n<p id="credit">${t.texts.page.credit(credit)}</p>` : ""
  }</footer>`;
  // After a reload, or on the way back, browsers put into controls what they
  // held (Firefox: which were disabled, too), whatever the program's state is.
  return html.replace(
    /<(?:button|input|select|textarea)\b/g,
    '$& autocomplete="off"',
  );
}
