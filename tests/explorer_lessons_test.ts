/** The lessons beside the page: read, followed, printed, in each language. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { Page } from "playwright-core";
import { bodyOf } from "../lib/explorer/sections/body.ts";
import { Teller } from "../lib/explorer/sections/teller.ts";
import type { About } from "../lib/explorer/texts/about.ts";
import type { Texts } from "../lib/explorer/texts/en.ts";
import { TEXTS } from "../lib/explorer/texts/texts.ts";
import { explorerPage } from "../tasks/shared/explorer_page.ts";
import { browserTest, eventually, open } from "./explorer_driver.ts";

/** The number of the lesson that is to be read, and of the step that says so. */
function opened(page: Page): Promise<[string[], string[]]> {
  return page.evaluate(`[
    [...document.querySelectorAll(".lesson")]
      .filter((lesson) => lesson.checkVisibility())
      .map(({ id }) => id.replace("lesson-", "")),
    [...document.querySelectorAll("[aria-current=step]")]
      .map(({ dataset }) => dataset.lesson),
  ]`);
}

browserTest(
  "lessons: are opened by number, and turned like pages",
  async (page) => {
    assertEquals(await opened(page), [[], []]);
    await page.click("[data-lesson='1']");
    assertEquals(await opened(page), [["1"], ["1"]]);
    assert(await page.locator("#lesson-before").isDisabled());
    for (const n of ["2", "3", "4", "5", "6"]) {
      await page.click("#lesson-after");
      assertEquals(await opened(page), [[n], [n]]);
      assertEquals(
        await page.evaluate("document.activeElement.id"),
        `h-lesson-${n}`,
      );
      const answer = page.locator(`#lesson-${n} details > p`);
      assert(!await answer.isVisible());
      await page.click(`#lesson-${n} summary`);
      assert(await answer.isVisible());
    }
    assert(await page.locator("#lesson-after").isDisabled());
    await page.click("#lesson-before");
    assertEquals(await opened(page), [["5"], ["5"]]);
    await page.click("#lesson-close");
    assertEquals(await opened(page), [[], []]);
  },
);

browserTest(
  "lessons: show the part of the page that they speak of",
  async (page) => {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      for (const n of [1, 2, 3, 4, 5, 6]) {
        await page.click(`[data-lesson='${n}']`);
        await page.click(`#show-${n}`);
        const { marked, focused } = await page.evaluate<
          { marked: string[]; focused: string }
        >(`({
        marked: [...document.querySelectorAll(".shown")]
          .map((section) => section.getAttribute("aria-labelledby")),
        focused: document.activeElement.id,
      })`);
        assertEquals(marked, [focused]);
        await eventually(async () => {
          for (const part of PARTS[n - 1]) {
            const box = (await page.locator(part).boundingBox())!;
            assertGreater(box.y, -1, part);
            assertLess(box.y + box.height, 801, part);
          }
        });
        // The task goes along where the lesson cannot stay in sight.
        const back = page.locator(".task button");
        assertEquals(await back.isVisible(), width === 390);
        if (width === 390) {
          const task = await page.locator(".task").innerText();
          assertStringIncludes(
            task.replaceAll(/\s+/g, " "),
            (await page.locator(`#lesson-${n} [data-text$=do${n}]`)
              .textContent())!.replaceAll(/\s+/g, " "),
          );
          await back.click();
          assertEquals(await opened(page), [[`${n}`], [`${n}`]]);
        }
      }
    }
  },
  { reducedMotion: "reduce" },
);

browserTest("lessons: are printed with a plan, on two pages", async (page) => {
  await page.click("[data-lesson='2']");
  await page.click("#lesson-2 summary");
  for (const language of ["en", "de"]) {
    await page.selectOption("#language", language);
    for (const format of ["A4", "Letter"]) {
      const pdf = new TextDecoder("latin1").decode(await page.pdf({ format }));
      assertEquals(
        pdf.match(/\/Type\s*\/Page\b/g)?.length,
        2,
        `${language}, ${format}`,
      );
    }
  }
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const seen = (selector: string) =>
    page.evaluate<boolean[]>(`[...document.querySelectorAll("${selector}")]
      .map((element) => element.checkVisibility())`);
  for (const part of ["header", "main", "footer", ".lesson details > p"]) {
    assert((await seen(part)).every((is) => !is), part);
  }
  assert((await seen("button, select, input")).every((is) => !is));
  const printed = [
    ".lesson",
    ".lesson summary",
    ".answers li",
    "td",
    ".closing p",
  ];
  for (const part of printed) {
    assert((await seen(part)).every((is) => is), part);
  }
  assertEquals(
    await page.evaluate(`getComputedStyle(document.body).color`),
    "rgb(0, 0, 0)",
  );
});

browserTest("lessons: large type is larger, and fits", async (page) => {
  const size = () =>
    page.evaluate<number>(`parseFloat(
      getComputedStyle(document.documentElement).fontSize)`);
  const before = await size();
  await page.click("#large-type");
  assertEquals(await size(), 1.5 * before);
  assertEquals(await page.getAttribute("#large-type", "aria-pressed"), "true");
  assert(!await page.locator(".lead").isVisible());
  assertEquals(
    await page.evaluate("document.documentElement.scrollWidth"),
    1280,
  );
  await page.click("#large-type");
  assertEquals(await size(), before);
});

