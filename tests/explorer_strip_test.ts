/** The way from picture to picture, held against the engine that runs here. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import type { Page } from "playwright-core";
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { createEngine } from "../lib/engines.ts";
import { explorerHtml, type ExplorerModel } from "../lib/explorer/explorer.ts";
import { DRAWS, rollOf } from "../lib/explorer/page/cloud.ts";
import { priorSample } from "../lib/model/prior.ts";
import { randomModel } from "./exported.ts";
import {
  assertShows,
  browserTest,
  canvas,
  digit,
  draw,
  eventually,
  LATENT_DIM,
  latents,
  MIDDLE,
  open,
  SEVEN,
  STEP,
} from "./explorer_driver.ts";

/** Holds the picture that is encoded against its bytes. */
function assertOriginal(page: Page, image: Uint8Array): Promise<void> {
  const pixels = Float32Array.from(image, (byte) => byte / 255);
  return assertShows(page, "from-original", pixels);
}

/** What the strip says of the loss. */
async function terms(page: Page): Promise<number[]> {
  const texts = await page.locator("#from .terms b:visible").allTextContents();
  return texts.map(Number);
}

/** μ, σ and the KL of a picture, by the formula (Kingma & Welling, appendix B). */
async function posterior(
  engine: Engine,
  image: Uint8Array,
  labels?: Uint8Array,
) {
  const { mu, logvar } = await engine.encode(image, labels);
  const sigma = logvar.map((v) => Math.exp(v / 2));
  const nats = Array.from(
    mu,
    (m, d) => (m * m + Math.exp(logvar[d]) - 1 - logvar[d]) / 2,
  );
  return { mu, sigma, kl: nats.reduce((a, b) => a + b) };
}

/** z = μ + σ·ε with the noise of one draw, or with none. */
function drawn(
  { mu, sigma }: { mu: Float32Array; sigma: Float32Array },
  draw: number | null,
): Float32Array {
  const d = mu.length;
  const noise = priorSample(DRAWS, d, 0).slice((draw ?? 0) * d);
  return mu.map((m, i) => draw === null ? m : m + sigma[i] * noise[i]);
}

/** Whether places on the map have the colour of draws. */
function marked(page: Page, places: readonly number[][]): Promise<boolean[]> {
  return page.evaluate(`(() => {
    const map = document.getElementById("map");
    const copy = new OffscreenCanvas(map.width, map.height)
      .getContext("2d", { willReadFrequently: true });
    copy.drawImage(map, 0, 0);
    const style = getComputedStyle(document.documentElement);
    const hex = parseInt(style.getPropertyValue("--ink").trim().slice(1), 16);
    const ink = [hex >> 16, hex >> 8 & 255, hex & 255];
    return ${JSON.stringify(places)}.map(([x, y]) => {
      const { data } = copy.getImageData(
        Math.round((0.5 + x / 7) * map.width) - 1,
        Math.round((0.5 - y / 7) * map.height) - 1, 3, 3);
      return [...Array(9).keys()].some((i) =>
        data[4 * i + 3] > 200 &&
        ink.every((c, k) => Math.abs(data[4 * i + k] - c) < 40));
    });
  })()`);
}

/** The squared error of what an engine draws. */
async function squares(
  engine: Engine,
  z: Float32Array,
  image: Uint8Array,
): Promise<number> {
  const pixels = await engine.decode(z);
  return pixels.reduce((sum, x, i) => sum + (x - image[i] / 255) ** 2, 0);
}

async function pictures(): Promise<{ image: (i: number) => Uint8Array }> {
  // The page's model was trained on 1500 of these; the others test it.
  const html = (await open()).html;
  const [, text] = html.match(/"images":"([^"]*)"/)!;
  const stream = new Blob([Uint8Array.fromBase64(text)]).stream()
    .pipeThrough(new DecompressionStream("deflate"));
  const all = new Uint8Array(await new Response(stream).arrayBuffer());
  return { image: (i) => all.slice(784 * i, 784 * (i + 1)) };
}

