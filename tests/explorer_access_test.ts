/** The explorer's page by axe-core: names, roles, contrasts, landmarks, targets. */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { explorerHtml } from "../lib/explorer/explorer.ts";
import { assertAccessible, findingsOf } from "./axe.ts";
import { contrast } from "./color_vision.ts";
import { randomModel } from "./exported.ts";
import { browserTest, eventually, open, trained } from "./explorer_driver.ts";
import { explorerPage } from "../tasks/shared/explorer_page.ts";
import { Firefox, firefoxIsMissing } from "./firefox.ts";
import { inFolder } from "./folder.ts";

const holds = (page: Page, state: string) =>
  assertAccessible((expression) => page.evaluate(expression), state);

/** Trains in the page until there is something to see. */
async function train(page: Page): Promise<void> {
  await page.click("#train");
  await page.waitForSelector("#explore-trained:enabled");
}

browserTest(
  "access: nothing is amiss, in a lesson, with large type, in training and after",
  async (page) => {
    await holds(page, "as it opens");
    await page.click("[data-lesson='3']");
    await page.click("#show-3");
    await page.click("#lesson-3 summary");
    await page.locator("#legend button").first().click();
    await page.click("#next-picture");
    await page.click("#copy-link");
    await holds(page, "a lesson, a class alone, a picture, a link");
    await train(page);
    await holds(page, "in training");
    await page.click("#large-type");
    await page.click("#train-pause");
    await page.locator("#train-epoch").fill("0");
    await holds(page, "large type, training at rest");
    await page.click("#large-type");
    await page.click("#train-pause");
    await page.locator("#train-epoch").fill("1");
    await page.click("#explore-trained");
    await page.waitForSelector("#back:visible");
    await holds(page, "what was trained");
    // Does axe see what is amiss?
    await page.evaluate(`(() => {
      document.getElementById("random").style.color = "#bbbbbb";
      document.getElementById("train-dim").parentElement.before(
        document.getElementById("train-dim"));
    })()`);
    const { findings } = await findingsOf((expression) =>
      page.evaluate(expression)
    );
    assertEquals(
      findings.map((finding) => finding.split(": ", 2).join(": ")).sort(),
      ["color-contrast: #random", "select-name: #train-dim"],
    );
  },
);

browserTest(
  "access: nothing is amiss in German, in the dark, beside the lessons",
  async (page) => {
    await holds(page, "as it opens");
    await page.click("[data-lesson='6']");
    await train(page);
    await holds(page, "in training");
  },
  {
    locale: "de-DE",
    colorScheme: "dark",
    viewport: { width: 1600, height: 900 },
  },
);

browserTest(
  "access: the edges of what is filled in, drawn on or slid stand out, 3 to 1",
  async (page) => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const [rim, ...grounds] = await page.evaluate<string[]>(`(() => {
        const style = getComputedStyle(document.documentElement);
        return ["--rim", "--page", "--paper"]
          .map((name) => style.getPropertyValue(name).trim());
      })()`);
      for (const ground of grounds) {
        assertGreaterOrEqual(contrast(rim, ground), 3, `${rim} on ${ground}`);
      }
      const [red, green, blue] = rim.match(/[0-9a-f]{2}/g)!
        .map((hex) => parseInt(hex, 16));
      const others = await page.evaluate<string[]>(`
        [...document.querySelectorAll("select, input:not([type=range], " +
          "[type=checkbox], [type=file]), #pad, #map")].filter((control) => {
            const { borderColor, boxShadow } = getComputedStyle(control);
            const rim = "rgb(${red}, ${green}, ${blue})";
            return borderColor !== rim && !boxShadow.startsWith(rim);
          }).map(({ id }) => id)`);
      assertEquals(others, []);
    }
  },
);

browserTest(
  "access: nothing is amiss with an autoencoder",
  (page) => holds(page, "as it opens"),
  {
    of: async () =>
      explorerPage(await trained({ latentDim: 4, autoencoder: true }, 200)),
  },
);

const CLASSES = ["<b>cat</b>", "fish & chips", "house"];

for (const isConditional of [false, true]) {
  browserTest(
    `access: nothing is amiss with pictures and classes of one's own${
      isConditional ? ", of which the model is told" : ""
    }`,
    async (page) => {
      await page.click("[data-lesson='2']");
      await holds(page, "a lesson");
      assertEquals(await page.locator("h1:visible").count(), 1);
    },
    {
      of: () => {
        const model = randomModel(4, "bce", isConditional ? CLASSES : []);
        return explorerHtml({
          weights: encodeWeights(model),
          description: "a test",
          kl: [4, 3, 2, 1],
          mu: new Float32Array(12).map((_, i) => Math.sin(i)),
          labels: Uint8Array.of(0, 1, 2),
          classes: CLASSES,
          images: new Uint8Array(3 * 784).map((_, i) => i % 251),
          subject: "pictures",
        });
      },
      viewport: { width: 390, height: 844 },
      hasTouch: true,
    },
  );
}

/** As wide as WCAG 2.2 asks for (criterion 1.4.12). */
const SPACING =
  `* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
  word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }`;

browserTest(
  "access: at 400 % the page is 320 pixels wide, and nothing is cut, with wide spacing, too",
  async (page) => {
    await page.evaluate(`(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(${JSON.stringify(SPACING)});
      document.adoptedStyleSheets = [sheet];
    })()`);
    await page.click("[data-lesson='2']");
    await page.click("#next-picture");
    await page.click("#copy-link");
    await train(page);
    const cut = await page.evaluate<string[]>(`
      [...document.querySelectorAll("button, input, select, canvas, p, span, label, td, h2")]
        .filter((element) => {
          const { left, right, width } = element.getBoundingClientRect();
          const isHidden = getComputedStyle(element).visibility === "hidden";
          return width > 1 && !isHidden && (left < 0 || right > 320);
        }).map((element) => element.id || element.outerHTML.slice(0, 80))`);
    assertEquals(cut, []);
    assertEquals(
      await page.evaluate("document.documentElement.scrollWidth"),
      320,
    );
    await holds(page, "at 320 × 256");
  },
  { viewport: { width: 320, height: 256 }, locale: "de-DE" },
);

Deno.test({
  name: "access: in Firefox, too, nothing is amiss, and a roll draws another z",
  ignore: firefoxIsMissing,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    inFolder(async (folder) => {
      const path = join(folder, "explorer.html");
      await Deno.writeTextFile(path, (await open()).html);
      await using firefox = await Firefox.start();
      await firefox.goto(pathToFileURL(path).href);
      await eventually(async () =>
        assert(
          await firefox.evaluate("document.documentElement.dataset.ready"),
        )
      );
      const formula = 'document.getElementById("from-formula").textContent';
      const before = await firefox.evaluate<string>(formula);
      await firefox.evaluate('document.getElementById("from-roll").click()');
      await eventually(async () =>
        assert(
          await firefox.evaluate(`${formula} !== ${JSON.stringify(before)}`),
        )
      );
      await assertAccessible(
        (expression) => firefox.evaluate(expression),
        "Firefox",
      );
      assertEquals(firefox.problems, []);
    }),
});
