import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { placeApart } from "../lib/image/apart.ts";
import { blank, drawLines, fillRect } from "../lib/image/picture.ts";
import type { Color, Picture } from "../lib/image/picture.ts";
import { scatter } from "../lib/image/scatter.ts";

const LABELS = { title: "A title", xLabel: "right", yLabel: "upward" };

/** The square that points lie in, in units. */
const LEFT = 94;
const TOP = 80;
const SIDE = 720;

const PAPER = [255, 255, 255];

function pixel({ width, pixels }: Picture, x: number, y: number): number[] {
  const at = 3 * (Math.floor(y) * width + Math.floor(x));
  return [...pixels.subarray(at, at + 3)];
}

/** How many pixels differ between two pictures, inside a rectangle. */
function changes(a: Picture, b: Picture, box: number[]): number {
  let count = 0;
  for (let y = box[1]; y < box[1] + box[3]; y++) {
    for (let x = box[0]; x < box[0] + box[2]; x++) {
      if (String(pixel(a, x, y)) !== String(pixel(b, x, y))) count++;
    }
  }
  return count;
}

Deno.test("scatter() puts points where the axes say, at one unit for both", () => {
  // x from 0 to 10 and y from 0 to 4: both axes reach 5.3 around the middle.
  const points = [0, 0, 10, 4, 10, 0, 0, 4, 8, 3];
  const classes = Uint8Array.of(7, 7, 7, 7, 3);
  const picture = scatter(points, classes, LABELS);
  assertEquals([picture.width, picture.height], [914, 880]);
  const at = (x: number, y: number): [number, number] => [
    LEFT + SIDE * (0.5 + (x - 5) / 10.6),
    TOP + SIDE * (0.5 - (y - 2) / 10.6),
  ];
  const [first, second] = [0, 1]
    .map((row) => pixel(picture, LEFT + SIDE + 30, TOP + 14 + 30 * row));
  // The badge of the first class stands on its median, (10, 4).
  for (const [x, y] of [[0, 0], [10, 0], [0, 4]]) {
    // Discs let a little of the paper and of gridlines through.
    pixel(picture, ...at(x, y)).forEach((value, channel) =>
      assertAlmostEquals(value, second[channel], 26)
    );
    const [px, py] = at(x, y);
    assertEquals(pixel(picture, px + 7, py + 7), PAPER);
  }
  const [x, y] = at(8, 3);
  assertEquals(pixel(picture, x + 9, y), PAPER);
  assertEquals(pixel(picture, x + 12.5, y), first);
});

Deno.test("scatter() names each class that there is in the legend", () => {
  const points = [0, 0, 1, 0, 0, 1, 1, 1, 3, 3];
  const legend = [LEFT + SIDE + 4, TOP - 8, 60, 320];
  const two = scatter(points, Uint8Array.of(0, 0, 0, 1, 1), LABELS);
  const same = scatter(points, Uint8Array.of(1, 0, 1, 0, 1), LABELS);
  const other = scatter(points, Uint8Array.of(1, 2, 1, 2, 1), LABELS);
  const three = scatter(points, Uint8Array.of(0, 1, 9, 9, 9), LABELS);
  assertEquals(changes(two, same, legend), 0);
  assert(changes(two, other, legend) > 50);
  const [x, y, width] = legend;
  assertEquals(changes(two, three, [x, y, width, 52]), 0);
  assert(changes(two, three, [x, y + 52, width, 40]) > 50);
});

