/** Real data in the explorer: its pictures, one's own, and checkpoints. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Page } from "playwright-core";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import type { Checkpoint } from "../lib/checkpoint/metadata.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { CLOTHES, DIGITS } from "../lib/dataset/class_names.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import { createEngine } from "../lib/engines.ts";
import { betaOf } from "../lib/explorer/beta.ts";
import { type Embedded, explorerHtml } from "../lib/explorer/explorer.ts";
import { ON_DARK, ON_LIGHT } from "../lib/explorer/page/class_marks.ts";
import type { Explorer } from "../lib/explorer/page/explorer.ts";
import { pictureAt } from "../lib/explorer/page/test_pictures.ts";
import { pack, unpack } from "../lib/explorer/packed.ts";
import { encodePng } from "../lib/image/png.ts";
import { writeSafetensors } from "../lib/formats/safetensors.ts";
import type { EpochRecord, LossSums } from "../lib/model/losses.ts";
import { type Likelihood, modelSpec } from "../lib/model/spec.ts";
import { explorerPage } from "../tasks/shared/explorer_page.ts";
import { contrast, difference, labOf, VISIONS } from "./color_vision.ts";
import { randomModel } from "./exported.ts";
import {
  assertDecodes,
  assertShows,
  browserTest,
  canvas,
  changes,
  digit,
  eventually,
  latents,
  MIDDLE,
  moved,
  open,
} from "./explorer_driver.ts";
import { inFolder } from "./folder.ts";
import { ENGINE, runWell } from "./process.ts";

Deno.test("difference() is CIEDE2000", () => {
  // Pairs 1, 7, 17 and 25 of Sharma, Wu and Dalal (2005), table 1.
  const pairs = [
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, 0, 0], [50, -1, 2], 2.3669],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
  ] as const;
  for (const [a, b, expected] of pairs) {
    assertAlmostEquals(difference(a, b), expected, 1e-4);
  }
});

for (
  const [paper, colors] of [["#ffffff", ON_LIGHT], [
    "#1c1e21",
    ON_DARK,
  ]] as const
) {
  Deno.test(`eyes of every kind tell the classes apart on ${paper}`, () => {
    for (const [name, vision] of Object.entries(VISIONS)) {
      const seen = colors.map((hex) => labOf(hex, vision));
      seen.forEach((color, i) =>
        seen.slice(0, i).forEach((other, j) =>
          assertGreater(difference(color, other), 12, `${name}: ${i}, ${j}`)
        )
      );
    }
    for (const hex of colors) {
      assertGreaterOrEqual(contrast(hex, paper), 3, hex);
    }
  });
}

/** Where each name on the map was written last, and how wide it is. */
async function namesOnMap(page: Page, redraw: () => Promise<void>) {
  await page.evaluate(`(() => {
    const { prototype } = CanvasRenderingContext2D;
    const { strokeText } = prototype;
    globalThis.names = [];
    prototype.strokeText = function (text, x, y) {
      const half = this.measureText(text).width / 2;
      names.push({ text, x, y, half });
      strokeText.call(this, text, x, y);
    };
  })()`);
  await redraw();
  return await eventually(async () => {
    const names = await page.evaluate<
      { text: string; x: number; y: number; half: number }[]
    >("names");
    assertEquals(new Set(names.map(({ text }) => text)).size, 10);
    return names.slice(-10);
  });
}

for (const width of [1200, 390]) {
  browserTest(
    `explorer: no class's name hides another in ${width} pixels`,
    async (page) => {
      const names = await namesOnMap(
        page,
        () => page.emulateMedia({ colorScheme: "dark" }),
      );
      const side = await page.evaluate<number>(
        `document.getElementById("map").clientWidth`,
      );
      names.forEach((a, i) => {
        assert(a.x >= a.half && a.x <= side - a.half, `${a.text} is cut`);
        assert(a.y >= 8 && a.y <= side - 8, `${a.text} is cut`);
        for (const b of names.slice(0, i)) {
          assert(
            Math.abs(a.x - b.x) >= a.half + b.half || Math.abs(a.y - b.y) >= 15,
            `${a.text} and ${b.text} overlap`,
          );
        }
      });
    },
    { viewport: { width, height: 844 }, colorScheme: "light" },
  );
}

