/** What the browser tests of the explorer do to a page, and see on it. */
import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BrowserContextOptions, Page } from "playwright-core";
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { createEngine } from "../lib/engines.ts";
import type { TrainingOptions } from "../lib/options/run.ts";
import { train } from "../lib/train/trainer.ts";
import { explorerPage } from "../tasks/shared/explorer_page.ts";
import { chromiumIsMissing, visit } from "./chromium.ts";
import { inFolder } from "./folder.ts";

export const LATENT_DIM = 4;
export const MIDDLE = [0, 0, 0, 0];

/** A model that has seen just enough to draw something. */
export async function trained(
  options: Partial<TrainingOptions>,
  limit: number,
): Promise<Checkpoint> {
  const dataset = await loadDataset({ dataset: "synthetic", limit });
  const events = train({
    dataset,
    engine: { engine: "wasm" },
    epochs: 2,
    batchSize: 20,
    lr: 0.005,
    ...options,
  });
  for await (const event of events) {
    if (event.type === "end") return await event.checkpoint();
  }
  throw new Error("training has no end");
}

let model: Promise<
  { checkpoint: Checkpoint; engine: Engine; html: string }
>;

/** The model of most tests, its page, and an engine that runs it here. */
export function open(): typeof model {
  return model ??= (async () => {
    const checkpoint = await trained({ latentDim: LATENT_DIM }, 1500);
    const engine = await createEngine(checkpoint.options, {
      engine: "wasm",
    });
    await engine.writeState(checkpoint.state);
    return { checkpoint, engine, html: await explorerPage(checkpoint) };
  })();
}

Deno.test.afterAll(async () => (await model)?.engine.dispose());

/** A test of a page from disk; a problem in the page is a failure. */
export function browserTest(
  name: string,
  body: (page: Page) => Promise<void>,
  { of = async () => (await open()).html, ...options }:
    & { of?: () => Promise<string> }
    & BrowserContextOptions = {},
): void {
  Deno.test({
    name,
    ignore: chromiumIsMissing,
    // The browser, its pipe and the engine serve all tests.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      inFolder(async (folder) => {
        const path = join(folder, "explorer.html");
        await Deno.writeTextFile(path, await of());
        const { page, problems } = await visit(
          pathToFileURL(path).href,
          options,
        );
        await ready(page);
        await body(page);
        await page.context().close();
        assertEquals(problems, []);
      }),
  });
}

/** Waits until everything is drawn. */
export async function ready(page: Page): Promise<void> {
  await page.waitForSelector("html[data-ready=true]", { state: "attached" });
}

/** Tries again until `check` holds, for ten seconds. */
export async function eventually<T>(check: () => Promise<T>): Promise<T> {
  const end = performance.now() + 10_000;
  while (true) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** The values of the sliders, in the order of the latent dimensions. */
export async function latents(page: Page): Promise<number[]> {
  const sliders: [number, number][] = await page.evaluate(`
    [...document.querySelectorAll("#sliders input[type=range]")]
      .map(({ dataset, value }) => [Number(dataset.dim), Number(value)])`);
  return sliders.sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** The values of the sliders once they are not `before`. */
export function moved(
  page: Page,
  before: readonly number[],
): Promise<number[]> {
  return eventually(async () => {
    const z = await latents(page);
    assertNotEquals(z, before);
    return z;
  });
}

/** Moves a slider as a person does; where it snapped to. */
export function slide(page: Page, dim: number, value: number): Promise<number> {
  return page.evaluate(`(() => {
    const slider = document.querySelector(
      "#sliders input[data-dim='${dim}']");
    slider.value = ${value};
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    return Number(slider.value);
  })()`);
}

/** A canvas's red channel, and its size. */
export async function canvas(
  page: Page,
  id: string,
): Promise<{ width: number; height: number; red: Uint8Array }> {
  const { width, height, text } = await page.evaluate<
    { width: number; height: number; text: string }
  >(`(() => {
    const from = document.getElementById("${id}");
    const { width, height } = from;
    const copy = new OffscreenCanvas(width, height).getContext("2d");
    copy.drawImage(from, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    let text = "";
    for (let i = 0; i < data.length; i += 4) {
      text += String.fromCharCode(data[i]);
    }
    return { width, height, text };
  })()`);
  return {
    width,
    height,
    red: Uint8Array.from(text, (c) => c.charCodeAt(0)),
  };
}

/** The reds of the page's paper and ink. */
export function colors(page: Page): Promise<[paper: number, ink: number]> {
  return page.evaluate(`["--paper", "--ink"].map((name) => {
    const style = getComputedStyle(document.documentElement);
    return parseInt(style.getPropertyValue(name).trim().slice(1, 3), 16);
  })`);
}

/** The bytes of the digit that a canvas shows, as in a data set. */
export async function digit(page: Page, id: string): Promise<Uint8Array> {
  const [paper, ink] = await colors(page);
  const { red } = await canvas(page, id);
  assertEquals(red.length, 784);
  return Uint8Array.from(
    red,
    (value) => Math.round(255 * (value - paper) / (ink - paper)),
  );
}

/** Waits until a canvas shows something else than `before`. */
export async function changes(
  page: Page,
  id: string,
  before: Uint8Array,
): Promise<void> {
  await eventually(async () => {
    const { red } = await canvas(page, id);
    assert(String(red) !== String(before), `${id} stays as it was`);
  });
}

/** The largest difference of a picture from pixels of 0 to 1, in its levels. */
export function difference(
  red: Uint8Array,
  pixels: Float32Array,
  [paper, ink]: [number, number],
): number {
  return red.reduce((worst, value, i) => {
    const inked = Math.min(1, Math.max(0, pixels[i]));
    return Math.max(worst, Math.abs(value - paper - inked * (ink - paper)));
  }, 0);
}

/**
 * Holds the picture in a canvas against this engine's decoding of z.
 *
 * @param tolerance How far each number of z may be from what is decoded.
 */
export async function assertDecodes(
  page: Page,
  id: string,
  z: readonly number[],
  tolerance = 0,
): Promise<void> {
  const { engine } = await open();
  const expected = await engine.decode(Float32Array.from(z));
  await assertShows(page, id, expected, tolerance);
}

/** Holds the picture in a canvas against pixels. */
export async function assertShows(
  page: Page,
  id: string,
  expected: Float32Array,
  tolerance = 0,
): Promise<void> {
  const tones = await colors(page);
  await eventually(async () => {
    const worst = difference((await canvas(page, id)).red, expected, tones);
    const limit = 2 + 255 * tolerance;
    assertLess(worst, limit, `${id} is off by ${worst} levels`);
  });
}

/** How far a slider is from where it stands: half of its steps. */
export const STEP = 0.005;

/** Draws with the mouse: points in parts of the pad's sides. */
export async function draw(
  page: Page,
  points: readonly (readonly [number, number])[],
): Promise<void> {
  await page.locator("#pad").scrollIntoViewIfNeeded();
  const box = (await page.locator("#pad").boundingBox())!;
  const at = ([x, y]: readonly [number, number]) =>
    [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) {
    await page.mouse.move(...at(point), { steps: 5 });
  }
  await page.mouse.up();
}

/** A seven, in the pad's corner. */
export const SEVEN = [[0.1, 0.1], [0.5, 0.1], [0.3, 0.6]] as const;
