/** What is measured of shapes, against shapes that are drawn to measure. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
} from "@std/assert";
import {
  drawForm,
  synthesize,
  type SyntheticForm,
} from "../lib/dataset/synthetic.ts";
import { convexHull, polygonSize } from "../lib/math/convex_hull.ts";
import {
  SHAPE_FACTORS,
  type ShapeFactor,
  shapeFactors,
} from "../lib/metrics/shape_factors.ts";
import { fillUniform, streamKey } from "../lib/rng.ts";
import { correlation, formsOf, slantOf } from "./synthetic_forms.ts";

type Shape = (x: number, y: number) => boolean;

/** Draws what lies inside, from the middle of the frame, y upward: [784]. */
function drawn(inside: Shape): Float32Array {
  const fine = 16;
  return Float32Array.from({ length: 784 }, (_, pixel) => {
    let ink = 0;
    for (let i = 0; i < fine * fine; i++) {
      const x = pixel % 28 + (i % fine + 0.5) / fine - 14;
      const y = 14 - Math.floor(pixel / 28) -
        (Math.floor(i / fine) + 0.5) / fine;
      ink += Number(inside(x, y)) / fine ** 2;
    }
    return ink;
  });
}

function measure(
  image: Float32Array | Uint8Array,
): Record<ShapeFactor, number> {
  const factors = shapeFactors(image);
  assertEquals(factors.length, SHAPE_FACTORS.length);
  const entries = SHAPE_FACTORS.map((name, i) => [name, factors[i]]);
  return Object.fromEntries(entries);
}

const bar = (width: number, height: number, slant = 0): Shape => (x, y) =>
  Math.abs(x - slant * y) < width / 2 && Math.abs(y) < height / 2;
const ring = (outer: number, inner: number, middle = 0): Shape => (x, y) => {
  const radius = Math.hypot(x, y - middle);
  return radius < outer && radius > inner;
};

Deno.test("shapeFactors() finds the slant that a bar was sheared by", () => {
  for (const slant of [-0.6, -0.2, 0, 0.1, 0.5]) {
    const found = measure(drawn(bar(4, 18, slant)));
    assertAlmostEquals(found.slant, slant, 0.01);
  }
});

Deno.test("shapeFactors() finds height and width, set upright", () => {
  for (const [width, height] of [[3, 20], [8, 17], [16, 4]]) {
    for (const slant of [0, 0.3]) {
      const found = measure(drawn(bar(width, height, slant)));
      assertAlmostEquals(found.height, height, 0.1);
      assertAlmostEquals(found.width, width, 0.5);
    }
  }
});

Deno.test("shapeFactors() finds the stroke width: 2 · area / perimeter", () => {
  for (const width of [2, 3.5, 5]) {
    const found = measure(drawn(bar(width, 20)));
    const exact = width * 20 / (width + 20);
    assertAlmostEquals(found["stroke width"], exact, 0.03 * exact);
  }
  for (const [outer, inner] of [[10, 8], [9, 5], [8, 0]]) {
    const found = measure(drawn(ring(outer, inner)));
    assertAlmostEquals(found["stroke width"], outer - inner, 0.1);
  }
});

Deno.test("shapeFactors() knows how round a shape is", () => {
  const { PI } = Math;
  for (const slant of [0, 0.4]) {
    const disc: Shape = (x, y) => Math.hypot(x - slant * y, y) < 9;
    assertAlmostEquals(measure(drawn(disc)).roundness, 1, 0.01);
    const square = measure(drawn(bar(14, 14, slant)));
    assertAlmostEquals(square.roundness, PI / 4, 0.05);
    const line = measure(drawn(bar(2, 20, slant)));
    assertAlmostEquals(line.roundness, PI * 40 / 22 ** 2, 0.04);
  }
  // What is inside is not seen.
  const hollow = measure(drawn(ring(9, 7)));
  assertAlmostEquals(hollow.roundness, 1, 0.01);
});

Deno.test("shapeFactors() counts loops", () => {
  const eight: Shape = (x, y) => ring(5, 3, 4)(x, y) || ring(5, 3, -4)(x, y);
  const open: Shape = (x, y) => ring(9, 6)(x, y) && !(x > 0 && y > 0 && x > y);
  assertEquals(measure(drawn(bar(3, 20))).loops, 0);
  assertEquals(measure(drawn(open)).loops, 0);
  assertEquals(measure(drawn(ring(9, 6))).loops, 1);
  assertEquals(measure(drawn(eight)).loops, 2);
  // A ring of steps, which touch at their corners only, holds paper in.
  const steps = new Float32Array(784);
  for (const [row, column] of [[9, 10], [10, 9], [11, 10], [10, 11]]) {
    steps[row * 28 + column] = 1;
  }
  assertEquals(measure(steps).loops, 1);
  // The frame's border holds nothing in.
  const beside = new Float32Array(784);
  for (let row = 0; row < 28; row++) beside[row * 28 + 3] = 1;
  assertEquals(measure(beside).loops, 0);
});

