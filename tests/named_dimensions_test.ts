/** Names of latent dimensions, where what they do is known. */
import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
} from "@std/assert";
import {
  drawForm,
  FORM_NUMBERS,
  formOf,
  synthesize,
  type SyntheticForm,
} from "../lib/dataset/synthetic.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { createEngine } from "../lib/engines.ts";
import { nameDimensions, nameText } from "../lib/latent/named_dimensions.ts";
import { codeScale, fromUnits, priorScale } from "../lib/latent/scale.ts";
import { normalCdf } from "../lib/metrics/information.ts";
import { SHAPE_FACTORS, shapeFactors } from "../lib/metrics/shape_factors.ts";
import { priorSample } from "../lib/model/prior.ts";
import { train } from "../lib/train/trainer.ts";
import { correlation, formsOf, slantOf } from "./synthetic_forms.ts";

/** A decoder that draws synthetic digits: a form for each latent. */
function drawing(
  latentDim: number,
  form: (z: Float32Array) => SyntheticForm,
): (z: Float32Array) => Promise<Float32Array> {
  return (z) => {
    const n = z.length / latentDim;
    const images = new Uint8Array(n * 784);
    for (let i = 0; i < n; i++) {
      const latent = z.subarray(i * latentDim, (i + 1) * latentDim);
      drawForm(form(latent), images.subarray(i * 784, (i + 1) * 784));
    }
    return Promise.resolve(Float32Array.from(images, (byte) => byte / 255));
  };
}

/** The form of no extreme: an upright 6. */
const middle: SyntheticForm = {
  ...{ digit: 6, variant: 0, radius: 1.1, angle: 0, slant: 0, narrow: 0.8 },
  ...{ taper: 0.5, lattice: new Float32Array(32).fill(0.5) },
};

/** Puts a latent where it is in a range, as its prior has it evenly spread. */
const within = (low: number, high: number, z: number) =>
  low + (high - low) * normalCdf(z);

Deno.test("nameDimensions() names what each dimension of a decoder sets, and no noise", async () => {
  const decode = drawing(7, ([slant, pen, narrow, loops, bend, angle]) => ({
    ...middle,
    slant: within(-0.4, 0.4, slant),
    radius: within(0.7, 1.5, pen),
    narrow: within(0.6, 1, narrow),
    digit: [5, 6, 8][Math.floor(within(0, 3, loops))],
    lattice: middle.lattice.map((shift, i) =>
      i === 6 ? normalCdf(bend) : shift
    ),
    angle: within(-0.05, 0.05, angle),
  }));
  const names = await nameDimensions(decode, priorScale(7));
  assertEquals(
    names.map((name) => name?.factor ?? null),
    // The last three: a bend, a turn too small to be seen, and nothing at all.
    ["slant", "stroke width", "width", "loops", null, null, null],
  );
  for (const name of names.slice(0, 4)) assertGreater(name!.r2, 0.85);
  // From Φ(–2) to Φ(2) of 0.8.
  const exact = within(-0.4, 0.4, 2) - within(-0.4, 0.4, -2);
  assertAlmostEquals(names[0]!.change, exact, 0.1);
});

Deno.test("nameDimensions() finds two of the 40 numbers of a synthetic digit", async () => {
  const decode = drawing(
    FORM_NUMBERS,
    (z) => formOf(z.map((value) => normalCdf(value))),
  );
  const names = await nameDimensions(decode, priorScale(FORM_NUMBERS));
  // Where a digit is of any class its width is mostly that of the class, and
  // two numbers share in how it is turned.
  const found = names.map((name, i) => name && `${i} ${name.factor}`);
  assertEquals(found.filter(Boolean), ["2 stroke width", "5 slant"]);
  for (const i of [2, 5]) assertGreater(names[i]!.r2, 0.9);
});

Deno.test("nameDimensions() calls nothing by what goes either way", async () => {
  // A digit leans to one side or to the other, as the second dimension has it.
  const decode = drawing(2, ([slant, side]) => ({
    ...middle,
    slant: within(-0.4, 0.4, side > 0 ? slant : -slant),
  }));
  const bases = Float32Array.from([0, 1, 0, -1, 0, 2, 0, -2]);
  const names = await nameDimensions(decode, priorScale(2), { bases });
  assertEquals(names[0], null);
});

