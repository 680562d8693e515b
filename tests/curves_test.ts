import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { lossCurves } from "../lib/image/curves.ts";
import { clampLine, clipLine } from "../lib/image/clip.ts";
import { epochAxis, lossPanels } from "../lib/image/loss_panels.ts";
import type { Picture } from "../lib/image/picture.ts";
import { axisRange, tickLabels, ticks } from "../lib/image/axis.ts";
import type { EpochRecord, Losses } from "../lib/model/losses.ts";

const TRAIN = [0, 114, 178];
const VALIDATION = [213, 94, 0];

/** Where the first panel's axes are in the picture, below title and legend. */
const TOP = 160;
const BOTTOM = 404;
const FIRST_PANEL = 28 + 464;

function losses(total: number): Losses {
  return { total, reconstruction: 0.75 * total, kl: 0.25 * total };
}

function history(
  train: number[],
  validation: (number | null)[] = train.map(() => null),
): EpochRecord[] {
  return train.map((total, i) => ({
    epoch: i + 1,
    step: 430 * (i + 1),
    beta: 1,
    capacity: 0,
    train: losses(total),
    validation: validation[i] === null ? null : losses(validation[i]),
    klPerDimension: [],
  }));
}

/** Pixels of exactly this colour in the first panel's axes. */
function dots(picture: Picture, color: number[]): { x: number; y: number }[] {
  const found = [];
  for (let y = TOP - 10; y < BOTTOM + 10; y++) {
    for (let x = 0; x < FIRST_PANEL; x++) {
      const at = 3 * (y * picture.width + x);
      if (color.every((c, i) => picture.pixels[at + i] === c)) {
        found.push({ x, y });
      }
    }
  }
  return found;
}