for (const locale of ["de-CH", "fr"]) {
  browserTest(
    `page: begins in a language of the browser's, in ${locale}`,
    async (page) => {
      const expected = locale === "fr" ? "en" : "de";
      assertEquals(await page.getAttribute("html", "lang"), expected);
      assertEquals(await page.inputValue("#language"), expected);
      assertEquals(
        await page.locator("#h-lessons").innerText(),
        TEXTS[expected].lessons.title,
      );
    },
    { locale },
  );
}

browserTest(
  "page: begins in the language that it was made for",
  async (page) => {
    assertEquals(await page.getAttribute("html", "lang"), "de");
    assertMatch(await page.title(), /handgeschrieben/);
    await page.selectOption("#language", "en");
    assertMatch(await page.title(), /handwritten/);
  },
  {
    locale: "en-GB",
    of: async () =>
      explorerPage((await open()).checkpoint, undefined, {
        embed: 200,
        language: "de",
      }),
  },
);

/** What is to be used and seen at once in each lesson. */
const THROWN = ["#from-original", "#from-reconstruction", "#from-total"];
const PARTS = [
  ["#samples", "#new-samples", "#temperature"],
  [...THROWN, "#from-another"],
  [...THROWN, "#from-roll"],
  [...THROWN, "#from-roll", "#from-kl", "#from-error"],
  ["#h-train"],
  ["#sliders input >> nth=0", "#digit"],
];

browserTest("page: numbers, too, are in its language", async (page) => {
  const NUMBERS = "#from-formula, .terms b, #sliders output, #map-x option, " +
    "#temperature-value, #picture-words";
  const said = async (selector: string) =>
    (await page.locator(selector).allTextContents()).join(" ");
  await page.click("#next-picture");
  await eventually(async () =>
    assertMatch(await said("#picture-words"), /mean of all 200 is \d+\.\d/)
  );
  const english = await said(NUMBERS);
  assertMatch(english, /\d\.\d\d/);
  const description = await said("#description");
  await page.selectOption("#language", "de");
  await eventually(async () => {
    const german = await said(NUMBERS);
    assertEquals(/\d\.\d\d/.test(german), false, german);
    assertMatch(german, /\d,\d\d/);
  });
  assertEquals(
    await said("#description"),
    "VAE, β = 1, 4 latente Dimensionen, synthetische Ziffern, 2 Epochen",
  );
  assertMatch(await said("#engine"), /^Es läuft mit WebAssembly/);
  await page.selectOption("#language", "en");
  await eventually(async () => assertEquals(await said(NUMBERS), english));
  assertEquals(await said("#description"), description);
});

/** The page's HTML before, in and after the lessons, for such a model. */
function parts(
  texts: Texts,
  about: Partial<About>,
): [before: string, lessons: string, after: string] {
  const body = bodyOf(
    new Teller(texts, {
      ...{ subject: "digits", autoencoder: false, hasKl: true, hasMap: true },
      ...about,
    }),
  );
  const [before, lessons, after] = body.split(/<div id="lessons"|<main>/);
  return [before, lessons, after];
}

Deno.test("lessons say of an autoencoder where a VAE is to be had", () => {
  for (const texts of Object.values(TEXTS)) {
    for (const autoencoder of [false, true]) {
      const [, lessons] = parts(texts, { autoencoder, hasKl: !autoencoder });
      const [, note] = lessons.match(/data-text="lessons.note">([^<]*)</)!;
      assertEquals(note !== "", autoencoder);
    }
  }
});

Deno.test("lessons speak of digits where there are digits", () => {
  for (const texts of Object.values(TEXTS)) {
    for (const subject of ["digits", "clothes", "pictures"] as const) {
      const [, lessons, after] = parts(texts, { subject });
      const plan = after.slice(after.indexOf('id="teachers"'));
      assertEquals(
        /digit|ziffer/i.test(lessons + plan),
        subject === "digits",
        subject,
      );
    }
  }
});

Deno.test("lessons name what is to be pressed as the page does", () => {
  for (const texts of Object.values(TEXTS)) {
    const [before, lessons, after] = parts(texts, {});
    const spoken = [
      ...lessons.matchAll(/data-text="lessons.do.">(.*?)<\/p>/gs),
    ];
    const named = spoken.flatMap(([, text]) =>
      [...text.matchAll(/<b>(.*?)<\/b>/g)].map(([, name]) => name)
    );
    assertEquals(spoken.length, 6);
    assertGreater(named.length, 6);
    const unknown = named.filter((name) =>
      !(before + after).includes(`>${name}`) && !WHILE_RUNNING.includes(name)
    );
    assertEquals(unknown, []);
  }
});

/** What is there once something runs. */
const WHILE_RUNNING = ["10 more epochs", "10 Epochen mehr"];