const CLASSES = ["cat", "dog", "cow"];
/** The first three dots have their pictures, the last has none. */
const DOTS = [[-2, -2, 0, 0], [2, -2, 0, 0], [2, 2, 0, 0], [-2, 2, 0, 0]];
const PICTURES = synthesize(3, { seed: 5 }).images;

function htmlOf(model: Checkpoint): Promise<string> {
  return explorerHtml({
    weights: encodeWeights(model),
    description: "a test",
    kl: [4, 3, 2, 1],
    mu: Float32Array.from(DOTS.flat()),
    labels: Uint8Array.of(0, 1, 1, 2),
    images: PICTURES,
    classes: CLASSES,
  });
}

/** Where a dot is on the map, from its corner. */
async function placeOf(page: Page, dot: number) {
  const { width, height } = (await page.locator("#map").boundingBox())!;
  const [x, y] = DOTS[dot];
  return { x: width * (0.5 + x / 7), y: height * (0.5 - y / 7) };
}

for (const likelihood of ["mse", "bce"] as const) {
  const model = randomModel(4, likelihood);
  browserTest(
    `explorer: a dot shows its picture and what ${likelihood} makes of it`,
    async (page) => {
      const engine = await createEngine(model.options, {
        engine: "wasm",
        threads: 1,
      });
      await engine.writeState(model.state);
      const expectPicture = async (index: number, name: string) => {
        const image = PICTURES.subarray(784 * index, 784 * (index + 1));
        const mu = (await engine.encode(image)).mu.slice();
        const again = (await engine.decode(mu)).slice();
        await assertShows(page, "picture-image", toPixels(image));
        await assertShows(page, "picture-reconstruction", again);
        await assertShows(page, "digit", again);
        const error = errorOf(likelihood, image, again).toFixed(1);
        const said = await page.locator("#picture-words").textContent();
        const start =
          `Picture ${index + 1} (class ${name}): drawn again with ` +
          (likelihood === "mse"
            ? `a squared error of ${error}.`
            : `an error (cross-entropy) of ${error} nats.`);
        assertEquals(said?.slice(0, start.length), start);
      };
      await page.click("#map", { position: await placeOf(page, 1) });
      await expectPicture(1, "dog");
      await eventually(async () => {
        const words = await page.locator("#picture-words").textContent();
        assertMatch(words!, /The mean of all 3 is \d+\.\d\.$/);
      });
      // Without a mouse: the keys on the map, and the buttons.
      await page.locator("#map").focus();
      await page.keyboard.press("]");
      await expectPicture(2, "dog");
      await page.keyboard.press("[");
      await expectPicture(1, "dog");
      assertMatch(
        (await page.locator("#status").textContent())!,
        /^Picture 2 \(class dog\)/,
      );
      await page.click("#next-picture");
      await page.click("#next-picture");
      await expectPicture(0, "cat");

      // A dot without a picture is a place as any.
      await page.click("#map", { position: await placeOf(page, 3) });
      const z = await eventually(async () => {
        const z = await latents(page);
        assertAlmostEquals(z[0], -2, 0.05);
        assertAlmostEquals(z[1], 2, 0.05);
        return z;
      });
      const drawn = (await engine.decode(Float32Array.from(z))).slice();
      await assertShows(page, "digit", drawn, 0.02);
      engine.dispose();
    },
    { of: () => htmlOf(model) },
  );
}

const toPixels = (image: Uint8Array) =>
  Float32Array.from(image, (x) => x / 255);

