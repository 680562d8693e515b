/** Classes in the explorer: their names, and a model that is told of them. */
import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import type { Page } from "playwright-core";
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { createEngine } from "../lib/engines.ts";
import { DIGITS } from "../lib/dataset/class_names.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import {
  type Embedded,
  explorerHtml,
  type ExplorerModel,
} from "../lib/explorer/explorer.ts";
import { unpack } from "../lib/explorer/packed.ts";
import type { DataOptions } from "../lib/options/run.ts";
import { explorerPage } from "../tasks/shared/explorer_page.ts";
import { modelOfClass, randomModel } from "./exported.ts";
import {
  assertShows,
  browserTest,
  canvas,
  changes,
  digit,
  draw,
  eventually,
  latents,
  MIDDLE,
  moved,
  SEVEN,
  slide,
} from "./explorer_driver.ts";

const CLASSES = ["<script>alert(1)</script>", "fish & chips", "house"];

/** A dot of each class, far from each other in the first two dimensions. */
const DOTS = [[-2, -2, 0, 0], [2, -2, 0, 0], [2, 2, 0, 0]];

function htmlOf(
  checkpoint: Checkpoint,
  more: Partial<ExplorerModel> = {},
): Promise<string> {
  return explorerHtml({
    weights: encodeWeights(checkpoint),
    description: "a test",
    kl: checkpoint.options.autoencoder ? null : [4, 3, 2, 1],
    mu: Float32Array.from(DOTS.flat()),
    labels: Uint8Array.of(0, 1, 2),
    classes: CLASSES,
    ...more,
  });
}

const plain = randomModel(4, "bce");
const conditional = randomModel(4, "bce", CLASSES);

/** Runs what the conditional model is for a class. */
async function asClass<T>(
  label: number,
  run: (engine: Engine) => Promise<T>,
  model = conditional,
): Promise<T> {
  const { options, state } = modelOfClass(model, label);
  const engine = await createEngine(options, { engine: "wasm", threads: 1 });
  try {
    await engine.writeState(state);
    return await run(engine);
  } finally {
    engine.dispose();
  }
}

/** What the page of a model that was trained on these data reads. */
async function embeddedOf(
  checkpoint: Checkpoint,
  options: Partial<DataOptions>,
): Promise<Embedded> {
  const data = { ...checkpoint.data.options, ...options };
  const html = await explorerPage({
    ...checkpoint,
    data: { ...checkpoint.data, options: data },
  });
  return JSON.parse(html.match(/id="model">(.*?)<\/script>/)![1]);
}

Deno.test("explorerPage() encodes each image as its class", async () => {
  const data = { dataset: "synthetic", limit: 8 } as const;
  const model = randomModel(2, "mse", DIGITS);
  const embedded = await embeddedOf(model, data);
  assertEquals([embedded.classes, embedded.subject], [DIGITS, "digits"]);
  const { images, labels } = (await loadDataset(data)).test!;
  const shownLabels = await unpack(embedded.labels!, 1);
  assertEquals([...shownLabels].sort(), [...labels!].sort());
  const shown = await unpack(embedded.images, 1);
  const { buffer } = await unpack(embedded.mu, 2);
  const mu = [...new Int16Array(buffer)].map((step) => step * embedded.muStep);
  const unseen = new Set(labels!.keys());
  for (const [i, label] of shownLabels.entries()) {
    const image = shown.subarray(784 * i, 784 * (i + 1));
    const index = [...unseen].find((index) =>
      String(images.subarray(784 * index, 784 * (index + 1))) === String(image)
    )!;
    assertEquals(labels![index], label);
    unseen.delete(index);
    const expected = await asClass(
      label,
      (engine) => engine.encode(image),
      model,
    );
    expected.mu.forEach((value, d) =>
      assertAlmostEquals(mu[2 * i + d], value, 2 * embedded.muStep)
    );
  }
  assertEquals(unseen.size, 0);
});

