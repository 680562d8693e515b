/** The explorer's page in the reader's own few colours. */
import { assert, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Locator, Page } from "playwright-core";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { contrast } from "./color_vision.ts";
import { browserTest } from "./explorer_driver.ts";

/** What a part of the screen shows: the share of its pixels in each colour. */
async function colorsOf(part: Locator): Promise<Map<string, number>> {
  const { data } = PNG.sync.read(
    Buffer.from(await part.screenshot({ animations: "disabled" })),
  );
  const shares = new Map<string, number>();
  const n = data.length / 4;
  for (let i = 0; i < n; i++) {
    const hex = `#${data.subarray(4 * i, 4 * i + 3).toString("hex")}`;
    shares.set(hex, (shares.get(hex) ?? 0) + 1 / n);
  }
  return shares;
}

/** The share of pixels that stand out from a colour, by 3 to 1. */
function shareOn(ground: string, shares: Map<string, number>): number {
  return [...shares].reduce(
    (sum, [color, share]) => contrast(color, ground) >= 3 ? sum + share : sum,
    0,
  );
}

/** Parts that show by more than text, and how much of each must. */
const PARTS = {
  "#sliders input >> nth=0": 0.05,
  "#temperature": 0.05,
  "#train-beta": 0.05,
  "#sliders .kl i >> nth=0": 0.6,
  "#sliders .bar >> nth=0": 0.6,
  "#from-bars": 0.02,
  "#from-original": 0.03,
  "#digit": 0.03,
  "#map": 0.03,
  "#legend canvas >> nth=2": 0.1,
  "#strip": 0.03,
  "#samples": 0.01,
  "#train-curves": 0.02,
  "#train-kl": 0.02,
  "#train-map": 0.002,
};

async function holds(page: Page): Promise<void> {
  await page.click("#next-picture");
  await page.click("#train");
  await page.waitForSelector("#explore-trained:enabled");
  await page.click("#train-pause");
  await page.mouse.move(0, 0);
  const [ground, ink] = await page.evaluate<string[]>(`
    ["Canvas", "CanvasText"].map((color) => {
      const context = document.createElement("canvas").getContext("2d");
      context.fillStyle = color;
      return context.fillStyle;
    })`);
  assertGreater(contrast(ground, ink), 7);
  for (const [selector, least] of Object.entries(PARTS)) {
    const shares = await colorsOf(page.locator(selector));
    assertGreaterOrEqual(shareOn(ground, shares), least, selector);
  }

  // The two parts of the loss, of one bar and of their keys.
  for (const parts of ["#from-stack i", "#train .key.area, figcaption .key"]) {
    const colors = [];
    for (const i of [0, 1]) {
      const shares = await colorsOf(page.locator(parts).nth(i));
      const seen = [...shares].filter(([color]) => color !== ground)
        .sort(([, a], [, b]) => b - a);
      colors.push(seen[0][0]);
    }
    for (const color of colors) {
      assertGreaterOrEqual(contrast(color, ground), 3, parts);
    }
    assertGreaterOrEqual(contrast(colors[0], colors[1]), 3, parts);
  }

  // What is pressed is filled or has a wide border, and its text can be read.
  await page.click("[data-lesson='2']");
  for (
    const [name, gain] of [
      ["#large-type", 0.3],
      ["#legend button >> nth=1", 0.04],
    ] as const
  ) {
    const control = page.locator(name);
    await page.mouse.move(0, 0);
    const before = shareOn(ground, await colorsOf(control));
    await control.click();
    await page.mouse.move(0, 0);
    await page.evaluate("document.activeElement.blur()");
    const after = await colorsOf(control);
    assertGreater(shareOn(ground, after), before + gain, name);
    assertReadable(after, name);
  }
  for (const name of ["#train", "#from-roll", ".steps [aria-current] b"]) {
    assertReadable(await colorsOf(page.locator(name)), name);
  }
}

/** Holds text to standing out from what most of its ground is. */
function assertReadable(shares: Map<string, number>, name: string): void {
  const [ground, share] = [...shares].reduce((a, b) => b[1] > a[1] ? b : a);
  assertGreater(share, 0.4, name);
  assertGreaterOrEqual(shareOn(ground, shares), 0.02, name);
  // A plate of another colour below it would be much of the rest.
  const others = [...shares].filter(([color]) => color !== ground);
  const most = Math.max(...others.map(([, share]) => share));
  assert(most < 0.25, `${name} has a plate below its text`);
}

for (const colorScheme of ["light", "dark"] as const) {
  browserTest(
    `forced colours: nothing is lost, ${colorScheme}`,
    holds,
    { forcedColors: "active", colorScheme },
  );
}
