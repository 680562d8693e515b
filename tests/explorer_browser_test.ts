/** The explorer in a real browser, held against the engine that runs here. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { explorerHtml, type ExplorerModel } from "../lib/explorer/explorer.ts";
import type { TrainingOptions } from "../lib/options/run.ts";
import { explorerPage } from "../tasks/shared/explorer_page.ts";
import { chromiumIsMissing, visit } from "./chromium.ts";
import { inFolder } from "./folder.ts";
import { startTask } from "./process.ts";
import {
  assertDecodes,
  browserTest,
  canvas,
  changes,
  colors,
  difference,
  digit,
  draw,
  eventually,
  LATENT_DIM,
  latents,
  MIDDLE,
  moved,
  open,
  ready,
  SEVEN,
  slide,
  STEP,
  trained,
} from "./explorer_driver.ts";

for (const colorScheme of ["light", "dark"] as const) {
  browserTest(
    `explorer: each slider redraws the digit, as the engine does, in the ${colorScheme}`,
    async (page) => {
      assertEquals(await latents(page), MIDDLE);
      await assertDecodes(page, "digit", MIDDLE);
      for (let dim = 0; dim < LATENT_DIM; dim++) {
        const { red } = await canvas(page, "digit");
        await slide(page, dim, [1.5, -2, 0.75, -0.5][dim]);
        const z = await latents(page);
        assertAlmostEquals(z[dim], [1.5, -2, 0.75, -0.5][dim], 1e-6);
        await changes(page, "digit", red);
        await assertDecodes(page, "digit", z);
      }
    },
    { colorScheme },
  );
}

browserTest("explorer: a digit is there within a frame", async (page) => {
  const times = await page.evaluate<number[]>(`(async () => {
    const digit = document.getElementById("digit");
    const slider = document.querySelector("#sliders input[data-dim='0']");
    const { prototype } = CanvasRenderingContext2D;
    const { putImageData } = prototype;
    const times = [];
    for (let i = 0; i < 30; i++) {
      // This frame's work begins when the callback that is first in it runs.
      let begun;
      requestAnimationFrame(() => begun = performance.now());
      await new Promise((resolve) => {
        prototype.putImageData = function (...picture) {
          putImageData.apply(this, picture);
          if (this.canvas === digit) resolve();
        };
        slider.value = i / 10;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
      });
      times.push(performance.now() - begun);
    }
    prototype.putImageData = putImageData;
    return times;
  })()`);
  const [median] = times.sort((a, b) => a - b).slice(times.length / 2);
  console.log(
    `a slider's digit is drawn ${median.toFixed(1)} ms into its frame`,
  );
  assertGreater(median, 0);
});

browserTest(
  "explorer: the sliders are in the order of their KL",
  async (page) => {
    const { checkpoint, engine } = await open();
    const { images } = (await loadDataset({
      ...checkpoint.data.options,
      splits: ["test"],
    })).test!;
    const { mu, logvar } = await engine.encode(images);
    const kl = [...MIDDLE];
    mu.forEach((m, at) => {
      const v = logvar[at];
      kl[at % LATENT_DIM] += (m * m + Math.exp(v) - 1 - v) / 2;
    });
    const expected = [...kl.keys()].sort((a, b) => kl[b] - kl[a]);
    const dims = await page.evaluate(`
    [...document.querySelectorAll("#sliders input[type=range]")]
      .map(({ dataset }) => Number(dataset.dim))`);
    assertEquals(dims, expected);
  },
);

browserTest("explorer: random and reset move the sliders", async (page) => {
  await page.click("#random");
  const z = await moved(page, MIDDLE);
  await assertDecodes(page, "digit", z, STEP);
  await page.click("#random");
  await moved(page, z);
  await page.click("#reset");
  await eventually(async () => assertEquals(await latents(page), MIDDLE));
  await assertDecodes(page, "digit", MIDDLE);
});

browserTest("explorer: a slider follows the arrow keys", async (page) => {
  await page.locator("#sliders input[data-dim='0']").focus();
  for (let i = 0; i < 50; i++) await page.keyboard.press("ArrowRight");
  const z = await latents(page);
  assertAlmostEquals(z[0], 0.5, 1e-6);
  await assertDecodes(page, "digit", z);
});

browserTest(
  "explorer: a stroke is centred as MNIST is, encoded and decoded",
  async (page) => {
    const { engine } = await open();
    await draw(page, SEVEN);
    await moved(page, MIDDLE);
    const input = await eventually(async () => {
      const input = await digit(page, "pad-input");
      const { mu } = await engine.encode(input);
      const z = await latents(page);
      z.forEach((value, dim) => assertAlmostEquals(value, mu[dim], 0.05));
      await assertDecodes(page, "pad-reconstruction", [...mu], 0.02);
      return input;
    });
    let [mass, x, y] = [0, 0, 0];
    const inked: [number, number][] = [];
    input.forEach((byte, i) => {
      const [column, row] = [i % 28, Math.floor(i / 28)];
      mass += byte;
      x += byte * (column + 0.5);
      y += byte * (row + 0.5);
      if (byte > 31) inked.push([column, row]);
    });
    // Scaled to a box of 20 pixels, its centre of mass in the frame's middle.
    assertAlmostEquals(x / mass, 14, 1);
    assertAlmostEquals(y / mass, 14, 1);
    const sides = [0, 1].map((axis) => {
      const along = inked.map((place) => place[axis]);
      return Math.max(...along) - Math.min(...along) + 1;
    });
    assertAlmostEquals(Math.max(...sides), 20, 1);
    assertGreater(sides[1], sides[0]);

    await page.click("#pad-clear");
    await eventually(async () => {
      for (const id of ["pad-input", "pad-reconstruction"]) {
        assertEquals(Math.max(...await digit(page, id)), 0, id);
      }
    });
  },
);

browserTest("explorer: the pad has examples", async (page) => {
  await page.locator("#pad-example").selectOption("3");
  const { engine } = await open();
  await moved(page, MIDDLE);
  const { mu } = await engine.encode(await digit(page, "pad-input"));
  const z = await latents(page);
  z.forEach((value, dim) =>
    // As far out as a slider goes.
    assertAlmostEquals(value, Math.max(-3.5, Math.min(3.5, mu[dim])), 0.05)
  );
  await assertDecodes(page, "pad-reconstruction", [...mu], 0.02);
});

browserTest(
  "explorer: a finger draws, on a phone that it fits",
  async (page) => {
    const width = await page.evaluate("document.documentElement.scrollWidth");
    assertEquals(width, 390);
    await page.locator("#pad").scrollIntoViewIfNeeded();
    const box = (await page.locator("#pad").boundingBox())!;
    const touch = await page.context().newCDPSession(page);
    const send = (type: "touchStart" | "touchMove", x: number, y: number) =>
      touch.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: [{ x: box.x + x * box.width, y: box.y + y * box.height }],
      });
    const scrolled = await page.evaluate("scrollY");
    await send("touchStart", 0.5, 0.2);
    for (let y = 0.25; y < 0.8; y += 0.05) await send("touchMove", 0.5, y);
    await touch.send("Input.dispatchTouchEvent", {
      type: "touchEnd",
      touchPoints: [],
    });
    await moved(page, MIDDLE);
    assertEquals(await page.evaluate("scrollY"), scrolled);
  },
  {
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
    deviceScaleFactor: 3,
    colorScheme: "dark",
  },
);

browserTest("explorer: a place on the map is decoded", async (page) => {
  const axes = () =>
    Promise.all(
      ["#map-x", "#map-y"].map(async (id) =>
        Number(await page.locator(id).inputValue())
      ),
    );
  const map = page.locator("#map");
  await map.scrollIntoViewIfNeeded();
  const { width, height } = (await map.boundingBox())!;
  const [x, y] = await axes();
  const places: number[][] = [];
  for (const [across, down] of [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7]]) {
    const before = await latents(page);
    await map.click({
      position: { x: across * width, y: down * height },
    });
    const z = await moved(page, before);
    await assertDecodes(page, "digit", z, STEP);
    z.forEach((value, dim) => {
      if (dim !== x && dim !== y) assertEquals(value, 0);
    });
    places.push([z[x], z[y]]);
  }
  // Right is more of x, up is more of y.
  assertGreater(places[1][0], places[0][0]);
  assertAlmostEquals(places[1][1], places[0][1], 0.05);
  assertLess(places[2][1], places[1][1]);
  assertAlmostEquals(places[2][0], places[1][0], 0.05);

  await map.focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowUp");
  const z = await eventually(async () => {
    const z = await latents(page);
    assertLess(z[x], places[2][0]);
    assertGreater(z[y], places[2][1]);
    return z;
  });
  await assertDecodes(page, "digit", z, STEP);
});

browserTest(
  "explorer: two places have an interpolation between them",
  async (page) => {
    const { engine } = await open();
    const tones = await colors(page);
    for (
      const [button, value] of [["#set-a", -1.5], ["#set-b", 1.5]] as const
    ) {
      await slide(page, 0, value);
      await page.click(button);
    }
    const steps = [-1.5, 0, 1.5];
    const expected = await engine.decode(
      Float32Array.from(steps.flatMap((z) => [z, 0, 0, 0])),
    );
    await eventually(async () => {
      const { width, height, red } = await canvas(page, "strip");
      assertEquals(height, 28);
      steps.forEach((_, i) => {
        const left = i * (width - 28) / 2;
        const shown = red.filter((_, at) =>
          at % width >= left && at % width < left + 28
        );
        const pixels = expected.subarray(784 * i, 784 * (i + 1));
        assertLess(difference(shown, pixels, tones), 2, `step ${i}`);
      });
    });

    await page.click("#reset");
    await page.click("#play");
    const seen = new Set<number>();
    await eventually(async () => {
      seen.add((await latents(page))[0]);
      assertEquals(await page.locator("#play").textContent(), "Play");
    });
    assertGreater(seen.size, 3);
    await eventually(async () =>
      assertEquals(await latents(page), [1.5, 0, 0, 0])
    );
  },
);

browserTest(
  "explorer: samples of temperature 0 are all the prior's mean",
  async (page) => {
    const samples = (): Promise<string[]> =>
      page.evaluate(`[...document.querySelectorAll("#samples canvas")]
      .map((canvas) => canvas.toDataURL())`);
    const distinct = async () => new Set(await samples()).size;
    const first = await samples();
    assertEquals(await distinct(), first.length);
    await page.click("#new-samples");
    await eventually(async () => {
      assert((await samples()).every((sample) => !first.includes(sample)));
    });
    await page.locator("#temperature").fill("0");
    await eventually(async () => assertEquals(await distinct(), 1));
    const mean = await page.evaluate(
      `document.getElementById("digit").toDataURL()`,
    );
    assertEquals((await samples())[0], mean);
  },
);

browserTest(
  "explorer: a sample can be visited, and the digit saved",
  async (page) => {
    await page.locator("#samples button").nth(5).click();
    const z = await moved(page, MIDDLE);
    await assertDecodes(page, "digit", z, STEP);
    const { red } = await canvas(page, "digit");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.click("#save-digit"),
    ]);
    assertEquals(download.suggestedFilename(), "digit.png");
    const png = PNG.sync.read(Buffer.from(
      await Deno.readFile(
        await download.path(),
      ),
    ));
    const scale = png.width / 28;
    assertEquals([png.height, scale % 1], [png.width, 0]);
    const saved = Uint8Array.from({ length: 784 }, (_, i) => {
      const [x, y] = [i % 28, Math.floor(i / 28)];
      return png.data[4 * scale * (y * png.width + x)];
    });
    assertEquals(saved, red);
  },
);

browserTest(
  "explorer: trains in the page, and explores what it has trained",
  async (page) => {
    const { red: empty } = await canvas(page, "train-curves");
    await page.locator("#train-dim").selectOption("2");
    await page.click("#train");
    const status = page.locator("#train-status");
    await eventually(async () =>
      assertMatch(
        await status.innerText(),
        /^Epoch \d+ of \d+, [\d,]+ digits a second/,
      )
    );
    await changes(page, "train-curves", empty);
    await page.click("#explore-trained");
    await eventually(async () => assertEquals(await latents(page), [0, 0]));
    const { red } = await canvas(page, "digit");
    await slide(page, 0, 2);
    await changes(page, "digit", red);
    await page.click("#back");
    await eventually(async () => assertEquals(await latents(page), MIDDLE));
    await assertDecodes(page, "digit", MIDDLE);
  },
);

browserTest("explorer: all that can be reached has a name", async (page) => {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const reachable = nodes.filter(({ ignored, role, properties }) =>
    !ignored && role?.value !== "RootWebArea" &&
    properties?.some(({ name, value }) => name === "focusable" && value.value)
  );
  assertGreater(reachable.length, LATENT_DIM);
  const nameless = reachable.filter(({ name }) => !name?.value);
  assertEquals(nameless.map(({ role }) => role?.value), []);
});

browserTest("explorer: dimensions are called z1 and so on", async (page) => {
  const names = await page.evaluate<string[]>(`
    [...document.querySelectorAll("#sliders label")].map((label) =>
      label.textContent)`);
  assertEquals(names.toSorted(), ["z1", "z2", "z3", "z4"]);
  const options = await page.evaluate<string[]>(`
    [...document.querySelectorAll("#map-x option")].map((option) =>
      option.textContent.replace(/ .*/, ""))`);
  assertEquals(options, names);
});

browserTest(
  "explorer: an autoencoder's samples are drawn on the scale of its codes",
  async (page) => {
    const begin = await latents(page);
    // Codes 100 ± 5 and so on: what N(0, I) draws is nowhere near.
    [100, -40, 7, 0].forEach((mean, d) =>
      assertAlmostEquals(begin[d], mean, 0.02)
    );
    for (let i = 1; i <= 6; i++) {
      await page.click(`#samples button:nth-child(${i})`);
      const z = await latents(page);
      [[100, 5], [-40, 1], [7, 0.5], [0, 2]].forEach(([mean, sigma], d) =>
        assertLess(Math.abs(z[d] - mean), 6 * sigma)
      );
    }
  },
  {
    of: async () =>
      explorerHtml({
        weights: encodeWeights(
          await trained({ latentDim: LATENT_DIM, autoencoder: true }, 500),
        ),
        description: "a test",
        kl: null,
        mu: Float32Array.of(95, -41, 6.5, -2, 105, -39, 7.5, 2),
        labels: Uint8Array.of(3, 8),
      }),
  },
);