/** The loss of an image, from its definition. */
function errorOf(
  likelihood: Likelihood,
  image: Uint8Array,
  means: Float32Array,
): number {
  return toPixels(image).reduce((sum, x, i) => {
    const p = means[i];
    return sum +
      (likelihood === "mse"
        ? (p - x) ** 2
        : -x * Math.log(p) - (1 - x) * Math.log1p(-p));
  }, 0);
}

browserTest("explorer: the legend lets a class stand alone", async (page) => {
  const pressed = () =>
    page.locator("#legend button").evaluateAll((buttons) =>
      buttons.map((button) => button.getAttribute("aria-pressed"))
    );
  assertEquals(await pressed(), ["false", "false", "false"]);
  const { red: all } = await canvas(page, "map");
  await page.getByRole("button", { name: "dog", exact: true }).click();
  assertEquals(await pressed(), ["false", "true", "false"]);
  await changes(page, "map", all);
  // The others are steps no more, nor in reach.
  const numbers = [];
  for (let i = 0; i < 3; i++) {
    await page.click("#next-picture");
    numbers.push(
      await eventually(async () => {
        const text = await page.locator("#status").textContent();
        return text!.match(/^Picture (\d)/)![1];
      }),
    );
  }
  assertEquals(numbers, ["2", "3", "2"]);
  await page.click("#map", { position: await placeOf(page, 0) });
  await eventually(async () =>
    assertAlmostEquals((await latents(page))[0], -2, 0.05)
  );
  assertMatch(
    (await page.locator("#picture-words").textContent())!,
    /^Picture 2/,
  );

  await page.click("#reset");
  await page.getByRole("button", { name: "dog", exact: true }).click();
  assertEquals(await pressed(), ["false", "false", "false"]);
}, { of: () => htmlOf(randomModel(4, "mse")) });

browserTest(
  "explorer: the pad's samples are the page's pictures",
  async (page) => {
    assertEquals(
      await page.locator("#pad-sample").textContent(),
      "or take a real picture",
    );
    for (const index of [1, 2]) {
      await page.locator("#pad-example").selectOption("");
      await page.locator("#pad-example").selectOption("1");
      const expected = PICTURES.subarray(784 * index, 784 * (index + 1));
      await assertShows(page, "pad-input", toPixels(expected));
    }
    // What is chosen stays so in another language.
    await page.locator("#language").selectOption("de");
    assertEquals(await page.locator("#pad-example").inputValue(), "1");
    await page.locator("#language").selectOption("en");
    // Its classes are those that it holds pictures of.
    assertEquals(await page.locator("#pad-example option").allTextContents(), [
      "of…",
      "cat",
      "dog",
    ]);
  },
  { of: () => htmlOf(randomModel(4, "mse")) },
);

/** A file for the pad or the header. */
function give(
  page: Page,
  input: "pad-file" | "checkpoint-file",
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const mimeType = name.endsWith(".png") ? "image/png" : "";
  return page.setInputFiles(`#${input}`, {
    ...{ name, mimeType, buffer: Buffer.from(bytes) },
  });
}

/** A grey PNG whose pixels are these. */
function png(
  width: number,
  height: number,
  grey: (x: number, y: number) => number,
): Uint8Array {
  const pixels = Uint8Array.from({ length: 3 * width * height }, (_, at) => {
    const pixel = Math.floor(at / 3);
    return grey(pixel % width, Math.floor(pixel / width));
  });
  return encodePng({ width, height, pixels });
}

/** A PNG that says it is so large, and is not. */
function claims(side: number): Uint8Array {
  const bytes = png(8, 8, () => 0).slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(16, side);
  view.setUint32(20, side);
  view.setUint32(29, crc32(bytes.subarray(12, 29)));
  return bytes;
}

