import { assert, assertEquals, assertThrows } from "@std/assert";
import { preview } from "../lib/image/preview.ts";

/** The grey a palette entry of a 256-colour terminal shows. */
function shade(code: number): number {
  if (code === 16) return 0;
  if (code === 231) return 255;
  assert(code >= 232 && code <= 255, `${code} is no grey`);
  return 8 + 10 * (code - 232);
}

/** What a terminal shows of a line: pairs of pixels, null without colours. */
function show(line: string): ([number, number] | null)[] {
  const cells: ([number, number] | null)[] = [];
  let colours: [number, number] | null = null;
  // deno-lint-ignore no-control-regex
  const tokens = line.matchAll(/\x1b\[(?:0|38;5;(\d+);48;5;(\d+))m|(.)/gu);
  let consumed = 0;
  for (const [token, upper, lower, character] of tokens) {
    consumed += token.length;
    if (character === undefined) {
      colours = upper ? [shade(Number(upper)), shade(Number(lower))] : null;
    } else {
      assertEquals(character, colours ? "▀" : " ");
      cells.push(colours);
    }
  }
  assertEquals(consumed, line.length, "an escape code is not understood");
  return cells;
}

Deno.test("preview() shows the mean of each two by two pixels", () => {
  const image = new Uint8Array(784);
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) image[y * 28 + x] = 9 * x + (y % 2);
  }
  image.fill(255, 26 * 28);
  const lines = preview(image, { columns: 80 }).split("\n");
  assertEquals(lines.length, 7);
  lines.forEach((line, l) => {
    const cells = show(line);
    assertEquals(cells.length, 14);
    cells.forEach((cell, x) => {
      const mean = 18 * x + 5;
      const expected = [mean, l === 6 ? 255 : mean];
      expected.forEach((grey, half) =>
        // Entries of the palette are 10 apart, but for the ends.
        assert(Math.abs(cell![half] - grey) <= 8, `${cell} is not ${expected}`)
      );
    });
  });
});

Deno.test("preview() counts each of the four pixels for a quarter", () => {
  for (const at of [0, 1, 28, 29]) {
    const image = new Uint8Array(784);
    image[at] = 255;
    const [cell] = show(preview(image, { columns: 80 }).split("\n")[0]);
    assertEquals(cell, [68, 0]);
  }
});

Deno.test("preview() draws as many digits as fit side by side", () => {
  const images = new Float32Array(20 * 784);
  const digits = (columns: number) =>
    (show(preview(images, { columns }).split("\n")[0]).length + 1) / 15;
  assertEquals([120, 119, 118, 80, 29, 28, 14, 1].map(digits), [
    8,
    8,
    7,
    5,
    2,
    1,
    1,
    1,
  ]);
  const two = preview(images.subarray(0, 2 * 784), { columns: 120 });
  assertEquals(show(two.split("\n")[3]).length, 29);
});

Deno.test("preview() resets colours at each line end and between digits", () => {
  const images = new Float32Array(2 * 784).fill(1);
  for (const line of preview(images, { columns: 80 }).split("\n")) {
    assert(line.endsWith("\x1b[0m"));
    assertEquals(show(line)[14], null);
    assertEquals(show(line)[15], [255, 255]);
  }
});

Deno.test("preview() without colour draws blocks only", () => {
  const image = new Uint8Array(784);
  image.fill(255, 0, 2 * 28); // The first row of pixels after halving.
  image.fill(255, 6 * 28, 8 * 28); // The fourth.
  image.fill(255, 8 * 28, 12 * 28); // The fifth and sixth.
  const lines = preview(image, { columns: 80, color: false }).split("\n");
  const rows = ["▀", "▄", "█", " ", " ", " ", " "];
  assertEquals(lines, rows.map((block) => block.repeat(14)));
});

Deno.test("preview() refuses images that are cut short", () => {
  assertThrows(
    () => preview(new Float32Array(783), { columns: 80 }),
    RangeError,
    "783 values are not a whole number of images",
  );
});