/** Pages of models that are not like most. */
const odd: Record<string, () => Promise<string>> = {
  "one latent dimension": () => pageOf({ latentDim: 1 }),
  "64 latent dimensions": () => pageOf({ latentDim: 64 }),
  "an autoencoder": () => pageOf({ autoencoder: true }),
  "logits": () => pageOf({ likelihood: "bce" }),
  "images without labels": () => pageWith({ labels: null }),
  "no images": () =>
    pageWith({ kl: null, mu: new Float32Array(), labels: new Uint8Array() }),
};

async function pageOf(options: Partial<TrainingOptions>): Promise<string> {
  return explorerPage(
    await trained({ latentDim: LATENT_DIM, ...options }, 500),
  );
}

async function pageWith(change: Partial<ExplorerModel>): Promise<string> {
  return await explorerHtml({
    weights: encodeWeights((await open()).checkpoint),
    description: "a test",
    kl: [1, 2, 3, 4],
    mu: Float32Array.of(0, 1, 2, 3, 3, 2, 1, 0),
    labels: Uint8Array.of(3, 8),
    subject: "digits",
    ...change,
  });
}

for (const [what, of] of Object.entries(odd)) {
  browserTest(`explorer: shows a model of ${what}`, async (page) => {
    // An autoencoder begins at the mean of its codes.
    if (what !== "an autoencoder") {
      const middle = (await latents(page)).map(() => 0);
      assertEquals(await latents(page), middle);
    }
    const { red } = await canvas(page, "digit");
    await slide(page, 0, 2);
    await changes(page, "digit", red);
    await page.click("#random");
    await page.click("#map", { position: { x: 9, y: 9 } });
    await page.locator("#pad-example").selectOption("8");
    await page.click("#set-a");
    await eventually(async () =>
      assertGreater(Math.max(...await digit(page, "pad-reconstruction")), 0)
    );
    assertEquals(await page.locator("#status").textContent(), "A is set.");
  }, { of });
}

