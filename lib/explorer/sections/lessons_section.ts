/**
 * The six lessons beside the page, and the plan that teachers print with them.
 *
 * @module
 */
import type { Teller } from "./teller.ts";

/** What the lessons speak of, lesson by lesson: all of it is to be seen at once. */
const PLACES = [
  "samples-part",
  "from-flow",
  "from-flow",
  "from-flow",
  "h-train",
  "sliders",
];

/** Lines for the answer, lesson by lesson: the fourth question has two parts. */
const LINES = [2, 1, 2, 3, 2, 2];

const NUMBERS = PLACES.map((_, i) => i + 1);

/** Writes the lessons; none is open at first. */
export function lessonsSection(t: Teller): string {
  return `<div id="lessons" class="lessons" role="region" aria-labelledby="h-lessons">
${t.say("h2", "lessons.title", 'id="h-lessons" class="on-screen"')}
${t.say("h2", "lessons.paper", 'class="on-paper"')}
<p class="on-paper who">${t.say("span", "lessons.who")} <i></i>
${t.say("span", "lessons.when")} <i></i></p>
<ol class="steps">
${NUMBERS.map((n) => step(t, n)).join("\n")}
</ol>
${t.say("p", "lessons.intro", 'class="intro on-screen"')}
${t.say("p", "lessons.note", 'class="note on-screen"')}
${
    [NUMBERS.slice(0, 3), NUMBERS.slice(3)].map((column) =>
      `<div class="column">${column.map((n) => lesson(t, n)).join("\n")}</div>`
    ).join("\n")
  }
<div class="tools" id="lesson-moves" hidden>
${t.button("lesson-close", "lessons.close")}
${t.button("lesson-before", "lessons.before")}
${t.button("lesson-after", "lessons.after")}
</div>
<div class="on-paper closing">${t.say("h3", "lessons.end")}
${
    [1, 2, 3].map((n) => `<p>${t.say("b", `lessons.end${n}`)}${lines(1)}</p>`)
      .join("\n")
  }
</div>
<details class="words" id="words">${t.say("summary", "lessons.wordsTitle")}
${t.say("dl", "lessons.words")}
</details>
<details class="teach" id="teach">${t.say("summary", "lessons.teach")}
${t.say("p", "lessons.needs")}
<div class="tools">
${t.button("print-lessons", "lessons.print")}
${t.button("show-plan", "lessons.showPlan")}
</div>
${t.say("p", "lessons.printHelp")}
</details>
</div>`;
}

function step(t: Teller, n: number): string {
  return `<li><button type="button" data-lesson="${n}"><b>${n}</b> ${
    t.say("span", `lessons.title${n}`)
  }</button></li>`;
}

function lesson(t: Teller, n: number): string {
  return `<article class="lesson" id="lesson-${n}" aria-labelledby="h-lesson-${n}" hidden>
<h3 id="h-lesson-${n}" tabindex="-1"><b>${n}</b> ${
    t.say("span", `lessons.title${n}`)
  }</h3>
${t.say("p", `lessons.text${n}`)}
${t.say("h4", "lessons.do")}
${t.say("p", `lessons.do${n}`)}
<div class="tools">${
    t.button(
      `show-${n}`,
      "lessons.show",
      `class="main" data-place="${PLACES[n - 1]}"`,
    )
  }</div>
${t.say("h4", "lessons.see")}
${t.say("p", `lessons.see${n}`)}
${
    n === THE_DRAW
      ? `<div class="tools">${
        t.button("show-map", "lessons.showMap", 'data-place="map-figure"')
      }</div>`
      : ""
  }
${n === THE_DRAW ? rollList(t) : n === THE_PRICE ? priceTable(t) : ""}
<details>${t.say("summary", `lessons.question${n}`)}
${t.say("p", `lessons.answer${n}`)}</details>
<div class="on-paper">${lines(LINES[n - 1])}</div>
</article>`;
}

/** The lessons that have more to show, or to fill in. */
const THE_DRAW = 3, THE_PRICE = 5;

function lines(count: number): string {
  return '<i class="line"></i>'.repeat(count);
}

/** On paper: a box for what stays in ten rolls, and one for what changes. */
function rollList(t: Teller): string {
  return `<div class="on-paper boxes">${t.say("span", "lessons.changes")}${
    t.say("span", "lessons.stays")
  }</div>`;
}

/** On paper: a table for what comes of three β. */
function priceTable(t: Teller): string {
  const row = "<tr><td></td><td></td><td></td></tr>";
  return `<table class="on-paper prices">
<tr><th scope="col">β</th>${
    t.say("th", "lessons.error", 'scope="col"')
  }<th scope="col">KL</th></tr>
${row.repeat(3)}</table>`;
}

/** Writes the plan; on paper the answers follow. */
export function teachersSection(t: Teller): string {
  const parts = Array.from({ length: PARTS }, (_, i) => i + 1);
  return `<section class="teachers" id="teachers" aria-labelledby="h-teachers">
${t.say("h2", "lessons.plan", 'id="h-teachers" tabindex="-1"')}
${t.say("p", "lessons.needs")}
<table>
<thead><tr>${
    ["minutes", "teacher", "pupils", "place"].map((name) =>
      t.say("th", `lessons.${name}`, 'scope="col"')
    ).join("")
  }</tr></thead>
<tbody>
${
    parts.map((n) =>
      `<tr>${t.say("th", `lessons.minutes${n}`, 'scope="row"')}${
        ["teacher", "pupils", "place"].map((name) =>
          t.say("td", `lessons.${name}${n}`)
        ).join("")
      }</tr>`
    ).join("\n")
  }
</tbody>
</table>
<div class="on-paper">
${t.say("h3", "lessons.answers")}
<ol class="answers">
${
    NUMBERS.map((n) =>
      `<li><b>${n}</b> ${t.say("i", `lessons.question${n}`)} ${
        t.say("span", `lessons.answer${n}`)
      }</li>`
    ).join("\n")
  }
</ol>
</div>
</section>`;
}

/** Parts of the plan. */
const PARTS = 7;
