import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertNotEquals,
} from "@std/assert";
import { synthesize } from "../lib/dataset/synthetic.ts";

const COUNT = 2000;
const { images, labels } = synthesize(COUNT, { seed: 0 });

function image(i: number): Uint8Array {
  return images.subarray(i * 784, (i + 1) * 784);
}

Deno.test("synthesize() depends on the seed and the index alone", () => {
  const part = synthesize(5, { seed: 0, first: 100 });
  assertEquals(part.images, images.slice(100 * 784, 105 * 784));
  assertEquals(part.labels, labels.slice(100, 105));
  assertNotEquals(
    synthesize(5, { seed: 1, first: 100 }).images,
    part.images,
  );
  assertEquals(synthesize(0, { seed: 0 }).images.length, 0);
});

Deno.test("synthesize() has MNIST's brightness", () => {
  let sum = 0;
  let squares = 0;
  for (const pixel of images) {
    sum += pixel / 255;
    squares += (pixel / 255) ** 2;
  }
  const mean = sum / images.length;
  // MNIST: mean 0.1307, standard deviation 0.3081.
  assertAlmostEquals(mean, 0.1307, 0.01);
  assertAlmostEquals(
    Math.sqrt(squares / images.length - mean ** 2),
    0.3081,
    0.015,
  );
});

Deno.test("synthesize() draws each digit about equally often", () => {
  const counts = new Array(10).fill(0);
  for (const label of labels) counts[label]++;
  // Binomial with p = 1/10: four standard deviations.
  for (const count of counts) {
    assertAlmostEquals(count, COUNT / 10, 4 * Math.sqrt(COUNT * 0.09));
  }
});

Deno.test("synthesize() centres the mass of a digit of 20 pixels", () => {
  for (let i = 0; i < COUNT; i++) {
    let mass = 0;
    const moment = [0, 0];
    const low = [28, 28];
    const high = [0, 0];
    image(i).forEach((ink, pixel) => {
      [pixel % 28, Math.floor(pixel / 28)].forEach((at, axis) => {
        moment[axis] += ink * (at + 0.5);
        if (ink < 64) return;
        low[axis] = Math.min(low[axis], at);
        high[axis] = Math.max(high[axis], at);
      });
      mass += ink;
    });
    for (const sum of moment) assertAlmostEquals(sum / mass, 14, 0.51);
    const longest = Math.max(...high.map((at, axis) => at - low[axis] + 1));
    assert(longest >= 19 && longest <= 21, `image ${i} is ${longest} pixels`);
  }
});

Deno.test("synthesize() draws digits that differ and can be told apart", () => {
  // Nearest neighbour among the first 1,500 images, as for MNIST, where it
  // recognises most of the rest; by chance it would be right in a tenth.
  let right = 0;
  for (let i = 1500; i < COUNT; i++) {
    let nearest = -1;
    let least = Infinity;
    for (let j = 0; j < 1500; j++) {
      let distance = 0;
      for (let pixel = 0; pixel < 784 && distance < least; pixel++) {
        distance += (images[i * 784 + pixel] - images[j * 784 + pixel]) ** 2;
      }
      if (distance < least) {
        least = distance;
        nearest = j;
      }
    }
    assertGreater(least, 0);
    if (labels[i] === labels[nearest]) right++;
  }
  assertGreater(right / (COUNT - 1500), 0.9);
});
