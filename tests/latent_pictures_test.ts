import {
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import type { ImageSet } from "../lib/dataset/dataset.ts";
import type { EngineOptions, Labels } from "../lib/engine/engine.ts";
import { grid, pairGrid } from "../lib/image/grid.ts";
import {
  drawInterpolations,
  drawReconstructions,
} from "../lib/latent/image_pictures.ts";
import {
  drawManifold,
  drawSamples,
  drawTraversal,
  type SamplePictureOptions,
} from "../lib/latent/latent_pictures.ts";
import type { LatentEngine } from "../lib/latent/space.ts";
import { priorSample } from "../lib/model/prior.ts";
import { OptionError } from "../lib/options/table.ts";

const DIMS = 3;

/** Codes are an image's first pixels, of which the last varies most. */
class Plain implements LatentEngine {
  readonly options;
  z: number[] = [];
  labels: Labels | undefined;

  constructor(options: Partial<EngineOptions> = {}) {
    const model = { latentDim: DIMS, autoencoder: false, classCount: 0 };
    this.options = { ...model, ...options } as Required<EngineOptions>;
  }

  encode(images: Uint8Array) {
    const n = images.length / 784;
    const mu = Float32Array.from(
      { length: n * DIMS },
      (_, at) => images[784 * Math.floor(at / DIMS) + at % DIMS] / 10,
    );
    return Promise.resolve({ mu, logvar: new Float32Array(n * DIMS) });
  }

  decode(z: Float32Array, labels?: Labels) {
    this.z = [...z];
    this.labels = labels;
    const n = z.length / DIMS;
    return Promise.resolve(
      Float32Array.from(
        { length: n * 784 },
        (_, at) =>
          (at % 784 < DIMS ? z[DIMS * Math.floor(at / 784) + at % 784] : 1) / 5,
      ),
    );
  }
}

/** Images whose first pixels are these. */
function imagesOf(codes: number[][], labels: number[] | null = null): ImageSet {
  const images = new Uint8Array(codes.length * 784);
  codes.forEach((code, i) => images.set(code, i * 784));
  return {
    images,
    labels: labels && Uint8Array.from(labels),
    count: codes.length,
  };
}

const images = imagesOf([[10, 0, 20], [12, 0, 0], [8, 4, 40], [10, 4, 20]]);

Deno.test("drawTraversal() moves the most active dimensions first", async () => {
  const engine = new Plain();
  const options = { images, range: 2, steps: 3, scale: 1 };
  const picture = await drawTraversal(engine, options);
  const rows = [[0, 0, -2], [0, 0, 0], [0, 0, 2]];
  assertEquals(engine.z.slice(0, 9), rows.flat());
  assertEquals(engine.z.slice(9, 12), [-2, 0, 0]);
  const digits = await engine.decode(Float32Array.from(engine.z));
  assertEquals(
    picture,
    grid(digits, {
      columns: 3,
      scale: 1,
      title: "Each latent dimension from –2 to +2 σ of the prior, around the " +
        "prior's mean",
      subtitle: "Most active first, by KL in nats on 4 images",
      // ½ the mean of μ², for σ = 1.
      rowLabels: ["z3  KL 3.00", "z1  KL 0.51", "z2  KL 0.04"],
      columnLabels: ["–2", "0", "+2"],
    }),
  );
  const code = Float32Array.of(1, 2, 3);
  await drawTraversal(engine, { steps: 3, range: 1, code, title: "Mine" });
  assertEquals(engine.z.slice(0, 9), [0, 2, 3, 1, 2, 3, 2, 2, 3]);
});

Deno.test("drawManifold() maps the prior's quantiles", async () => {
  const engine = new Plain();
  await drawManifold(engine, { n: 2, images });
  const q = 0.6744897501960817; // of ¾
  const expected = [[0, -q], [0, q], [1, -q], [1, q]];
  expected.forEach(([row, right], i) => {
    const [z1, z2, z3] = engine.z.slice(3 * i, 3 * i + 3);
    assertAlmostEquals(z3, right, 1e-6); // the most active to the right
    assertAlmostEquals(z1, row === 0 ? q : -q, 1e-6);
    assertEquals(z2, 0);
  });
});

Deno.test("drawSamples() draws from the prior, or as the codes lie", async () => {
  const engine = new Plain();
  const picture = await drawSamples(engine, { n: 4, seed: 3 });
  assertEquals(engine.z, [...priorSample(4, DIMS, 3)]);
  assertNotEquals(await drawSamples(engine, { n: 4, seed: 4 }), picture);
  const autoencoder = new Plain({ autoencoder: true });
  await drawSamples(autoencoder, { n: 4, seed: 3, images });
  const [first, second] = priorSample(4, DIMS, 3);
  assertAlmostEquals(autoencoder.z[0], 1 + Math.sqrt(0.02) * first, 1e-5);
  assertAlmostEquals(autoencoder.z[1], 0.2 + 0.2 * second, 1e-5);
});

Deno.test("drawSamples() refuses names that are no options", async () => {
  const misspelt = { temprature: 3 } as SamplePictureOptions;
  await assertRejects(
    () => drawSamples(new Plain(), misspelt),
    OptionError,
    "there is no option temprature",
  );
});

Deno.test("drawSamples() gives a row to each class", async () => {
  const engine = new Plain({ classCount: 2 });
  const options = { n: 3, classes: ["cat", "dog"], scale: 1 };
  const picture = await drawSamples(engine, options);
  assertEquals([...engine.labels!], [0, 0, 0, 1, 1, 1]);
  assertEquals(engine.z.slice(0, 9), engine.z.slice(9));
  assertEquals(
    picture,
    grid(await engine.decode(Float32Array.from(engine.z)), {
      columns: 3,
      scale: 1,
      title: "Samples of each class, one z in each column: z from the prior " +
        "N(0, I)",
      rowLabels: ["cat", "dog"],
    }),
  );
  await drawManifold(engine, { n: 2, label: 1 });
  assertEquals([...engine.labels!], [1, 1, 1, 1]);
});

Deno.test("drawInterpolations() has the originals at both ends", async () => {
  const engine = new Plain({ classCount: 2 });
  const labelled = imagesOf([[10, 0, 20], [20, 0, 40]], [1, 0]);
  const pairs = [[0, 1], [1, 1]] as const;
  const picture = await drawInterpolations(engine, labelled, {
    ...{ pairs, steps: 3, scale: 1 },
  });
  const way = [[1, 0, 2], [1.5, 0, 3], [2, 0, 4]];
  assertEquals(engine.z.slice(0, 9), way.flat());
  assertEquals([...engine.labels!], [1, 1, 1, 0, 0, 0]);
  const digits = await engine.decode(Float32Array.from(engine.z));
  const original = (i: number) =>
    Float32Array.from(
      labelled.images.subarray(784 * i, 784 * (i + 1)),
      (byte) => byte / 255,
    );
  const rows = [[0, 0, 1], [1, 3, 1]].flatMap(([from, first, to]) => [
    ...original(from),
    ...digits.subarray(784 * first, 784 * (first + 3)),
    ...original(to),
  ]);
  assertEquals(
    picture,
    grid(Float32Array.from(rows), {
      columns: 5,
      scale: 1,
      title:
        "Interpolations between the codes of two images, on the straight " +
        "line; the originals at both ends; drawn as the class of the first " +
        "image",
      columnLabels: ["original", "", "", "", "original"],
    }),
  );
});

Deno.test("drawReconstructions() decodes the means", async () => {
  const engine = new Plain();
  const picture = await drawReconstructions(engine, images, { scale: 1 });
  const { mu } = await engine.encode(images.images);
  assertEquals(
    picture,
    pairGrid(images.images, await engine.decode(mu), {
      scale: 1,
      title: "Originals above their reconstructions, z = μ",
    }),
  );
});

Deno.test("pictures of a model say what they refuse", async () => {
  const engine = new Plain();
  const told = new Plain({ classCount: 2 });
  const code = new Float32Array(2);
  for (
    const [draw, message] of [
      [() => drawSamples(engine, { n: 0 }), "n takes a whole number"],
      [
        () => drawSamples(new Plain({ autoencoder: true })),
        "an autoencoder has no prior: give it images",
      ],
      [() => drawTraversal(engine, { steps: 1 }), "steps takes a whole number"],
      [() => drawTraversal(engine, { range: NaN }), "range takes a number"],
      [() => drawTraversal(engine, { code }), "3 numbers, and this one 2"],
      [() => drawTraversal(told, { label: 2 }), "there is no class 2: the mod"],
      [() => drawManifold(engine, { n: 1.5 }), "n takes a whole number of at"],
      [
        () => drawManifold(new Plain({ latentDim: 1 })),
        "this model has one latent dimension",
      ],
      [
        () => drawInterpolations(engine, images, { pairs: [[0, 4]] }),
        "there is no image 4: there are 4",
      ],
      [
        () => drawInterpolations(engine, imagesOf([[0]])),
        "two images at least",
      ],
      [() => drawInterpolations(engine, images, { steps: 1 }), "2 steps"],
    ] as const
  ) {
    await assertRejects(draw, RangeError, message);
  }
});