Deno.test("scatter() has ten different colours, and ink for its labels", () => {
  const n = 10;
  const points = Array.from({ length: 2 * n }, (_, i) => i * i % 17);
  const classes = Uint8Array.from({ length: n }, (_, i) => i);
  const picture = scatter(points, classes, LABELS);
  const x = LEFT + SIDE + 30;
  const colors = Array.from(classes, (_, row) => {
    const [r, g, b] = pixel(picture, x, TOP + 14 + 30 * row);
    return r << 16 | g << 8 | b;
  });
  assertEquals(new Set(colors).size, n);
  const unlabelled = scatter(points, classes, {
    title: " ~",
    xLabel: "",
    yLabel: "",
  });
  assert(changes(picture, unlabelled, [28, 24, 60, 24]) > 50, "title");
  // The name of y is beside its axis, in its middle, and not below the title.
  assertEquals(changes(picture, unlabelled, [28, 46, 60, 24]), 0);
  assert(changes(picture, unlabelled, [34, 405, 22, 76]) > 50, "y label");
  assert(changes(picture, unlabelled, [400, 836, 100, 24]) > 50, "x label");
});

Deno.test("scatter() blends many points, so that none hides another", () => {
  const points = new Float64Array(2 * 3000).fill(1);
  points.set([0, 0, 2, 2]);
  const classes = new Uint8Array(3000);
  const one = scatter(points, classes, LABELS);
  // A single disc of 3000, on white: between its colour and the paper.
  const disc = pixel(one, LEFT + SIDE * (0.5 - 1 / 2.12), TOP + SIDE * 0.9717);
  const legend = pixel(one, LEFT + SIDE + 30, TOP + 14);
  disc.forEach((value, channel) => {
    assert(value < 255 && value > legend[channel], `${disc} and ${legend}`);
  });
});

Deno.test("placeApart() leaves no two places close, and far ones where they are", () => {
  const bounds = { left: 0, right: 700, top: 0, bottom: 700 };
  const homes: [number, number][] = [
    [100, 100],
    [300, 300],
    [300, 300],
    [305, 298],
    [310, 310],
    [290, 306],
    [600, 5],
    [690, 690],
    [698, 699],
    [702, 705],
  ];
  const places = placeApart(homes, 32, bounds);
  for (const [i, [x, y]] of places.entries()) {
    assert(x >= 0 && x <= 700 && y >= 0 && y <= 700);
    for (const [x1, y1] of places.slice(0, i)) {
      const gap = Math.hypot(x - x1, y - y1);
      assert(gap >= 32 - 1e-9, `${[x, y]} and ${[x1, y1]}: ${gap}`);
    }
    const [hx, hy] = homes[i];
    assert(Math.hypot(x - hx, y - hy) < 100, "a label strayed");
  }
  assertEquals([places[0], places[6]], [homes[0], homes[6]]);
});

Deno.test("scatter() shows the name of every class whose points lie together", () => {
  const points = Array.from(
    { length: 20 },
    (_, i): number => i % 4 ? 0.5 : 0.51,
  );
  points.push(0, 0, 1, 1);
  const classes = Uint8Array.from({ length: 12 }, (_, i) => i < 10 ? i : 0);
  const picture = scatter(points, classes, LABELS);
  for (let row = 0; row < 10; row++) {
    const color = pixel(picture, LEFT + SIDE + 30, TOP + 14 + 30 * row);
    let ring = 0;
    for (let y = TOP; y < TOP + SIDE; y++) {
      for (let x = LEFT; x < LEFT + SIDE; x++) {
        if (String(pixel(picture, x, y)) === String(color)) ring++;
      }
    }
    // A ring of 28 units outside and 22 inside is 236 pixels.
    assert(ring > 140, `class ${row} shows ${ring} pixels of its ring`);
  }
});

Deno.test("scatter() of a single point draws it in the middle", () => {
  const picture = scatter([5, -3], Uint8Array.of(4), LABELS);
  const middle = [LEFT + SIDE / 2, TOP + SIDE / 2];
  assertEquals(pixel(picture, middle[0] + 9, middle[1]), PAPER);
  assertEquals(
    pixel(picture, middle[0] + 12.5, middle[1]),
    pixel(picture, LEFT + SIDE + 30, TOP + 14),
  );
});