browserTest(
  "explorer: opens on a picture, its draw and what that costs",
  async (page) => {
    const { engine } = await open();
    const { image } = await pictures();
    await assertOriginal(page, image(0));
    const of = await posterior(engine, image(0));
    const z = drawn(of, 0);
    await assertShows(page, "from-reconstruction", await engine.decode(z));
    const [error, kl, total] = await terms(page);
    assertAlmostEquals(error, await squares(engine, z, image(0)), 0.01);
    assertAlmostEquals(kl, of.kl, 0.01);
    assertAlmostEquals(total, error + kl, 0.011);
    // It is not gone to before the reader does something.
    assertEquals(await latents(page), MIDDLE);
    assertMatch(
      await page.locator("#from-caption").innerText(),
      /^1 of 200: \d$/,
    );
  },
);

browserTest(
  "explorer: the map shows thirty draws, and a standard deviation around their mean",
  async (page) => {
    const { engine } = await open();
    const { image } = await pictures();
    await page.click("#from-roll");
    const [x, y] = await page.evaluate<number[]>(
      `["map-x", "map-y"].map((id) => Number(document.getElementById(id).value))`,
    );
    const { mu, sigma } = await posterior(engine, image(0));
    const noise = priorSample(DRAWS, LATENT_DIM, 0);
    const draws = Array.from(
      { length: DRAWS },
      (_, i) => [x, y].map((d) => mu[d] + sigma[d] * noise[i * LATENT_DIM + d]),
    );
    const around = [[-1, 0], [1, 0], [0, -1], [0, 1]].map(([right, up]) => [
      mu[x] + right * sigma[x],
      mu[y] + up * sigma[y],
    ]);
    // The walk and the point hide a few.
    await eventually(async () => {
      const marks = await marked(page, [...draws, ...around]);
      assertGreater(marks.slice(0, DRAWS).filter(Boolean).length, DRAWS - 6);
      assertGreater(marks.slice(DRAWS).filter(Boolean).length, 2);
      // Names and rims have the same ink, but lie elsewhere.
      const beside = draws.map(([right, up]) => [right + 4 * sigma[x], up]);
      const others = await marked(page, beside);
      assertLess(others.filter(Boolean).length, DRAWS / 2);
    });
  },
  // So large that the draws lie beside each other.
  { viewport: { width: 1920, height: 1080 } },
);

browserTest(
  "explorer: a roll draws another z, and the KL stays",
  async (page) => {
    const { engine } = await open();
    const { image } = await pictures();
    const of = await posterior(engine, image(0));
    const before = await terms(page);
    for (const draw of [1, 2, null]) {
      await page.click(draw === null ? "#from-mean" : "#from-roll");
      const z = drawn(of, draw);
      await assertShows(page, "from-reconstruction", await engine.decode(z));
      await assertShows(page, "digit", await engine.decode(z));
      (await latents(page)).forEach((at, d) =>
        assertAlmostEquals(at, z[d], STEP + 1e-6)
      );
      const [error, kl] = await terms(page);
      assertAlmostEquals(error, await squares(engine, z, image(0)), 0.01);
      assertNotEquals(error, before[0]);
      assertEquals(kl, before[1]);
      const said = await page.locator("#status").innerText();
      assertMatch(said, draw === null ? /^The mean: / : /^A new draw: /);
      assert(said.includes(error.toFixed(1).slice(0, -1)), said);
    }
  },
);

browserTest(
  "explorer: the pictures come one after the other, and by the keys",
  async (page) => {
    const { engine } = await open();
    const { image } = await pictures();
    const shows = (i: number) =>
      eventually(async () => {
        await assertOriginal(page, image(i));
        const of = await posterior(engine, image(i));
        assertAlmostEquals((await terms(page))[1], of.kl, 0.01);
      });
    await page.click("#from-another");
    await shows(1);
    await page.keyboard.press("ArrowRight");
    await shows(2);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await shows(199);
    await page.keyboard.press("Enter");
    await shows(0);
    assertMatch(await page.locator("#from-caption").innerText(), /^1 of 200: /);

    // The numbers of one dimension, where the keys choose it.
    const { mu, sigma } = await posterior(engine, image(0));
    await page.locator("#from-dimension").selectOption("2");
    const formula = await page.locator("#from-formula").innerText();
    const numbers = formula.replaceAll("−", "-").match(/-?\d+\.\d+/g)!
      .map(Number);
    const z = numbers[0] + numbers[1] * numbers[2];
    assertAlmostEquals(numbers[0], mu[2], 0.006);
    assertAlmostEquals(numbers[1], sigma[2], 0.006);
    assertAlmostEquals(numbers[3], z, 0.03);
  },
);

