import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertRejects,
} from "@std/assert";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { synthesize } from "../lib/dataset/synthetic.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { blur } from "../lib/image/blur.ts";
import {
  FEATURE_DIM,
  featureModel,
  readClassifier,
} from "../lib/metrics/features.ts";
import { fitGaussian, frechetDistance } from "../lib/metrics/frechet.ts";
import { ballsOf, overlap } from "../lib/metrics/precision_recall.ts";
import {
  measureSamples,
  type SampleMeasurement,
} from "../lib/metrics/sample_quality.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import golden from "./features/golden.json" with { type: "json" };
import { readGolden } from "./golden/read.ts";
import { mnistDir, mnistIsMissing } from "./mnist.ts";

/** Runs `body` with the classifier in an engine. */
async function withClassifier(
  body: (engine: WasmEngine) => Promise<void>,
): Promise<void> {
  const engine = new WasmEngine({
    ...featureModel,
    batchSize: 1,
    seed: 0,
    threads: 2,
  });
  await engine.writeState((await readClassifier()).state);
  await body(engine);
  engine.dispose();
}

Deno.test("readClassifier() has PyTorch's features", () =>
  withClassifier(async (engine) => {
    const digits = readGolden().get("images")!.data as Uint8Array;
    const { mu } = await engine.encode(digits.slice(0, 2 * 784));
    assertEquals(mu.length, golden.features.length);
    golden.features.forEach((x, i) => assertAlmostEquals(mu[i], x, 1e-4));
  }));

Deno.test(
  "readClassifier() names as many MNIST test images right as it says",
  { ignore: mnistIsMissing },
  () =>
    withClassifier(async (engine) => {
      const { test } = await loadDataset({
        dataset: "mnist",
        dataDir: `${mnistDir}/..`,
        splits: ["test"],
      });
      const { classes: { weight, bias }, accuracy } = await readClassifier();
      const { mu } = await engine.encode(test!.images);
      const right = test!.labels!.filter((label, image) => {
        const logits = Array.from(bias, (start, c) => {
          let sum = start;
          for (let j = 0; j < FEATURE_DIM; j++) {
            sum += weight[c * FEATURE_DIM + j] * mu[image * FEATURE_DIM + j];
          }
          return sum;
        });
        return logits.indexOf(Math.max(...logits)) === label;
      }).length;
      assertAlmostEquals(right / test!.count, accuracy, 1.5e-4);
      assertGreater(accuracy, 0.99);
    }),
);

const a = Float32Array.from(golden.a), b = Float32Array.from(golden.b);

Deno.test("frechetDistance() is NumPy's, through the root of an unsymmetric product", () => {
  const [one, other] = [fitGaussian(a, 3), fitGaussian(b, 3)];
  assertAlmostEquals(frechetDistance(one, other), golden.frechet, 1e-9);
  assertAlmostEquals(frechetDistance(other, one), golden.frechet, 1e-9);
  assertAlmostEquals(frechetDistance(one, one), 0, 1e-12);
});

Deno.test("frechetDistance() has the closed form of uncorrelated columns", () => {
  // ±s has the variance 2 s² over n − 1.
  const rows = (mean: number[], s: number[]) =>
    fitGaussian(
      Float32Array.of(
        ...[mean[0] + s[0], mean[1], mean[0] - s[0], mean[1]],
        ...[mean[0], mean[1] + s[1], mean[0], mean[1] - s[1]],
      ),
      2,
    );
  const distance = frechetDistance(rows([0, 1], [3, 0]), rows([2, 1], [6, 9]));
  // Σ (m − m′)² + (σ − σ′)²; a column without variance has a root of 0.
  assertAlmostEquals(distance, 4 + (2 / 3) * (9 + 81), 1e-9);
});

