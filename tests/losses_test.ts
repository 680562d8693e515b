import { assertEquals } from "@std/assert";
import {
  addLosses,
  addStep,
  batchLosses,
  copyLosses,
  type LossSums,
  meanLosses,
  noLosses,
  noTrainLosses,
  objective,
} from "../lib/model/losses.ts";
import { fillNormal } from "../lib/rng.ts";

/** Four images: a mean reconstruction of 25, and a mean KL of 1.5 + 2 nats. */
const four = {
  images: 4,
  reconstruction: 100,
  klPerDimension: Float64Array.of(6, 8),
};

Deno.test("objective() is reconstruction + β·|KL − C|", () => {
  const at = (beta: number, capacity: number) =>
    objective(four, { beta, capacity }, { autoencoder: false, freeBits: 0 });
  assertEquals(at(1, 0), 4 * (25 + 3.5));
  assertEquals(at(0, 0), 4 * 25);
  assertEquals(at(4, 1.5), 4 * (25 + 4 * 2)); // the KL above its target,
  assertEquals(at(4, 5.5), 4 * (25 + 4 * 2)); // and as far below it
});

Deno.test("objective() of an autoencoder is its reconstruction", () => {
  assertEquals(
    objective(four, { beta: 4, capacity: 5 }, {
      autoencoder: true,
      freeBits: 0,
    }),
    100,
  );
});

Deno.test("meanLosses() divides by the number of images", () => {
  const losses = batchLosses(four, { beta: 2, capacity: 0 }, {
    autoencoder: false,
    freeBits: 0,
  });
  assertEquals(meanLosses(losses), { total: 32, reconstruction: 25, kl: 3.5 });
});

Deno.test("addLosses() comes to the same in any grouping", () => {
  const noise = fillNormal(new Float32Array(3 * 1000), [1, 2], 0);
  const batches = Array.from({ length: 1000 }, (_, i): LossSums => ({
    images: 1,
    reconstruction: 4000 * Math.exp(noise[3 * i]),
    klPerDimension: Float64Array.of(Math.exp(3 * noise[3 * i + 1]) / 3),
    total: 4000 * Math.exp(noise[3 * i + 2]),
  }));
  const add = (parts: LossSums[]) => {
    const sums = noLosses(1);
    for (const part of parts) addLosses(sums, part);
    return sums;
  };
  const whole = add(batches);
  for (const at of [1, 7, 500, 999]) {
    const halves = [batches.slice(0, at), batches.slice(at)];
    assertEquals(add(halves.map(add)), whole);
  }
});

Deno.test("addLosses() adds every sum", () => {
  const sums = noLosses(2);
  assertEquals(sums, {
    images: 0,
    reconstruction: 0,
    klPerDimension: Float64Array.of(0, 0),
    total: 0,
  });
  addLosses(sums, { ...four, total: 50 });
  addLosses(sums, {
    images: 1,
    reconstruction: 20,
    klPerDimension: Float64Array.of(0.5, 0),
    total: 30,
  });
  assertEquals(sums, {
    images: 5,
    reconstruction: 120,
    klPerDimension: Float64Array.of(6.5, 8),
    total: 80,
  });
});

Deno.test("copyLosses() takes the four sums, and stays when they are added to", () => {
  const sums = { ...noTrainLosses(2), ...four };
  const copy = copyLosses(sums);
  const expected: LossSums = { ...structuredClone(four), total: 0 };
  assertEquals(copy, expected);
  addLosses(sums, { ...four, total: 1 });
  assertEquals(copy, expected);
});

Deno.test("addStep() keeps the first step that is not finite", () => {
  const sums = noTrainLosses(2);
  addStep(sums, 7, { ...four, total: 50 });
  assertEquals(sums.nonFiniteStep, null);
  addStep(sums, 8, { ...four, total: Infinity });
  addStep(sums, 9, { ...four, total: NaN });
  assertEquals(sums.nonFiniteStep, 8);
  assertEquals([sums.images, sums.reconstruction], [12, 300]);
});