Deno.test({
  name: "explorer: its policy forbids every request",
  ignore: chromiumIsMissing,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    inFolder(async (folder) => {
      const path = join(folder, "explorer.html");
      await Deno.writeTextFile(path, (await open()).html);
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      let reached = false;
      listener.accept().then(() => reached = true, () => {});
      const { page } = await visit(pathToFileURL(path).href);
      await ready(page);
      const refused = await page.evaluate(`Promise.all([
        new Promise((resolve) => {
          const image = new Image();
          image.onerror = () => resolve("image");
          image.src = "http://127.0.0.1:${port}/image";
        }),
        fetch("http://127.0.0.1:${port}/").catch(() => "fetch"),
        new Promise((resolve) => {
          const script = document.createElement("script");
          script.onerror = () => resolve("script");
          script.src = "http://127.0.0.1:${port}/script";
          document.head.append(script);
        }),
      ])`);
      assertEquals(refused, ["image", "fetch", "script"]);
      await page.context().close();
      assertEquals(reached, false);
    }),
});

Deno.test({
  name: "explorer: `explore` serves it with memory that threads share",
  ignore: chromiumIsMissing,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    inFolder(async (folder) => {
      const { checkpoint } = await open();
      const path = join(folder, "model.safetensors");
      await Deno.writeFile(path, encodeCheckpoint(checkpoint));
      const child = startTask(folder, "explore", [
        ..."--checkpoint model.safetensors --port 0 --json".split(" "),
      ]);
      const lines = child.stdout.pipeThrough(new TextDecoderStream());
      const { value } = await lines[Symbol.asyncIterator]().next();
      const { url } = JSON.parse(value!);
      try {
        const { page, problems } = await visit(url);
        await ready(page);
        assertEquals(await page.evaluate("crossOriginIsolated"), true);
        await slide(page, 0, 1);
        await assertDecodes(page, "digit", await latents(page));
        await page.context().close();
        assertEquals(problems, []);
      } finally {
        child.kill("SIGINT");
        await child.stderr.cancel();
        assertEquals((await child.status).code, 130);
      }
    }),
});