browserTest(
  "explorer: what is chosen for the pad goes the same way, and is at its mean",
  async (page) => {
    const { engine } = await open();
    await page.locator("#pad-example").selectOption("4");
    const image = await eventually(async () => {
      const image = await digit(page, "from-original");
      assertEquals(image, await digit(page, "pad-input"));
      return image;
    });
    const { mu, kl } = await posterior(engine, image);
    await assertShows(page, "from-reconstruction", await engine.decode(mu));
    const [error, nats] = await terms(page);
    assertAlmostEquals(error, await squares(engine, mu, image), 0.01);
    assertAlmostEquals(nats, kl, 0.01);
    const caption = () => page.locator("#from-caption").innerText();
    const chosen = await caption();
    assertMatch(chosen, /^\d+ of 200: 4$/);
    // What is drawn takes its place, until it is given up.
    await draw(page, SEVEN);
    await eventually(async () => assertMatch(await caption(), /drawn/));
    await page.click("#pad-clear");
    await eventually(async () => {
      assertEquals(await caption(), chosen);
      assertEquals(await digit(page, "from-original"), image);
    });
    await page.click("#from-another");
    const next = parseInt(chosen) % 200 + 1;
    await eventually(async () =>
      assertMatch(await caption(), new RegExp(`^${next} of 200: `))
    );
    // The map's pictures are the same ones.
    await page.click("#next-picture");
    await page.click("#next-picture");
    await eventually(async () => assertMatch(await caption(), /^2 of 200: /));
    await page.click("#from-another");
    await eventually(async () => assertMatch(await caption(), /^3 of 200: /));
  },
);

/** A page of a model that has these pictures. */
async function pageOf(
  checkpoint: Checkpoint,
  more: Partial<ExplorerModel> = {},
): Promise<string> {
  const { images, labels } = synthesize(20, { seed: 3 });
  const { latentDim, autoencoder, beta } = checkpoint.options;
  return await explorerHtml({
    weights: encodeWeights(checkpoint),
    description: "a test",
    kl: autoencoder ? null : Array.from({ length: latentDim }, (_, d) => d),
    beta: autoencoder ? null : beta,
    mu: priorSample(20, latentDim, 0),
    labels,
    images,
    subject: "digits",
    ...more,
  });
}

/** An engine that runs it here, until the block ends. */
async function running({ options, state }: Checkpoint) {
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  await engine.writeState(state);
  return { engine, [Symbol.dispose]: () => engine.dispose() };
}

const wide = randomModel(64, "bce");
const steep = {
  ...wide,
  options: { ...wide.options, beta: 4 },
};

browserTest(
  "explorer: of 64 dimensions it shows sixteen, of logits the nats, and β times the KL",
  async (page) => {
    using run = await running(steep);
    const { engine } = run;
    const { images } = synthesize(1, { seed: 3 });
    const of = await posterior(engine, images);
    const z = drawn(of, 0);
    const [nats] = await engine.score(z, images);
    const [error, price, total] = await terms(page);
    assertAlmostEquals(error, nats, 0.01);
    assertAlmostEquals(price, 4 * of.kl, 0.01);
    assertAlmostEquals(total, nats + 4 * of.kl, 0.01);
    const options = await page.locator("#from-dimension option").all();
    assertEquals(options.length, 16);
    assertEquals(await options[0].innerText(), "z64");
  },
  { of: () => pageOf(steep) },
);

browserTest(
  "explorer: without a β there is no sum, without pictures a digit is drawn",
  async (page) => {
    using run = await running(wide);
    const { engine } = run;
    const { images } = synthesize(1, { seed: 1 });
    await assertOriginal(page, images);
    const { kl } = await posterior(engine, images);
    const shown = await terms(page);
    assertEquals(shown.length, 2);
    assertAlmostEquals(shown[1], kl, 0.01);
    await page.click("#from-another");
    const [, next] = [0, 1].map((first) =>
      synthesize(1, { seed: 1, first }).images
    );
    await eventually(async () => await assertOriginal(page, next));
  },
  { of: () => pageOf(wide, { beta: null, images: undefined }) },
);

