/** The explorer's page by the keyboard alone. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import type { Page } from "playwright-core";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { explorerHtml } from "../lib/explorer/explorer.ts";
import { randomModel } from "./exported.ts";
import { browserTest, eventually, latents, moved } from "./explorer_driver.ts";

/** Presses Tab until a control has the focus, and then these keys. */
async function press(
  page: Page,
  selector: string,
  ...keys: string[]
): Promise<void> {
  for (let stops = 0;; stops++) {
    const isThere = await page.evaluate<boolean>(
      `document.activeElement.matches(${JSON.stringify(selector)})`,
    );
    if (isThere) break;
    assert(stops < 150, `Tab never comes to ${selector}`);
    await page.keyboard.press("Tab");
  }
  for (const key of keys) await page.keyboard.press(key);
}

/** Waits until what an element says is another than before some keys. */
async function says(
  page: Page,
  element: string,
  selector: string,
  ...keys: string[]
): Promise<string> {
  const before = await page.textContent(element);
  await press(page, selector, ...keys);
  return await eventually(async () => {
    const after = await page.textContent(element);
    assertNotEquals(after, before, `${keys} at ${selector}`);
    return after!;
  });
}

browserTest(
  "keys: what a picture becomes, a point, a map and samples need no pointer",
  async (page) => {
    // From here the keys begin at the top.
    await says(page, "#link-note", "#copy-link", "Enter");
    await press(page, "[data-lesson='3']", "Enter");
    await page.waitForSelector("#lesson-3:visible");
    assertMatch(
      await page.evaluate("document.activeElement.id"),
      /^h-lesson-3$/,
    );
    await press(page, "#lesson-3 summary", "Enter");
    assert(await page.locator("#lesson-3 details p").isVisible());
    await press(page, "#lesson-after", "Enter");
    await page.waitForSelector("#lesson-4:visible");
    await press(page, "#lesson-close", "Enter");
    await page.waitForSelector("#lesson-4", { state: "hidden" });

    await says(page, "#from-formula", "#from-roll", "Space");
    await says(page, "#from-caption", "#from-another", "Enter");
    await says(page, "#from-caption", "#from-another", "ArrowRight");
    await says(page, "#from-formula", "#from-dimension", "ArrowDown");

    let z = await latents(page);
    const goes = async (selector: string, ...keys: string[]) => {
      await press(page, selector, ...keys);
      z = await moved(page, z);
    };
    await goes("#random", "Enter");
    await goes("#reset", "Enter");
    await goes("#sliders input", "ArrowRight", "ArrowRight");
    await goes("#pad-example", "ArrowDown", "ArrowDown");
    await press(page, "#pad-clear", "Enter");
    await goes("#map", "ArrowUp");
    await goes("#map", "]");
    await press(page, "#legend button", "Space");
    assertEquals(
      await page.locator("#legend [aria-pressed=true]").count(),
      1,
    );
    await goes("#next-picture", "Enter");
    await says(page, "#status", "#set-a", "Enter");
    await goes("#play", "Space");
    await goes("#samples button", "ArrowRight", "Enter");
    const seed = await page.inputValue("#sample-seed");
    await press(page, "#new-samples", "Enter");
    assertNotEquals(await page.inputValue("#sample-seed"), seed);
    await says(page, "#temperature-value", "#temperature", "ArrowLeft");
  },
);

browserTest(
  "keys: a training is begun, led, looked through and explored",
  async (page) => {
    await page.locator("#save-samples").focus();
    await press(page, "#train-dim", "ArrowUp");
    await press(page, "#train", "Enter");
    // The slider of β comes next; it acts at once.
    await says(page, "#train-beta-value", "#train-beta", "ArrowRight");
    await page.waitForSelector("#explore-trained:enabled");
    await press(page, "#train-pause", "Enter");
    const steps = () =>
      eventually(async () => {
        const text = await page.textContent("#train-status") ?? "";
        const [, count] = text.match(/^Paused .* after (\d+) steps/) ?? [];
        assert(count, text);
        return Number(count);
      });
    const before = await steps();
    await press(page, "#train-step", "Space");
    await eventually(async () => assertEquals(await steps(), before + 1));
    await press(page, "#train-pace", "ArrowDown");
    await says(page, "#train-status", "#train-epoch", "Home", "ArrowRight");
    await press(page, "#explore-trained, #train-fork");
    await page.locator("#explore-trained").press("Enter");
    await page.waitForSelector("#back:visible");
    await page.keyboard.press("Control+Home");
    await page.locator("#large-type").focus();
    await press(page, "#back", "Enter");
    await page.waitForSelector("#back", { state: "hidden" });
  },
);

browserTest(
  "keys: a class is chosen",
  async (page) => {
    await says(page, "#pad-class", "#class", "ArrowDown");
  },
  {
    of: () =>
      explorerHtml({
        weights: encodeWeights(randomModel(4, "bce", ["one", "two"])),
        description: "a test",
        kl: [4, 3, 2, 1],
        mu: new Float32Array(8),
        labels: Uint8Array.of(0, 1),
        classes: ["one", "two"],
      }),
  },
);

/** Where the focus is: its place in the page, and how it is marked. */
const FOCUS = `(() => {
  const control = document.activeElement;
  if (control === document.body) return null;
  const { left, right, top, bottom } = control.getBoundingClientRect();
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(control);
  const part = control.closest("header, aside, section, #lessons, footer");
  const { id = "", scrollTop = 0 } = part ?? {};
  // The lessons have a scroll bar of their own.
  const down = scrollY + scrollTop;
  return {
    name: control.id || control.outerHTML.slice(0, 60),
    part: id + (part?.getAttribute("aria-labelledby") ?? part?.tagName),
    ...{ left, right, top: top + down, bottom: bottom + down },
    mark: outlineStyle === "none" ? 0 : parseFloat(outlineWidth),
    color: outlineColor,
  };
})()`;

interface Stop {
  readonly name: string;
  readonly part: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly mark: number;
}

browserTest(
  "keys: Tab comes to all as they are seen, marks each, and out again",
  async (page) => {
    await page.click("[data-lesson='1']");
    await page.evaluate("(document.activeElement.blur(), scrollTo(0, 0))");
    await page.locator("body").evaluate((body) => {
      (body as unknown as { tabIndex: number }).tabIndex = -1;
      (body as unknown as { focus(): void }).focus();
      body.removeAttribute("tabindex");
    });
    const stops: Stop[] = [];
    while (true) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate<Stop | null>(FOCUS);
      if (!stop) break;
      stops.push(stop);
      assert(stops.length < 150, "Tab never leaves the page");
    }
    const expected = await page.evaluate<number>(`
      [...document.querySelectorAll(
        "button, select, input, summary, canvas[tabindex='0']")]
        .filter((control) => control.tabIndex >= 0 && !control.disabled &&
          control.checkVisibility({ visibilityProperty: true }))
        .length`);
    assertEquals(new Set(stops.map(({ name }) => name)).size, stops.length);
    assertEquals(stops.length, expected);
    stops.forEach((stop, i) => {
      assert(stop.mark >= 2, `${stop.name} is not marked`);
      const before = stops[i - 1];
      if (before?.part !== stop.part) return;
      // Below the one before, or right of it.
      assert(
        stop.top >= before.bottom - 4 || stop.left >= before.right - 4,
        `${stop.name} comes after ${before.name}`,
      );
    });
  },
  { viewport: { width: 1600, height: 900 } },
);