browserTest("explorer: a picture of one's own is encoded", async (page) => {
  const { engine } = await open();
  const note = page.locator("#pad-note");
  // Of 28×28 pixels, light on dark: as it is.
  const image = PICTURES.subarray(0, 784);
  await give(
    page,
    "pad-file",
    "five.png",
    png(28, 28, (x, y) => image[28 * y + x]),
  );
  await eventually(async () =>
    assertEquals(await note.textContent(), "five.png was encoded.")
  );
  // A screen has fewer greys between paper and ink than a byte.
  const isGiven = (expected: Uint8Array) =>
    eventually(async () =>
      (await digit(page, "pad-input")).forEach((byte, at) =>
        assertAlmostEquals(byte, expected[at], 1.1)
      )
    );
  await isGiven(image);
  const { mu } = await engine.encode(image);
  await assertShows(page, "digit", (await engine.decode(mu.slice())).slice());

  // A photograph: dark on light, in a corner, with shade and grain.
  const photo = png(600, 400, (x, y) => {
    const noise = (x * 7919 + y * 104729) % 8;
    const isInk = x > 60 && x < 90 && y > 40 && y < 240;
    return (isInk ? 60 : 150 + 60 * x / 600) + noise;
  });
  const before = await latents(page);
  await give(page, "pad-file", "photo.png", photo);
  await moved(page, before);
  assertMatch(
    (await note.textContent())!,
    /^photo.png was encoded: dark on light/,
  );
  const framed = await digit(page, "pad-input");
  const inked = [...framed.keys()].filter((at) => framed[at] > 127);
  const rows = inked.map((at) => Math.floor(at / 28));
  const columns = inked.map((at) => at % 28);
  assertAlmostEquals(Math.max(...rows) - Math.min(...rows) + 1, 20, 1);
  assertAlmostEquals(Math.max(...columns) - Math.min(...columns) + 1, 3, 1);
  assertEquals(framed[0], 0);
  // The ink is as dark as ink is.
  assertGreater(inked.filter((at) => framed[at] > 240).length, 30);

  const kept = await latents(page);
  for (
    const [name, bytes, line] of [
      ["not.png", new TextEncoder().encode("hello"), /^not.png: no PNG, JPEG/],
      ["white.png", png(90, 90, () => 250), /^white.png: nothing stands out/],
      ["huge.png", claims(9000), /^huge.png: the picture is larger than 50/],
      ["cut.png", photo.subarray(0, 60), /^cut.png: no PNG, JPEG/],
    ] as const
  ) {
    await give(page, "pad-file", name, bytes);
    await eventually(async () =>
      assertMatch((await note.textContent())!, line)
    );
    assertEquals(await latents(page), kept, name);
    await isGiven(framed);
  }
});

/** Drops a file on the page, as a hand does. */
function drop(page: Page, name: string, type: string, bytes: Uint8Array) {
  return page.evaluate(`(() => {
    const dataTransfer = new DataTransfer();
    const bytes = Uint8Array.fromBase64?.("${bytes.toBase64()}") ??
      Uint8Array.from(atob("${bytes.toBase64()}"), (c) => c.charCodeAt(0));
    dataTransfer.items.add(new File([bytes], "${name}", { type: "${type}" }));
    for (const event of ["dragover", "drop"]) {
      document.querySelector("h1").dispatchEvent(
        new DragEvent(event, { dataTransfer, bubbles: true, cancelable: true }));
    }
  })()`);
}