Deno.test("explorerPage() embeds images of each class in turn", async () => {
  const data = { dataset: "synthetic", limit: 400 } as const;
  const embedded = await embeddedOf(randomModel(2, "mse", DIGITS), data);
  const labels = await unpack(embedded.labels!, 1);
  const shown = await unpack(embedded.images, 1);
  assertEquals([labels.length, shown.length / 784], [400, 200]);
  for (const label of DIGITS.keys()) {
    assertEquals(
      labels.subarray(0, 200).filter((of) => of === label).length,
      20,
    );
  }
});

Deno.test("explorerPage() embeds as many images as it is told to, or none", async () => {
  const model = randomModel(2, "mse", DIGITS);
  const options = { ...model.data.options, dataset: "synthetic" as const };
  const data = { ...model.data, options: { ...options, limit: 30 } };
  for (const count of [0, 7]) {
    const html = await explorerPage({ ...model, data }, undefined, {
      embed: count,
      language: "auto",
    });
    const { images, mu, synthetic }: Embedded = JSON.parse(
      html.match(/id="model">(.*?)<\/script>/)![1],
    );
    const shown = await unpack(images, 1);
    assertEquals(shown.length, 784 * count);
    assertGreater(mu.length, 0);
    assertEquals(synthetic, true);
  }
});

Deno.test("explorerPage() leaves a map empty that has no images", async () => {
  const { mu, kl, classes, subject } = await embeddedOf(conditional, {
    images: "there-is-no-such-file",
  });
  assertEquals([(await unpack(mu, 2)).length, kl], [0, null]);
  assertEquals([classes, subject], [CLASSES, "pictures"]);
});

async function assertDraws(
  page: Page,
  id: string,
  label: number,
  z: readonly number[],
): Promise<void> {
  const latent = Float32Array.from(z);
  const expected = await asClass(label, (engine) => engine.decode(latent));
  await assertShows(page, id, expected, 0.02);
}

