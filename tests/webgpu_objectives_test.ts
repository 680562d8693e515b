/** The GPU engine's objectives and drawn pixels, against plain loops. */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { drawPixels } from "../lib/dataset/binarize.ts";
import { latentRow } from "../lib/engine/webgpu/latents.ts";
import {
  WebGpuEngine,
  type WebGpuOptions,
} from "../lib/engine/webgpu/engine.ts";
import { HARDWARE } from "../lib/engine/webgpu/tiling.ts";
import { relativeError } from "../lib/engine_check.ts";
import { drawsOf } from "../lib/options/conflicts.ts";
import { objective } from "../lib/model/losses.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { streamKey } from "../lib/rng.ts";
import { digits, hyper, inOrder, plain } from "./engine_suite.ts";
import { webgpuIsMissing } from "./webgpu.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `webgpu: ${name}`,
    ignore: webgpuIsMissing,
    // The device outlives a test.
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}

const STEP = 5;

/** What a first step leaves. */
async function step(
  options: Partial<WebGpuOptions>,
  count: number,
  { images = digits(count + 1), first = 1, beta = hyper.beta } = {},
) {
  const all = { ...plain, tiling: HARDWARE, batchSize: count, ...options };
  const engine = await WebGpuEngine.create(all);
  try {
    engine.setImages(images);
    engine.setOrder(inOrder(images.length / IMAGE_PIXELS).toReversed());
    engine.trainStep({ first, count, step: STEP }, { ...hyper, beta });
    const losses = await engine.takeLosses();
    const state = await engine.readState();
    const image = await engine.readBuffer("image");
    const latents = await engine.readBuffer("latents");
    const draws = drawsOf(engine.options);
    const row = latentRow(engine.options, draws, all.objective);
    const dispatches = engine.dispatchesPerStep;
    return { losses, state, image, latents, row, dispatches };
  } finally {
    engine.dispose();
  }
}

type Step = Awaited<ReturnType<typeof step>>;

/** Numbers that each image has somewhere in its row of the latents. */
function part(
  { latents, row, losses }: Step,
  at: "heads" | "epsilon" | "slopes",
  width: number,
): Float64Array {
  const first = at === "heads" ? 0 : row[at];
  return Float64Array.from(
    { length: losses.images * width },
    (_, i) => latents[Math.floor(i / width) * row.length + first + i % width],
  );
}

/** Turns the order of images. */
function backwards(images: Uint8Array): Uint8Array {
  const count = images.length / IMAGE_PIXELS;
  const turned = new Uint8Array(images.length);
  for (let i = 0; i < count; i++) {
    const image = images.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS);
    turned.set(image, (count - 1 - i) * IMAGE_PIXELS);
  }
  return turned;
}

test("a step draws the pixels that drawPixels() draws, from several buffers", async () => {
  const count = 3, model = { likelihood: "bce" } as const;
  const drawn = await step({
    ...model,
    binarize: "dynamic",
    bindingLimit: 16 + 2 * IMAGE_PIXELS,
  }, count);
  // In the order of the batch: the images are taken from the last.
  const images = backwards(digits(count));
  drawPixels(images, streamKey(plain.seed, "binarize"), STEP);
  assertEquals(
    drawn.image.subarray(0, images.length),
    Float32Array.from(images, (byte) => byte / 255),
  );
  const given = await step(model, count, {
    images: backwards(images),
    first: 0,
  });
  // A GPU may divide by 255 less exactly than it draws.
  const { state: { expAvg }, losses } = given;
  assertLess(relativeError(drawn.state.expAvg, expAvg), 1e-5);
  assertAlmostEquals(drawn.losses.total / losses.total, 1, 1e-6);
});