Deno.test("shapeFactors() is not of how dark an image is", () => {
  const image = drawn((x, y) => ring(9, 6)(x - 0.2 * y, y));
  const bytes = Uint8Array.from(image, (ink) => 255 * ink);
  const pale = measure(image.map((ink) => ink / 3));
  const dark = measure(image);
  for (const factor of SHAPE_FACTORS) {
    assertAlmostEquals(pale[factor], dark[factor], 1e-4);
    assertAlmostEquals(measure(bytes)[factor], dark[factor], 0.01);
  }
});

Deno.test("shapeFactors() of no ink or no paper is zeros, and of several images, rows", () => {
  // As a decoder's before it was trained: all grey.
  const grey = new Float32Array(784).map((_, i) => 0.5 + 0.1 * Math.sin(i));
  const none = new Float32Array(SHAPE_FACTORS.length);
  assertEquals(shapeFactors(grey), none);
  assertEquals(shapeFactors(grey.map((ink) => -ink)), none);
  const images = new Float32Array(3 * 784);
  images.set(drawn(bar(3, 20)), 784);
  images.set(drawn(ring(9, 6)), 2 * 784);
  const factors = shapeFactors(images);
  const columns = SHAPE_FACTORS.length;
  assertEquals(factors.subarray(0, columns), new Float32Array(columns));
  for (const row of [1, 2]) {
    assertEquals(
      factors.slice(row * columns, (row + 1) * columns),
      shapeFactors(images.subarray(row * 784, (row + 1) * 784)),
    );
  }
});

const COUNT = 1500;
const SEED = 5;
const { images } = synthesize(COUNT, { seed: SEED });
const measured = shapeFactors(images);
const forms = formsOf(COUNT, SEED);

/** What is measured of some synthetic digits. */
function column(
  factor: ShapeFactor,
  of: (form: SyntheticForm) => boolean = () => true,
): number[] {
  const at = SHAPE_FACTORS.indexOf(factor);
  return forms.flatMap((form, i) =>
    of(form) ? [measured[i * SHAPE_FACTORS.length + at]] : []
  );
}

Deno.test("formOf() and drawForm() make the digits of synthesize()", () => {
  const image = new Uint8Array(784);
  drawForm(forms[7], image);
  assertEquals(image, images.slice(7 * 784, 8 * 784));
});

Deno.test("shapeFactors() measures how synthetic digits were made", () => {
  assertGreater(correlation(forms.map(slantOf), column("slant")) ** 2, 0.8);
  const pens = forms.map(({ radius }) => radius);
  assertGreater(correlation(pens, column("stroke width")) ** 2, 0.85);
  // A digit's width is mostly its class's, so within one: the zeros.
  const isZero = ({ digit }: SyntheticForm) => digit === 0;
  const narrow = forms.filter(isZero).map((form) => form.narrow);
  assertGreater(correlation(narrow, column("width", isZero)) ** 2, 0.4);
  for (const [digit, loops] of [[0, 1], [1, 0], [3, 0], [7, 0], [8, 2]]) {
    const found = column("loops", (form) => form.digit === digit);
    const mean = found.reduce((a, b) => a + b) / found.length;
    assertAlmostEquals(mean, loops, 0.2, `loops of ${digit}`);
  }
  const round = (digit: number) => {
    const found = column("roundness", (form) => form.digit === digit);
    return found.reduce((a, b) => a + b) / found.length;
  };
  assertGreater(round(0), 0.9);
  assertLess(round(1), 0.6);
});

Deno.test("convexHull() is the smallest convex polygon around points", () => {
  const uniform = fillUniform(new Float32Array(60), streamKey(1, "sample"), 0);
  const points = Array.from(
    { length: 30 },
    (_, i) => ({ x: uniform[2 * i], y: uniform[2 * i + 1] }),
  );
  const hull = convexHull(points);
  hull.forEach((a, i) => {
    assert(points.includes(a));
    const b = hull[(i + 1) % hull.length];
    // All points are on one side of each of its sides, its corners on it.
    for (const p of points) {
      const side = (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
      assert(p === a || p === b ? Math.abs(side) < 1e-12 : side > 0);
    }
  });
  const grid = Array.from(
    { length: 20 },
    (_, i) => ({ x: i % 5, y: Math.floor(i / 5) }),
  );
  assertEquals(convexHull(grid).length, 4);
  assertEquals(polygonSize(convexHull(grid)), { area: 12, perimeter: 14 });
});