Deno.test("scatter() refuses points without classes", () => {
  for (const [n, m] of [[0, 0], [2, 3]]) {
    assertThrows(
      () => scatter(new Float32Array(2 * n), new Uint8Array(m), LABELS),
      RangeError,
      `${n} points cannot have ${m} classes`,
    );
  }
});

Deno.test("a scaled picture is the same drawing, larger", () => {
  const red: Color = [255, 0, 0];
  const draw = (scale: number) => {
    const picture = blank(10, 6, [255, 255, 255], scale);
    fillRect(picture, 1, 2, 3, 2, red);
    return picture;
  };
  const [small, large] = [draw(1), draw(3)];
  assertEquals([large.width, large.height], [30, 18]);
  for (let y = 0; y < 18; y++) {
    for (let x = 0; x < 30; x++) {
      assertEquals(pixel(large, x, y), pixel(small, x / 3, y / 3));
    }
  }
  // A line's area grows with the square of the scale.
  const ink = (scale: number) => {
    const picture = blank(40, 40, [255, 255, 255], scale);
    drawLines(picture, [[[10, 10], [30, 20]]], [0, 0, 0], 4);
    return picture.pixels.reduce((sum, value) => sum + 255 - value, 0);
  };
  const ratio = ink(4) / ink(1);
  assert(ratio > 15.5 && ratio < 16.5, `${ratio}`);
  const points = [0, 0, 1, 2, 2, 1];
  const picture = scatter(points, Uint8Array.of(0, 1, 2), {
    ...LABELS,
    scale: 2,
  });
  assertEquals([picture.width, picture.height], [1828, 1760]);
});

Deno.test("drawLines() lets what is beneath shine through", () => {
  const picture = blank(9, 9, [200, 100, 0]);
  drawLines(picture, [[[4.5, 4.5]]], [0, 100, 200], 7, 0.25);
  assertEquals(pixel(picture, 4, 4), [150, 100, 50]);
  assertEquals(pixel(picture, 0, 0), [200, 100, 0]);
});

/** Points of so many classes. */
function classesOf(count: number): [number[], Uint8Array] {
  const classes = Uint8Array.from({ length: 2 * count }, (_, i) => i % count);
  return [[...classes].flatMap((c, i) => [c, i]), classes];
}

Deno.test("scatter() names classes in the legend, and numbers them where a name is long", () => {
  const [points, classes] = classesOf(2);
  const draw = (names?: string[]) =>
    scatter(points, classes, { ...LABELS, names });
  assertEquals(draw(["0", "1"]), draw());
  const short = draw(["o", "ki"]), long = draw(["o", "ankle boot"]);
  assertEquals([short.width, short.height], [914, 880]);
  assertEquals(long.width > 914, true);
  // Among the points: the short names, or the numbers of the long ones.
  const square = ({ width, pixels }: Picture) =>
    Array.from({ length: SIDE }, (_, row) => {
      const at = 3 * ((TOP + row) * width + LEFT);
      return pixels.subarray(at, at + 3 * SIDE).join();
    }).join();
  assertEquals(square(short) === square(draw()), false);
  assertEquals(square(long) === square(draw()), true);
  // What cannot be read in a ring goes with its number, too.
  assertEquals(square(draw(["o", "語"])) === square(draw()), true);
});

Deno.test("scatter() has room for 256 classes in its legend", () => {
  const [points, classes] = classesOf(256);
  const { width, height, pixels } = scatter(points, classes, LABELS);
  assertEquals(height, 880);
  const xs = new Set<number>(), ys = new Set<number>();
  for (let y = 0; y < height; y++) {
    for (let x = LEFT + SIDE + 20; x < width; x++) {
      if (pixels[3 * (y * width + x)] === 255) continue;
      xs.add(x);
      ys.add(y);
    }
  }
  assertEquals(Math.max(...xs) < width - 20, true);
  assertEquals(Math.min(...ys) >= TOP, true);
  assertEquals(Math.max(...ys) < TOP + SIDE, true);
});