const texts = (page: Page, selector: string): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll("${selector}")]
    .map(({ textContent }) => textContent)`);

browserTest("explorer: names the classes, whatever they are", async (page) => {
  assertEquals(await texts(page, "#legend button"), CLASSES);
  assertEquals(await texts(page, "#pad-example option"), ["of…", ...CLASSES]);
  assertEquals((await texts(page, "script")).length, 2);
  assertEquals(await page.locator("#class").isVisible(), false);
}, { of: () => htmlOf(plain) });

browserTest("explorer: speaks of what the pictures show", async (page) => {
  assertEquals(await page.title(), "A latent space of clothes");
  const text = await page.evaluate<string>(`
    document.getElementById("h-train").parentElement.remove(),
    document.querySelector("footer").remove(),
    // These are on VAEs, whatever the page's model is.
    document.getElementById("lessons").remove(),
    document.getElementById("teachers").remove(),
    document.body.innerText`);
  assertEquals(text.match(/.*(digit|handwrit|σ|β|KL).*/i)?.[0], undefined);
}, {
  of: () =>
    htmlOf(
      { ...plain, options: { ...plain.options, autoencoder: true } },
      { subject: "clothes" },
    ),
});

browserTest("explorer: a sample of the pictures is encoded", async (page) => {
  await page.locator("#pad-example").selectOption("1");
  await moved(page, MIDDLE);
  assertGreater(Math.max(...await digit(page, "pad-reconstruction")), 0);
  assertEquals(
    await page.locator("#status").textContent(),
    "A sample of fish & chips was encoded.",
  );
}, { of: () => htmlOf(plain) });

const ofClasses = { of: () => htmlOf(conditional) };

browserTest(
  "explorer: the picker changes what is drawn, and not where",
  async (page) => {
    const picker = page.getByRole("combobox", { name: "Class", exact: true });
    assertEquals(await texts(page, "#class option"), CLASSES);
    await slide(page, 0, 1);
    const z = await latents(page);
    await assertDraws(page, "digit", 0, z);
    const before = await Promise.all(
      ["strip", "manifold"].map(async (id) => (await canvas(page, id)).red),
    );
    await picker.focus();
    await page.keyboard.press("ArrowDown");
    await assertDraws(page, "digit", 1, z);
    await changes(page, "strip", before[0]);
    await changes(page, "manifold", before[1]);
    await picker.selectOption("house");
    await assertDraws(page, "digit", 2, z);
    await page.click("#reset");
    await assertDraws(page, "digit", 2, MIDDLE);
    assertEquals(await latents(page), MIDDLE);
  },
  ofClasses,
);

browserTest(
  "explorer: samples of every class have the same latents",
  async (page) => {
    await page.getByRole("combobox", { name: "Samples of" })
      .selectOption("all");
    assertEquals(await texts(page, "#samples p"), CLASSES);
    const buttons = page.locator("#samples button");
    assertEquals(await buttons.count(), 36);
    await buttons.nth(24 + 5).click();
    const z = await moved(page, MIDDLE);
    assertEquals(await page.locator("#class").inputValue(), "2");
    await assertDraws(page, "digit", 2, z);
    await buttons.nth(5).click();
    await assertDraws(page, "digit", 0, z);
    assertEquals(await latents(page), z);
    assertEquals(
      await buttons.nth(12).getAttribute("aria-label"),
      "Go to sample 1 of fish & chips",
    );
  },
  ofClasses,
);

browserTest(
  "explorer: a drawing is encoded as the chosen class",
  async (page) => {
    const encodes = async (label: number) => {
      const image = await digit(page, "pad-input");
      const { mu } = await asClass(label, (engine) => engine.encode(image));
      const z = await eventually(async () => {
        const z = await latents(page);
        z.forEach((value, dim) => {
          const there = Math.max(-3.5, Math.min(3.5, mu[dim]));
          assertAlmostEquals(value, there, 0.05);
        });
        return z;
      });
      await assertDraws(page, "pad-reconstruction", label, [...mu]);
      return z;
    };
    await page.locator("#class").selectOption("1");
    await draw(page, SEVEN);
    await moved(page, MIDDLE);
    await eventually(() => encodes(1));
    const z = await latents(page);

    // The same hand draws another class, until it is asked to look again.
    const again = page.locator("#pad-encode");
    assertEquals(await again.isDisabled(), true);
    await page.locator("#class").selectOption("2");
    await eventually(async () =>
      assertEquals(await again.textContent(), "Encode as house")
    );
    assertEquals(await latents(page), z);
    await again.click();
    await moved(page, z);
    await encodes(2);
    assertEquals(
      (await texts(page, "#pad-class"))[0].split(".")[0],
      "It was encoded as house",
    );
  },
  ofClasses,
);

browserTest(
  "explorer: a model that is told of classes can be trained in the page",
  async (page) => {
    await page.locator("#train-dim").selectOption("2");
    await page.getByLabel("Tell it the digit").check();
    await page.click("#train");
    await page.click("#explore-trained");
    const picker = page.locator("#class");
    await eventually(async () => {
      assertEquals(await picker.isVisible(), true);
      assertEquals(await texts(page, "#class option"), [..."0123456789"]);
    });
    const { red } = await canvas(page, "digit");
    await picker.selectOption("7");
    await changes(page, "digit", red);
    assertEquals(await latents(page), [0, 0]);
    await page.click("#back");
    assertEquals(await picker.isVisible(), false);
  },
  { of: () => htmlOf(plain) },
);

browserTest("explorer: a dot on the map gives its class", async (page) => {
  const map = page.locator("#map");
  await map.scrollIntoViewIfNeeded();
  const { width, height } = (await map.boundingBox())!;
  const click = ([x, y]: readonly number[]) =>
    map.click({
      position: {
        x: width * (0.5 + x / 7),
        y: height * (0.5 - y / 7),
      },
    });
  await click(DOTS[1]);
  await eventually(async () =>
    assertEquals(await page.locator("#class").inputValue(), "1")
  );
  // The sliders follow in the frame after.
  await assertDraws(page, "digit", 1, await moved(page, MIDDLE));
  assertEquals(
    await page.locator("#status").textContent(),
    "The class is that of the dot: fish & chips.",
  );
  await click([0, 3]);
  assertEquals(await page.locator("#class").inputValue(), "1");
}, ofClasses);