function mean(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

Deno.test("ticks() chooses the smallest round step that gives few enough", () => {
  assertEquals(ticks(0, 1, 6), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assertEquals(ticks(0, 1, 5), [0, 0.5, 1]);
  assertEquals(ticks(0, 1, 11).length, 11);
  assertEquals(ticks(0, 0.3, 4), [0, 0.1, 0.2, 0.3]);
  assertEquals(ticks(31.4, 49.6, 6), [35, 40, 45]);
  assertEquals(ticks(-7, 12, 5), [-5, 0, 5, 10]);
  assertEquals(ticks(0, 1e6, 6), [0, 2e5, 4e5, 6e5, 8e5, 1e6]);
  assertEquals(ticks(1e-9, 3e-9, 3), [1e-9, 2e-9, 3e-9]);
  assertEquals(ticks(3, 3, 6), [3]);
});

Deno.test("ticks() keeps to whole numbers if asked", () => {
  assertEquals(ticks(1, 2, 6, 1), [1, 2]);
  assertEquals(ticks(1, 10, 8, 1), [2, 4, 6, 8, 10]);
  assertEquals(ticks(1, 200, 8, 1), [50, 100, 150, 200]);
});

Deno.test("ticks() are sorted, in range, and never too few, for any range", () => {
  for (let i = 1; i <= 500; i++) {
    const low = 100 * Math.sin(i * 12.9898);
    const high = low + 10 ** (8 * Math.sin(i * 78.233));
    const values = ticks(low, high, 8);
    const slack = 1e-6 * (high - low);
    assert(values.length >= 3 && values.length <= 8, `${low} to ${high}`);
    values.forEach((value, j) => {
      assert(value >= low - slack && value <= high + slack);
      if (j > 0) assertGreater(value, values[j - 1]);
    });
    assertEquals(new Set(tickLabels(values)).size, values.length);
  }
});

Deno.test("ticks() refuses a range that is none", () => {
  assertThrows(() => ticks(2, 1, 6), RangeError, "from 2 to 1");
  assertThrows(() => ticks(0, Infinity, 6), RangeError, "from 0 to Infinity");
  assertThrows(() => ticks(NaN, 1, 6), RangeError, "from NaN to 1");
});

Deno.test("tickLabels() writes the decimals of the step and no more", () => {
  assertEquals(tickLabels([0, 0.5, 1]), ["0", "0.5", "1.0"]);
  assertEquals(tickLabels([35, 40, 45]), ["35", "40", "45"]);
  assertEquals(tickLabels([8.5, 8.505, 8.51]), ["8.500", "8.505", "8.510"]);
  assertEquals(tickLabels([-10, 0, 10]), ["-10", "0", "10"]);
  assertEquals(tickLabels([0, 5e5, 1e6]), ["0", "0.5e6", "1.0e6"]);
  assertEquals(tickLabels([1e-5, 2e-5]), ["1e-5", "2e-5"]);
  assertEquals(tickLabels([7]), ["7"]);
});

Deno.test("axisRange() leaves room, but none below zero", () => {
  assertEquals(axisRange([100, 200]), [94, 206]);
  assertEquals(axisRange([1, 101]), [0, 107]);
  assertEquals(axisRange([-100, 0]), [-106, 6]);
});

Deno.test("axisRange() opens around equal values", () => {
  assertEquals(axisRange([20, 20]), [18, 22]);
  assertEquals(axisRange([0]), [0, 1]);
  assertEquals(axisRange([-10]), [-11, -9]);
  const [low, high] = axisRange([1e6, 1e6 + 1e-9]);
  assertGreater(high - low, 1e5);
});

Deno.test("lossCurves() puts losses at their height", () => {
  // The axis runs from 9.4 to 20.6 in 244 pixels.
  const found = dots(lossCurves(history([20, 10])), TRAIN);
  const columns = found.map(({ x }) => x);
  // Beyond the two markers' centres only their outer halves are left.
  const [left, right] = [Math.min(...columns) + 4, Math.max(...columns) - 4];
  const first = found.filter(({ x }) => x < left).map(({ y }) => y + 0.5);
  const last = found.filter(({ x }) => x > right).map(({ y }) => y + 0.5);
  assertAlmostEquals(mean(first), BOTTOM - 244 * 10.6 / 11.2, 1);
  assertAlmostEquals(mean(last), BOTTOM - 244 * 0.6 / 11.2, 1);
});

Deno.test("lossCurves() draws both series, validation above where it is worse", () => {
  const picture = lossCurves(history([40, 30, 25], [44, 35, 29]));
  const heights = [TRAIN, VALIDATION].map((color) =>
    mean(dots(picture, color).map(({ y }) => y))
  );
  assertLess(heights[1], heights[0]);
});

Deno.test("lossCurves() draws no validation where there is none", () => {
  const picture = lossCurves(history([40, 30, 25]));
  assertEquals(dots(picture, VALIDATION), []);
  assertGreater(dots(picture, TRAIN).length, 100);
  // Not in the legend either.
  const colors = new Set<string>();
  for (let at = 0; at < picture.pixels.length; at += 3) {
    colors.add(String(picture.pixels.subarray(at, at + 3)));
  }
  assert(!colors.has(String(VALIDATION)));

  const some = lossCurves(history([40, 30, 25], [null, 31, 26]));
  assertGreater(dots(some, VALIDATION).length, 10);
});

Deno.test("lossCurves() draws a single epoch as one marker in the middle", () => {
  const found = dots(lossCurves(history([30])), TRAIN);
  const columns = found.map(({ x }) => x);
  const rows = found.map(({ y }) => y);
  assertLess(Math.max(...columns) - Math.min(...columns), 9);
  assertLess(Math.max(...rows) - Math.min(...rows), 9);
  assertAlmostEquals(mean(rows) + 0.5, (TOP + BOTTOM) / 2, 1);
});

Deno.test("lossCurves() draws many epochs as a line without markers", () => {
  const found = dots(lossCurves(history(Array(200).fill(50))), TRAIN);
  const rows = found.map(({ y }) => y);
  assertLess(Math.max(...rows) - Math.min(...rows), 4);
  assertGreater(new Set(found.map(({ x }) => x)).size, 300);
});

Deno.test("lossCurves() draws each loss in its panels, and in no other", () => {
  const before = history([40, 30]);
  const whole = lossCurves(before);
  const panels: [keyof Losses, number[]][] = [
    ["total", [0, 1]],
    ["reconstruction", [1, 2]],
    ["kl", [3]],
  ];
  for (const [part, expected] of panels) {
    const after = before.map((record) => ({
      ...record,
      train: { ...record.train, [part]: 5 * record.epoch },
    }));
    const { width, pixels } = lossCurves(after);
    const changed = new Set<number>();
    // Panels are 500 apart and 368 high; smooth text reaches a pixel farther.
    pixels.forEach((byte, at) => {
      const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
      if (byte !== whole.pixels[at]) {
        changed.add(
          Math.floor((x - 20) / 500) + 2 * Math.floor((y - 108) / 368),
        );
      }
    });
    assertEquals([...changed].sort(), expected, part);
  }
});

Deno.test("lossCurves() has one size for every history", () => {
  for (const totals of [[0], [1e6, 2], [1e-7, 1e-7], Array(1000).fill(3)]) {
    const picture = lossCurves(history(totals), { title: "β" });
    assertEquals([picture.width, picture.height], [1020, 838]);
    assertEquals(picture.pixels.length, 3 * 1020 * 838);
  }
});

/** A warm-up of β: the reconstruction falls, and still the total rises. */
const WARM_UP = [0.5, 1, 2, 4].map((beta, i): EpochRecord => {
  const [reconstruction, kl] = [60 / (i + 1), 10];
  const losses = { total: reconstruction + beta * kl, reconstruction, kl };
  return {
    ...history([1])[0],
    epoch: i + 1,
    beta,
    capacity: 3 * i,
    train: losses,
    validation: losses,
  };
});

Deno.test("lossPanels() scale to the epochs after the first, and say what is out", () => {
  const [total] = lossPanels(history([300, 20, 10], [60, 22, 12]));
  assertEquals(total.range, axisRange([20, 10, 22, 12]));
  assertEquals(
    total.outside,
    "out of the frame in epoch 1: training 300, validation 60",
  );
  const [rising] = lossPanels(history([1, 20, 21]));
  assertEquals(rising.outside, "out of the frame in epoch 1: training 1");
  const [inside] = lossPanels(history([16, 20, 10]));
  assertEquals(inside.outside, "");
  // What would be cut takes too little room for it.
  const [whole, , , part] = lossPanels(history([30, 20, 10]));
  assertEquals([whole.range, whole.outside], [axisRange([30, 20, 10]), ""]);
  assertEquals(part.outside, "");
  // Of two epochs both are shown.
  const [two] = lossPanels(history([300, 20]));
  assertEquals([two.range, two.outside], [axisRange([300, 20]), ""]);
});

Deno.test("lossCurves() writes what is out of the frame above it", () => {
  // The lines of both differ in the first epoch alone, which is at the left.
  const [picture, other] = [1, 2].map((first) =>
    lossCurves(history([first, 20, 21, 20]), { title: "β" })
  );
  const rows = new Set<number>();
  picture.pixels.forEach((value, i) => {
    const [x, y] = [Math.floor(i / 3) % 1020, Math.floor(i / 3 / 1020)];
    if (value !== other.pixels[i] && x > 300 && x < 505 && y < 460) rows.add(y);
  });
  assertGreater(rows.size, 4);
  assertLess(Math.max(...rows), 108 + 52);
});

Deno.test("epochAxis() names whole epochs, and a part of one that is the last", () => {
  const texts = (first: number, last: number) =>
    epochAxis([first, last], [first, last + 1], [0, 100])
      .ticks.map(({ text }) => text);
  assertEquals(texts(1, 3), ["1", "2", "3"]);
  assertEquals(texts(1, 1), ["1"]);
  assertEquals(texts(0.33, 0.33), ["0.33"]);
  assertEquals(texts(0.001, 0.001), ["0.001"]);
  assertEquals(texts(1, 2.5), ["1", "2", "2.5"]);
  // What would stand in its place gives way.
  assertEquals(texts(1, 2 + 1 / 30), ["1", "2.03"]);
  assertEquals(texts(1, 30.25), ["5", "10", "15", "20", "25", "30.25"]);
  const [, half] = epochAxis([1, 1.5], [1, 2], [0, 100]).ticks;
  assertEquals(half, { at: 50, text: "1.5" });
});

Deno.test("lossPanels() stack the parts of the total", () => {
  const parts = lossPanels(WARM_UP)[1];
  assertEquals(parts.title, "Parts in validation");
  assertEquals(parts.areas.map(({ name }) => name), [
    "reconstruction",
    "β × |KL – C|",
  ]);
  const [lower, upper] = parts.areas;
  assertEquals(lower.lower.map(([, y]) => y), [0, 0, 0, 0]);
  assertEquals(lower.upper, upper.lower);
  assertEquals(upper.upper.map(([, y]) => y), [65, 40, 40, 55]);
  assertEquals(parts.range[0], 0);
  // The last epoch is worse in total and better in what it draws.
  assertLess(lower.upper[3][1], lower.upper[2][1]);
});

Deno.test("lossPanels() say what the total is where it is no sum of its parts", () => {
  const [first, ...rest] = history([3, 2]);
  const unvalidated = [first, ...rest].map((record) => ({
    ...record,
    validation: null,
  }));
  const [total, parts] = lossPanels(unvalidated, { objective: "iwae" });
  assertEquals(total.title, "Total; in validation –ELBO");
  assertEquals(total.yLabel, "importance-weighted bound");
  assertEquals(
    [parts.title, parts.yLabel],
    ["Parts in training", "–ELBO: squared error per image"],
  );
  assertEquals(parts.lines[0].points.map(([, y]) => y), [
    first.train.reconstruction + first.train.kl,
    rest[0].train.reconstruction + rest[0].train.kl,
  ]);
  const [free] = lossPanels(unvalidated, { freeBits: 0.5 });
  assertEquals(free.yLabel, "reconstruction + β × floored KL");
});

Deno.test("lossPanels() show β and the capacity where they move", () => {
  const panels = lossPanels(WARM_UP);
  assertEquals(panels.length, 5);
  assertEquals(panels[4].lines[0].points.map(([, beta]) => beta), [
    0.5,
    1,
    2,
    4,
  ]);
  const target = panels[3].lines.at(-1)!;
  assertEquals([target.kind, target.points.at(-1)], ["target", [4, 9]]);
  assertEquals(lossPanels(history([3, 2])).length, 4);
  // Drawn below the other panels.
  const picture = lossCurves(WARM_UP);
  assertEquals([picture.width, picture.height], [1020, 1068]);
});

Deno.test("lossPanels() of an autoencoder are its one loss", () => {
  const panels = lossPanels(history([3, 2]), {
    autoencoder: true,
    likelihood: "bce",
  });
  assertEquals(panels.map(({ title, yLabel }) => `${title}, ${yLabel}`), [
    "Reconstruction, cross-entropy, nats per image",
  ]);
});

Deno.test("clipLine() and clampLine() end where a line leaves the range", () => {
  const line: [number, number][] = [[0, 20], [1, 0], [2, -10], [3, 10]];
  assertEquals(clipLine(line, [0, 10]), [
    [[0.5, 10], [1, 0]],
    [[2.5, 0], [3, 10]],
  ]);
  assertEquals(clampLine(line, [0, 10]), [
    [0, 10],
    [0.5, 10],
    [1, 0],
    [2, 0],
    [2.5, 0],
    [3, 10],
  ]);
  assertEquals(clipLine([[0, 5]], [0, 10]), [[[0, 5]]]);
  assertEquals(clipLine([[0, 11], [1, 12]], [0, 10]), []);
});

Deno.test("lossCurves() names the unit of the likelihood", () => {
  const mse = lossCurves(history([3, 2]));
  assertEquals(lossCurves(history([3, 2]), { likelihood: "mse" }), mse);
  assertNotEquals(lossCurves(history([3, 2]), { likelihood: "bce" }), mse);
});

Deno.test("lossCurves() says which loss it cannot draw", () => {
  assertThrows(() => lossCurves([]), RangeError, "without an epoch");
  assertThrows(
    () => lossCurves(history([3, NaN])),
    RangeError,
    "the total loss of epoch 2 is NaN",
  );
  assertThrows(
    () => lossCurves(history([3, 2], [Infinity, 2])),
    RangeError,
    "the total loss of epoch 1 is Infinity",
  );
});