Deno.test("nameDimensions() has the R² of a regression with an intercept for each code", async () => {
  const steps = 5, count = 3;
  const decode = drawing(2, ([slant, pen]) => ({
    ...{ ...middle, digit: 5 },
    slant: within(-0.4, 0.4, slant + 0.3 * Math.sin(4 * slant + pen)),
    radius: within(0.7, 1.5, pen),
  }));
  const bases = priorSample(count, 2, 4);
  const scale = codeScale(
    fromUnits(bases, {
      mean: Float64Array.of(0.5, 0),
      deviation: Float64Array.of(0.5, 2),
    }),
    2,
  );
  const asked: Float32Array[] = [];
  const [name] = await nameDimensions(
    (z) => {
      asked.push(z);
      return decode(z);
    },
    scale,
    { bases, steps, range: 1.5 },
  );
  assertEquals(asked.length, 2);
  const values = Array.from(asked[0]).filter((_, i) => i % 2 === 0);
  const others = Array.from(asked[0]).filter((_, i) => i % 2 === 1);
  assertAlmostEquals(values[0], scale.mean[0] - 1.5 * scale.deviation[0], 1e-6);
  assertAlmostEquals(values[4], scale.mean[0] + 1.5 * scale.deviation[0], 1e-6);
  others.forEach((other, i) =>
    assertEquals(other, bases[2 * Math.floor(i / steps) + 1])
  );
  // Alternating least squares: intercepts, then the slope, until they stand.
  const column = SHAPE_FACTORS.indexOf(name!.factor);
  const factors = shapeFactors(await decode(asked[0]))
    .filter((_, i) => i % SHAPE_FACTORS.length === column);
  const rows = [...values.keys()];
  const sum = (of: (i: number) => number, base?: number) =>
    rows.filter((i) => base === undefined || Math.floor(i / steps) === base)
      .reduce((total, i) => total + of(i), 0);
  const intercepts = [0, 0, 0];
  let slope = 0;
  const fit = (i: number) =>
    intercepts[Math.floor(i / steps)] + slope * values[i];
  for (let round = 0; round < 500; round++) {
    for (let b = 0; b < count; b++) {
      intercepts[b] += sum((i) => factors[i] - fit(i), b) / steps;
    }
    slope += sum((i) => (factors[i] - fit(i)) * values[i]) /
      sum((i) => values[i] ** 2);
  }
  const means = intercepts.map((_, b) => sum((i) => factors[i], b) / steps);
  const unexplained = sum((i) => (factors[i] - fit(i)) ** 2);
  const all = sum((i) => (factors[i] - means[Math.floor(i / steps)]) ** 2);
  assertAlmostEquals(name!.r2, 1 - unexplained / all, 1e-6);
  assertLess(name!.r2, 0.99);
  assertAlmostEquals(name!.change, slope * (values[4] - values[0]), 1e-6);
  assertEquals(
    nameText({ factor: "slant", r2: 0.834, change: 1 }),
    "slant, R² 0.83",
  );
});

Deno.test("nameDimensions() is right about a model of synthetic digits", async () => {
  const latentDim = 6;
  const dataset = await syntheticDataset({ limit: 6000 });
  const options = { latentDim, beta: 2, epochs: 3, batchSize: 64, lr: 0.002 };
  const setup = { dataset, engine: { engine: "wasm" } } as const;
  for await (const event of train({ ...setup, ...options })) {
    if (event.type !== "end") continue;
    const checkpoint = await event.checkpoint();
    const engine = await createEngine(checkpoint.options, { engine: "wasm" });
    await engine.writeState(checkpoint.state);
    const names = await nameDimensions(
      (z) => engine.decode(z),
      priorScale(latentDim),
    );
    const count = 1000, seed = 99;
    const { mu } = await engine.encode(synthesize(count, { seed }).images);
    engine.dispose();
    // What the encoder says of images follows how they were made.
    const slants = formsOf(count, seed).map(slantOf);
    const follows = names.map((_, j) =>
      correlation(slants, slants.map((_, i) => mu[i * latentDim + j])) ** 2
    );
    const best = follows.indexOf(Math.max(...follows));
    assertEquals(names.map((name) => name?.factor).indexOf("slant"), best);
    assertGreater(follows[best], 0.4);
    assertGreater(names[best]!.r2, 0.7);
    assertEquals(names.includes(null), true);
  }
});