const points = randomModel(LATENT_DIM, "mse");
const autoencoder = {
  ...points,
  options: { ...points.options, autoencoder: true },
};

browserTest(
  "explorer: an autoencoder has no dice",
  async (page) => {
    using run = await running(autoencoder);
    const { engine } = run;
    const { images } = synthesize(1, { seed: 3 });
    const { mu } = await engine.encode(images);
    await assertShows(
      page,
      "from-reconstruction",
      await engine.decode(mu),
    );
    const shown = await terms(page);
    assertEquals(shown.length, 1);
    assertAlmostEquals(shown[0], await squares(engine, mu, images), 0.01);
    assertEquals(await page.locator("#from .dice:visible").count(), 0);
    assertMatch(await page.locator("#from > p").first().innerText(), /no dice/);
    await page.click("#from-another");
    await eventually(async () =>
      assertMatch(await page.locator("#status").innerText(), /^Drawn again/)
    );
  },
  { of: () => pageOf(autoencoder) },
);

const told = randomModel(LATENT_DIM, "mse", [..."abcdefghij"]);

browserTest(
  "explorer: a class goes in at both ends",
  async (page) => {
    using run = await running(told);
    const { engine } = run;
    const { images, labels } = synthesize(20, { seed: 3 });
    // It begins with a picture of the class that is chosen.
    const first = labels.indexOf(0);
    const image = images.slice(784 * first, 784 * (first + 1));
    await assertOriginal(page, image);
    const of = await posterior(engine, image, Uint8Array.of(0));
    assertAlmostEquals((await terms(page))[1], of.kl, 0.01);
    await page.locator("#class").selectOption("7");
    const [other] = await engine.score(
      drawn(of, 0),
      image,
      Uint8Array.of(7),
    );
    await eventually(async () => {
      const [error, kl] = await terms(page);
      assertAlmostEquals(error, other, 0.01);
      assertAlmostEquals(kl, of.kl, 0.01);
      assertEquals(
        await page.locator("#from .arrow .conditional").allInnerTexts(),
        ["class a", "class h"],
      );
    });
  },
  { of: () => pageOf(told, { classes: [..."abcdefghij"] }) },
);

browserTest(
  "explorer: it goes downwards where it is narrow, and stays still where asked",
  async (page) => {
    const box = async (id: string) =>
      (await page.locator(`#${id}`).boundingBox())!;
    const bars = await box("from-bars");
    for (const picture of ["from-original", "from-reconstruction"]) {
      const { y, height } = await box(picture);
      assertLess(y + height, bars.y);
    }
    assertEquals(await page.evaluate("document.body.scrollWidth"), 390);
    // Nothing moves: the bars are where they belong in the next frame.
    await page.click("#from-roll");
    const { red } = await canvas(page, "from-bars");
    await page.waitForTimeout(300);
    assertEquals((await canvas(page, "from-bars")).red, red);
  },
  {
    viewport: { width: 390, height: 844 },
    reducedMotion: "reduce",
  },
);

Deno.test("rollOf() draws from N(μ, σ²), and a cloud has the draw in it", () => {
  const picture = {
    image: new Uint8Array(784),
    mu: Float32Array.of(2, -1, 0),
    sigma: Float32Array.of(0.1, 1, 0.5),
  };
  const rolls = Array.from({ length: 600 }, (_, n) => rollOf(picture, n));
  for (let d = 0; d < 3; d++) {
    const values = rolls.map(({ z }) => z[d]);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 599;
    assertLess(Math.abs(mean - picture.mu[d]), 0.15 * picture.sigma[d]);
    assertAlmostEquals(Math.sqrt(variance) / picture.sigma[d], 1, 0.1);
  }
  for (const number of [0, 29, 30, 599]) {
    const { z, cloud, epsilon } = rolls[number];
    const row = number % DRAWS * 3;
    assertEquals(cloud.slice(row, row + 3), z);
    z.forEach((at, d) =>
      assertAlmostEquals(
        at,
        picture.mu[d] + picture.sigma[d] * epsilon[d],
        1e-6,
      )
    );
  }
  const mean = rollOf(picture, 7, true);
  assertEquals(mean.z, picture.mu);
  assertEquals(mean.cloud, rolls[7].cloud);
});