Deno.test("overlap() is what the code of its authors finds", async () => {
  for (const columns of [3, 5]) {
    // Columns of zeros change nothing.
    const rows = (of: readonly number[]) =>
      Float64Array.from(
        { length: of.length / 3 * columns },
        (_, at) =>
          at % columns < 3
            ? of[3 * Math.floor(at / columns) + at % columns]
            : 0,
      );
    const [real, fake] = await Promise.all(
      [golden.a, golden.b].map((of) => ballsOf(rows(of), columns, 5)),
    );
    const found = await overlap(real, fake);
    for (const [name, value] of Object.entries(golden.overlap)) {
      assertAlmostEquals(found[name as keyof typeof found], value, 1e-12, name);
    }
  }
});

Deno.test("overlap() of a set with itself is whole, and with a far one none", async () => {
  const rows = Float64Array.from(
    fillNormal(new Float32Array(300), streamKey(1, "sample"), 0),
  );
  const balls = await ballsOf(rows, 3, 5);
  const own = await overlap(balls, balls);
  assertEquals([own.precision, own.recall, own.coverage], [1, 1, 1]);
  // Each row is in its own ball besides those of others.
  assertGreater(own.density, 1);
  const far = await ballsOf(rows.map((x) => x + 100), 3, 5);
  const none = { precision: 0, recall: 0, density: 0, coverage: 0 };
  assertEquals(await overlap(balls, far), none);
});

Deno.test("blur() spreads a point as a bell, and keeps its light", () => {
  const point = new Uint8Array(784);
  point[14 * 28 + 10] = 255;
  const blurred = blur(point, 1);
  const bell = (x: number) => Math.exp(-x * x / 2);
  const total = [-3, -2, -1, 0, 1, 2, 3].reduce((sum, x) => sum + bell(x), 0);
  for (const [dx, dy] of [[0, 0], [1, 0], [0, -1], [2, 1], [-3, 0], [4, 0]]) {
    const share = Math.abs(dx) > 3 ? 0 : bell(dx) * bell(dy) / total ** 2;
    assertEquals(
      blurred[(14 + dy) * 28 + 10 + dx],
      Math.round(255 * share),
      `${dx}, ${dy}`,
    );
  }
  // The middle of what is all white stays so; beyond the edges it is black.
  const white = blur(new Uint8Array(784).fill(255), 1);
  assertEquals(white[14 * 28 + 14], 255);
  assertLess(white[0], 200);
});

/** Decodes any z to its image of a list, and encodes to few numbers. */
function perfect(images: Uint8Array) {
  return {
    encode: (images: Uint8Array) => {
      const mu = Float32Array.from(
        { length: images.length / 784 },
        (_, i) => images[i * 784 + 400],
      );
      return Promise.resolve({ mu, logvar: mu });
    },
    decode: (z: Float32Array) =>
      Promise.resolve(
        Float32Array.from(images.subarray(0, z.length * 784), (x) => x / 255),
      ),
  };
}

Deno.test("measureSamples() scores what a decoder draws", () =>
  withClassifier(async (classifier) => {
    const set = (first: number) => ({
      ...synthesize(80, { seed: 0, first }),
      count: 80,
    });
    const [images, train] = [set(0), set(80)];
    const stages = new Set<string>();
    const measurement: SampleMeasurement = {
      engine: perfect(train.images),
      model: { latentDim: 1, likelihood: "mse", autoencoder: false },
      classifier,
      images,
      train,
      count: 80,
      onProgress: (stage) => void stages.add(stage),
    };
    const found = await measureSamples(measurement);
    // This decoder draws the training images, whatever z is.
    assertEquals(found.prior, found.real);
    assertEquals(found.mixture, found.real);
    assertGreater(found.blurred.frechet, 2 * found.real.frechet);
    assertLess(found.blurred.recall, found.real.recall);
    assertEquals(stages.has("samples of the prior"), true);

    const own = await measureSamples({ ...measurement, images: train });
    assertAlmostEquals(own.real.frechet, 0, 1e-6);
    assertEquals([own.real.precision, own.real.coverage], [1, 1]);

    const { prior } = await measureSamples({
      ...measurement,
      model: { ...measurement.model, autoencoder: true },
    });
    assertEquals(prior, null);
    for (const count of [64, 81]) {
      await assertRejects(
        () => measureSamples({ ...measurement, count }),
        RangeError,
        `${count} images of each kind`,
      );
    }
  }));
