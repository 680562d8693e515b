import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertNotEquals,
} from "@std/assert";
import { drawText, isLegible, textWidth } from "../lib/image/font.ts";
import {
  blank,
  type Color,
  drawLines,
  fillRect,
  type Picture,
} from "../lib/image/picture.ts";

const WHITE: Color = [255, 255, 255];
const BLACK: Color = [0, 0, 0];

/** The red channel, row by row. */
function reds({ width, height, pixels }: Picture): number[][] {
  return Array.from(
    { length: height },
    (_, y) =>
      Array.from({ length: width }, (_, x) => pixels[3 * (y * width + x)]),
  );
}

Deno.test("blank() gives every pixel the colour", () => {
  const picture = blank(2, 1, [1, 2, 3]);
  assertEquals([...picture.pixels], [1, 2, 3, 1, 2, 3]);
});

Deno.test("fillRect() fills whole pixels and cuts off what lies outside", () => {
  const picture = blank(4, 3, BLACK);
  fillRect(picture, 2, -5, 9, 7, [7, 8, 9]);
  assertEquals(reds(picture), [[0, 0, 7, 7], [0, 0, 7, 7], [0, 0, 0, 0]]);
  assertEquals([...picture.pixels.slice(6, 9)], [7, 8, 9]);
});

Deno.test("drawLines() fills one row with a line through pixel centres", () => {
  const picture = blank(5, 3, WHITE);
  drawLines(picture, [[[-9, 1.5], [9, 1.5]]], BLACK, 1);
  assertEquals(reds(picture), [
    [255, 255, 255, 255, 255],
    [0, 0, 0, 0, 0],
    [255, 255, 255, 255, 255],
  ]);
});

Deno.test("drawLines() shares a line between two rows evenly", () => {
  const picture = blank(1, 4, WHITE);
  drawLines(picture, [[[-9, 2], [9, 2]]], BLACK, 1);
  assertEquals(reds(picture), [[255], [128], [128], [255]]);
});

Deno.test("drawLines() draws a single point as a disc of the given width", () => {
  const picture = blank(40, 40, BLACK);
  drawLines(picture, [[[20, 20]]], WHITE, 24);
  const area = reds(picture).flat().reduce((sum, red) => sum + red / 255, 0);
  assertAlmostEquals(area, Math.PI * 12 ** 2, 3);
});

Deno.test("drawLines() blends lines that overlap only once", () => {
  const [once, twice] = [blank(9, 9, WHITE), blank(9, 9, WHITE)];
  drawLines(once, [[[1, 1], [8, 6]]], BLACK, 2);
  drawLines(twice, [[[1, 1], [8, 6], [1, 1]], [[1, 1], [8, 6]]], BLACK, 2);
  assertEquals(once, twice);
});

Deno.test("drawLines() leaves a picture alone that it misses", () => {
  const picture = blank(3, 3, WHITE);
  drawLines(picture, [[[-9, -9], [-5, 20]], [[50, 50]]], BLACK, 2);
  drawLines(picture, [], BLACK, 2);
  assertEquals(picture, blank(3, 3, WHITE));
});

Deno.test("drawText() has a glyph of its own for every character promised", () => {
  const ascii = Array.from(
    { length: 94 },
    (_, i) => String.fromCharCode(33 + i),
  );
  const render = (text: string) => {
    const picture = blank(40, 50, WHITE);
    drawText(picture, text, 4, 32, { size: 28, color: BLACK });
    return String(picture.pixels);
  };
  const seen = new Map([[render("\u{1F600}"), "the box"], [render(" "), " "]]);
  for (const character of [...ascii, ..."βμσε×²–·"]) {
    const pixels = render(character);
    assert(!seen.has(pixels), `${character} looks like ${seen.get(pixels)}`);
    seen.set(pixels, character);
  }
});

Deno.test("drawText() stands capitals of the given height on the baseline", () => {
  const picture = blank(40, 40, WHITE);
  drawText(picture, "H", 5, 30, { size: 21, color: BLACK });
  const inked = reds(picture).map((row) => row.some((red) => red < 128));
  const first = inked.indexOf(true);
  const last = inked.lastIndexOf(true);
  assertAlmostEquals(last, 30, 1.5);
  assertAlmostEquals(last - first, 21, 3);
});

Deno.test("drawText() turns text that is read upward", () => {
  const [across, upward] = [blank(60, 60, WHITE), blank(60, 60, WHITE)];
  const style = { size: 14, color: BLACK };
  drawText(across, "Kg", 20, 40, style);
  drawText(upward, "Kg", 40, 40, { ...style, upward: true });
  const [a, b] = [reds(across), reds(upward)];
  // What is d to the right and h above is d above and h to the left.
  let ink = 0;
  for (let y = 0; y < 60; y++) {
    for (let x = 0; x < 60; x++) {
      if (a[y][x] > 100) continue;
      ink++;
      const [d, h] = [x - 20, 39 - y];
      const turned = [-1, 0, 1].flatMap((i) =>
        [-1, 0, 1].map((j) => b[39 - d + i][40 - h + j])
      );
      assertGreater(150, Math.min(...turned), `${x}, ${y}`);
    }
  }
  assertGreater(ink, 40);
});

Deno.test("textWidth() spans the ink of a line of text", () => {
  const text = "KL divergence";
  const picture = blank(400, 40, WHITE);
  drawText(picture, text, 10, 30, { size: 14, color: BLACK });
  const columns = reds(picture).flatMap((row) =>
    row.flatMap((red, x) => red < 128 ? [x] : [])
  );
  assertAlmostEquals(Math.min(...columns), 10, 2);
  assertAlmostEquals(Math.max(...columns), 10 + textWidth(text, 14), 3);
});

Deno.test("textWidth() grows with the text and the size, from nothing", () => {
  assertEquals(textWidth("", 14), 0);
  assertGreater(textWidth("aa", 14), 2 * textWidth("a", 14));
  assertAlmostEquals(textWidth("loss", 28), 2 * textWidth("loss", 14), 1e-9);
});

Deno.test("drawText() draws bold text thicker", () => {
  const ink = (bold: boolean) => {
    const picture = blank(60, 30, WHITE);
    drawText(picture, "Total", 4, 22, { size: 14, color: BLACK, bold });
    return reds(picture).flat().reduce((sum, red) => sum + 255 - red, 0);
  };
  assertGreater(ink(true), 1.2 * ink(false));
  assertNotEquals(ink(false), 0);
});

Deno.test("drawText() leaves out accents, and draws a box for each character it lacks", () => {
  const drawn = (text: string) => {
    const picture = blank(200, 30, WHITE);
    drawText(picture, text, 4, 22, { size: 10, color: BLACK });
    return reds(picture);
  };
  assertEquals(drawn("naïve Łódź, Größe"), drawn("naive Lodz, Grosse"));
  assertEquals(drawn("nai\u0308ve"), drawn("naive"));
  // However many code units it takes: a family of three joined to one.
  assertEquals(drawn("👩\u200d👩\u200d👧"), drawn("語"));
  assertEquals(textWidth("日本", 10), textWidth("語語", 10));
  assertEquals(
    ["naïve Łódź", "β·|KL – C|", "", "日本", "Кошка", "a\n"].map(isLegible),
    [true, true, true, false, false, false],
  );
});