browserTest(
  "explorer: a checkpoint is explored, and left again",
  async (page) => {
    const description = page.locator("#description");
    const original = await description.textContent();
    const back = async () => {
      await page.click("#back");
      assertEquals(await description.textContent(), original);
      await assertDecodes(page, "digit", MIDDLE);
    };
    const models = {
      "plain.safetensors": [
        encodeCheckpoint(randomModel(3, "bce")),
        /^plain.safetensors: VAE, β = 1, 3 latent dimensions, cross-entropy, none, 0 epochs$/,
      ],
      "weights.safetensors": [
        encodeWeights(randomModel(2, "mse")),
        /^weights.safetensors: VAE, β = 1, 2 latent dimensions, squared error$/,
      ],
      "auto.safetensors": [
        encodeCheckpoint(autoencoder()),
        /^auto.safetensors: autoencoder, 5 latent dimensions, squared error/,
      ],
      "told.safetensors": [
        encodeCheckpoint(randomModel(6, "bce", DIGITS)),
        /^told.safetensors: conditional VAE, β = 1, 10 classes, 6 latent/,
      ],
    } as const;
    for (const [name, [bytes, line]] of Object.entries(models)) {
      await drop(page, name, "", bytes);
      await eventually(async () =>
        assertMatch((await description.textContent())!, line)
      );
      const size = name[0] === "p"
        ? 3
        : name[0] === "w"
        ? 2
        : name[0] === "a"
        ? 5
        : 6;
      assertEquals((await latents(page)).length, size);
      // It has encoded the page's pictures.
      await page.click("#next-picture");
      await eventually(async () =>
        assertMatch(
          (await page.locator("#status").textContent())!,
          /^Picture 1 /,
        )
      );
      assertEquals(
        await page.locator("#class").isVisible(),
        name === "told.safetensors",
      );
    }
    await back();

    // One that is told of other things shows none of the page's digits.
    await give(
      page,
      "checkpoint-file",
      "clothes.safetensors",
      encodeCheckpoint(clothes()),
    );
    await eventually(async () => assertMatch(await page.title(), /clothes/));
    assertEquals(await page.locator("#picture").isVisible(), false);
    await back();

    // Saved within an epoch: what was known of its last one is no longer so.
    const begun = randomModel(2, "mse");
    const saved = {
      ...{ ...begun, state: { ...begun.state, step: 2 } },
      ...{ history: [recordOf(1, 4)], partial: lossSums(2) },
    };
    await give(
      page,
      "checkpoint-file",
      "saved.safetensors",
      encodeCheckpoint(saved),
    );
    await eventually(async () =>
      assertMatch((await description.textContent())!, /^saved.*, β = 1, /)
    );
    const nats = await page.locator("#sliders .kl").allTextContents();
    assertEquals(nats.filter((text) => text.startsWith("7.00")), []);
    await back();

    const good = encodeCheckpoint(randomModel(3, "bce"));
    const nan = good.slice();
    const view = new DataView(nan.buffer);
    view.setFloat32(nan.length - 400_000 & ~3, NaN, true);
    const shape = [2, 3];
    const data = new Float32Array(6);
    const hostile = {
      "cut.safetensors": good.subarray(0, good.length - 9),
      "empty.safetensors": new Uint8Array(),
      "text.safetensors": new TextEncoder().encode("no model at all"),
      "picture.safetensors": png(3, 3, () => 0),
      "other.safetensors": writeSafetensors(
        new Map([["layer.weight", { dtype: "F32", shape, data }]]),
        { options: "{}" },
      ),
      "nan.safetensors": nan,
      // Finite, but not what comes of them.
      ...Object.fromEntries(
        ["fc_mu.bias", "fc_logvar.bias", "decoder.6.bias"].map((name) => [
          `${name}.safetensors`,
          encodeCheckpoint(withHuge(name)),
        ]),
      ),
    };
    const tries = Object.entries(hostile).map(([name, bytes]) =>
      [name, () => give(page, "checkpoint-file", name, bytes)] as const
    );
    const long = () =>
      page.evaluate<void>(`(() => {
      const dataTransfer = new DataTransfer();
      const bytes = new Uint8Array(65 * 2 ** 20);
      dataTransfer.items.add(new File([bytes], "long.safetensors"));
      dispatchEvent(new DragEvent("drop", { dataTransfer }));
    })()`);
    for (
      const [name, offer] of [...tries, ["long.safetensors", long] as const]
    ) {
      await offer();
      await eventually(async () => {
        const line = (await page.locator("#file-status").textContent())!;
        assert(line.startsWith(`${name} cannot be opened: `), line);
        assertLess(line.length, 200, line);
      });
      assertEquals(await description.textContent(), original, name);
      assertEquals(await page.locator("#back").isVisible(), false);
    }
    await assertDecodes(page, "digit", MIDDLE);

    // A refusal is said in the page's language, and until the next file comes.
    const status = page.locator("#file-status");
    await page.locator("#language").selectOption("de");
    assertMatch((await status.textContent())!, /lässt sich nicht öffnen: .*MB/);
    await give(
      page,
      "checkpoint-file",
      "cut.safetensors",
      hostile["cut.safetensors"],
    );
    await eventually(async () =>
      assertMatch((await status.textContent())!, /^cut.* ist beschädigt oder/)
    );
    await page.locator("#language").selectOption("en");
    assertMatch(
      (await status.textContent())!,
      /^cut.*opened: [a-z].*[^.][.?]$/,
    );
    const pixels = png(28, 28, (x) => x > 12 && x < 16 ? 255 : 0);
    await drop(page, "one.png", "", pixels);
    await eventually(async () =>
      assertMatch(
        (await page.locator("#pad-note").textContent())!,
        /^one.png was encoded/,
      )
    );
    assertEquals(await status.textContent(), "");
    await page.evaluate(`(() => {
      const dataTransfer = new DataTransfer();
      for (const name of ["a.png", "b.png"]) {
        const bytes = Uint8Array.from(atob("${pixels.toBase64()}"),
          (letter) => letter.charCodeAt(0));
        dataTransfer.items.add(new File([bytes], name, { type: "image/png" }));
      }
      dispatchEvent(new DragEvent("drop", { dataTransfer }));
    })()`);
    await eventually(async () =>
      assertEquals(
        await status.textContent(),
        "One file at a time: of these, a.png was opened.",
      )
    );
    // As browsers do with a folder.
    await page.evaluate(`Blob.prototype.arrayBuffer =
      () => Promise.reject(new DOMException("There is no such file."))`);
    await drop(page, "folder", "", new Uint8Array());
    await eventually(async () =>
      assertEquals(
        await status.textContent(),
        "folder cannot be opened: it cannot be read; folders are not opened.",
      )
    );
  },
);