test("free nats have no gradient, whatever the draws", async () => {
  const count = 3, latentDim = 3;
  const options = { latentDim, draws: 2, klGradient: "stl" } as const;
  const bound = await step(options, count);
  const { klPerDimension } = bound.losses;
  // Two dimensions are below.
  const freeBits = klPerDimension.toSorted()[2] / count * 0.999;
  const free = await step({ ...options, freeBits }, count);
  assertEquals(free.dispatches, bound.dispatches);
  assertEquals(free.losses.klPerDimension, klPerDimension);
  const total = objective(free.losses, hyper, { autoencoder: false, freeBits });
  assertAlmostEquals(free.losses.total / total, 1, 1e-6);
  const none = await step(options, count, { beta: 0 });
  const [slopes, full, without] = [free, bound, none].map((of) =>
    part(of, "slopes", 2 * latentDim)
  );
  const isFree = klPerDimension.map((kl) => Number(kl / count < freeBits));
  assertEquals(isFree.filter((is) => is).length, 2);
  assertEquals(
    slopes,
    full.map((slope, i) => isFree[i % latentDim] ? without[i] : slope),
  );
  assertLess(1e-3, relativeError(without, full));
});

/** Σ over the batch of log q(z) − Σ log q(z_d), from its definition. */
function correlationOf(
  heads: Float64Array,
  epsilon: Float64Array,
  latentDim: number,
  images: number,
): number {
  const count = epsilon.length / latentDim;
  const mu = (i: number, d: number) => heads[2 * i * latentDim + d];
  const logvar = (i: number, d: number) => heads[(2 * i + 1) * latentDim + d];
  const logSum = (values: number[]) => {
    const most = Math.max(...values);
    return most +
      Math.log(values.reduce((sum, a) => sum + Math.exp(a - most), 0));
  };
  let total = 0;
  for (let i = 0; i < count; i++) {
    const densities = Array.from({ length: latentDim }, (_, d) => {
      const z = mu(i, d) +
        Math.exp(logvar(i, d) / 2) * epsilon[i * latentDim + d];
      return Array.from(
        { length: count },
        (_, j) =>
          -0.5 * (Math.log(2 * Math.PI) + logvar(j, d) +
            (z - mu(j, d)) ** 2 / Math.exp(logvar(j, d))),
      );
    });
    const among = Math.log(images * count);
    const joint = densities[0].map((_, j) =>
      densities.reduce((sum, each) => sum + each[j], 0)
    );
    total += logSum(joint) - among;
    for (const each of densities) total -= logSum(each) - among;
  }
  return total;
}

for (
  const [count, latentDim, tcWeight] of [
    [2, 140, null], // more dimensions than threads
    [131, 2, 2.5], // more images than threads, and the map
  ] as [number, number, number | null][]
) {
  test(`btc has the total correlation, and its gradient (batch ${count}, latent ${latentDim})`, async () => {
    const width = 2 * latentDim;
    const bound = await step({ latentDim }, count);
    const btc = await step({ latentDim, objective: "btc", tcWeight }, count);
    assertEquals(btc.dispatches, bound.dispatches + 2);
    const heads = part(btc, "heads", width);
    const epsilon = part(btc, "epsilon", latentDim);
    const weight = (tcWeight ?? 4) - 1;
    const value = (of: Float64Array) =>
      correlationOf(of, epsilon, latentDim, count + 1);
    const { reconstruction, klPerDimension, total } = btc.losses;
    const kl = klPerDimension.reduce((a, b) => a + b);
    assertAlmostEquals(
      total / (reconstruction + kl + weight * value(heads)),
      1,
      1e-5,
    );
    // Of every so many numbers, as each takes the whole sum.
    const slopes = part(btc, "slopes", width);
    const without = part(bound, "slopes", width);
    const each = Math.ceil(heads.length / 64);
    const actual: number[] = [], expected: number[] = [];
    for (let i = 0; i < heads.length; i += each) {
      const at = (h: number) => value(heads.with(i, heads[i] + h));
      expected.push(weight * (at(1e-4) - at(-1e-4)) / 2e-4 / count);
      actual.push(slopes[i] - without[i]);
    }
    assertLess(relativeError(actual, expected), 2e-4);
  });
}