/** Of an epoch that ended with this β. */
function recordOf(epoch: number, beta: number): EpochRecord {
  const losses = { total: 30, reconstruction: 2, kl: 7 };
  return {
    ...{ epoch, step: 1, beta, capacity: 0, train: losses, validation: null },
    klPerDimension: [7, 0],
  };
}

function lossSums(images: number): LossSums {
  return {
    ...{ images, total: 60, reconstruction: 4 },
    klPerDimension: Float64Array.of(14, 0),
  };
}

/** A model of which one tensor is of numbers that are finite, and huge. */
function withHuge(name: string): Checkpoint {
  const model = randomModel(3, "bce");
  const { parameters } = modelSpec(3);
  const { offset, shape } = parameters.find((tensor) => tensor.name === name)!;
  const size = shape.reduce((a, b) => a * b);
  model.state.parameters.fill(1e30, offset, offset + size);
  return model;
}

Deno.test("betaOf() is the β that counted last, of a loss that has one", () => {
  const run = randomModel(2, "mse");
  const { options, partial } = run;
  const history = [recordOf(1, 1.9876)];
  assertEquals(betaOf(run), 1);
  assertEquals(betaOf({ options, partial, history }), 1.99);
  const within = { partial: lossSums(3), history };
  assertEquals(betaOf({ ...within, options }), 1);
  const betaSchedule = "linear";
  assertEquals(
    betaOf({ ...within, options: { ...options, betaSchedule } }),
    1.99,
  );
  for (
    const other of [
      { objective: "iwae" },
      { objective: "btc" },
      { freeBits: 0.5 },
      { capacity: 3 },
      { autoencoder: true },
    ] as const
  ) {
    assertEquals(
      betaOf({ options: { ...options, ...other }, partial, history }),
      null,
    );
  }
});

Deno.test("unpack() gives back what pack() was given, of any length", async () => {
  for (const width of [1, 2, 4]) {
    for (const length of [0, 1, 4, 103]) {
      const bytes = Uint8Array.from({ length }, (_, i) => 37 * i);
      assertEquals(await unpack(await pack(bytes, width), width), bytes);
    }
  }
});

Deno.test("explorerPage() of many dimensions has fewer points", async () => {
  const model = randomModel(64, "mse");
  const options = { ...model.data.options, dataset: "synthetic" as const };
  const html = await explorerPage({
    ...model,
    data: { ...model.data, options: { ...options, limit: 3000 } },
  });
  const { mu, weights }: Embedded = JSON.parse(
    html.match(/id="model">(.*?)<\/script>/)![1],
  );
  assertEquals((await unpack(mu, 2)).length, 2 * 64 * 562);
  assertEquals(await unpack(weights, 4), encodeWeights(model));
  assertLess(weights.length, 1.12e6);
});

Deno.test("pictureAt() draws the same whatever class is chosen", async () => {
  const drawn: unknown[] = [];
  const explorer = {
    model: {
      ...{ images: new Uint8Array(), labels: null, subject: "pictures" },
      ...{ options: { latentDim: 2 }, classCount: 3 },
    },
    label: 2,
    decode: (z: Float32Array, labels?: Uint8Array) => {
      drawn.push([...z, ...labels ?? []]);
      return Promise.resolve(new Float32Array(784));
    },
  };
  for (const label of [2, 0]) {
    const chosen = { ...explorer, label } as unknown as Explorer;
    assertEquals((await pictureAt(chosen, 4)).label, 1);
  }
  assertEquals(drawn[0], drawn[1]);
});

function autoencoder(): Checkpoint {
  const model = randomModel(5, "mse");
  return { ...model, options: { ...model.options, autoencoder: true } };
}

function clothes(): Checkpoint {
  const model = randomModel(3, "bce");
  const options = { ...model.data.options, dataset: "fashion-mnist" as const };
  return { ...model, data: { ...model.data, classes: CLOTHES, options } };
}

browserTest(
  "explorer: what was trained is saved as a checkpoint that tasks open",
  async (page) => {
    await page.locator("#train-dim").selectOption("2");
    await page.click("#train");
    assertEquals(await page.locator("#save-checkpoint").isVisible(), false);
    await page.click("#explore-trained");
    await eventually(async () => assertEquals(await latents(page), [0, 0]));
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.click("#save-checkpoint"),
    ]);
    assertEquals(download.suggestedFilename(), "trained.safetensors");
    await inFolder(async (folder) => {
      await download.saveAs(join(folder, "trained.safetensors"));
      const bytes = await Deno.readFile(join(folder, "trained.safetensors"));
      const { history, options, state } = decodeCheckpoint(bytes);
      assertEquals(options.latentDim, 2);
      assertEquals(history.at(-1)!.step, state.step);
      const from = ["--checkpoint", "trained.safetensors", ...ENGINE];
      await runWell(folder, "sample", [
        ...from,
        ..."-n 1 --temperature 0 --out one.npy".split(" "),
      ]);
      // Behind the header of a NumPy array.
      const npy = await Deno.readFile(join(folder, "one.npy"));
      const means = new Float32Array(npy.slice(-4 * 784).buffer);
      await assertShows(page, "digit", means);
      // The same images are there, and so is the optimiser's state.
      const { stdout } = await runWell(folder, "train", [
        ...["--resume", "trained.safetensors", ...ENGINE],
        ...[
          "--epochs",
          String(history.length + 1),
          "--no-save-plots",
          "--json",
        ],
      ]);
      assertMatch(stdout, new RegExp(`"epoch": ?${history.length + 1}\\b`));
    });
    // The page opens it, too.
    const before = await page.locator("#description").textContent();
    await page.setInputFiles("#checkpoint-file", await download.path());
    await eventually(async () =>
      assertMatch(
        (await page.locator("#description").textContent())!,
        /: VAE, β = 1, 2 latent dimensions, .*, synthetic, \d+ epoch/,
      )
    );
    assertGreater(before!.length, 0);
  },
);
