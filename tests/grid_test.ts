import { assert, assertEquals, assertThrows } from "@std/assert";
import { textWidth } from "../lib/image/font.ts";
import { grid, pairGrid } from "../lib/image/grid.ts";
import { wrapText } from "../lib/image/heading.ts";
import type { Picture } from "../lib/image/picture.ts";

/** The documented layout, in pixels. */
const MARGIN = 16;
const GAP = 4;
const BLOCK_GAP = 16;
const LABEL_BAND = 22;
const LABEL_GAP = 12;

/** Images of one grey each. */
function flat(...greys: number[]): Uint8Array {
  return Uint8Array.from(greys.flatMap((grey) => Array(784).fill(grey)));
}

function at({ width, pixels }: Picture, x: number, y: number): number {
  const [red, green, blue] = pixels.subarray(3 * (y * width + x));
  assert(red === green && green === blue, "a pixel has a colour");
  return red;
}

Deno.test("grid() puts cells and pixels where its layout says", () => {
  const images = new Uint8Array(4 * 784);
  // One pixel of the last image, second row and column: row 5, column 9.
  images[3 * 784 + 5 * 28 + 9] = 200;
  const picture = grid(images, { columns: 2, scale: 3 });
  const size = 2 * MARGIN + 2 * 84 + GAP;
  assertEquals([picture.width, picture.height], [size, size]);
  const [left, top] = [MARGIN + 84 + GAP + 27, MARGIN + 84 + GAP + 15];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const inCell = [x, y].every((v) =>
        v >= MARGIN && v < size - MARGIN &&
        (v < MARGIN + 84 || v >= MARGIN + 84 + GAP)
      );
      const lit = x >= left && x < left + 3 && y >= top && y < top + 3;
      assertEquals(at(picture, x, y), lit ? 200 : inCell ? 0 : 255);
    }
  }
});

Deno.test("grid() is nearly square by default, and leaves spare cells empty", () => {
  const picture = grid(flat(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  const step = 56 + GAP;
  assertEquals(picture.width, 2 * MARGIN + 4 * step - GAP);
  assertEquals(picture.height, 2 * MARGIN + 3 * step - GAP);
  for (let i = 0; i < 12; i++) {
    const [x, y] = [MARGIN + i % 4 * step, MARGIN + Math.floor(i / 4) * step];
    assertEquals(at(picture, x + 20, y + 20), i < 10 ? i : 255);
  }
});

Deno.test("grid() clamps floats and maps 0..1 to 0..255", () => {
  const means = [-0.5, 0, 0.2, 1, 7, Infinity, -Infinity];
  const images = Float32Array.from(means.flatMap((m) => Array(784).fill(m)));
  assertEquals(grid(images), grid(flat(0, 0, 51, 255, 255, 255, 0)));
});

Deno.test("grid() draws the mean of every byte as that byte", () => {
  const bytes = new Uint8Array(784).map((_, i) => i);
  const means = Float32Array.from(bytes, (byte) => byte / 255);
  assertEquals(grid(means), grid(bytes));
});

Deno.test("grid() makes room for a title and labels", () => {
  const rowLabels = ["z1", "a wider label"];
  const picture = grid(flat(50, 60, 70, 80), {
    title: "Traversal",
    rowLabels,
    columnLabels: ["–1", "+1"],
  });
  const unnamed = grid(flat(50, 60, 70, 80), {
    rowLabels,
    columnLabels: ["–1", "+1"],
  });
  const TITLE_BAND = picture.height - unnamed.height;
  assert(TITLE_BAND >= 32);
  const band = Math.ceil(textWidth(rowLabels[1], 10));
  const left = MARGIN + band + LABEL_GAP;
  const top = MARGIN + TITLE_BAND + LABEL_BAND;
  assertEquals(unnamed.width, left + 2 * 56 + GAP + MARGIN);
  assertEquals(picture.height, top + 2 * 56 + GAP + MARGIN);
  assertEquals(at(picture, left, top), 50);
  assertEquals(at(picture, left - 1, top), 255);
  assertEquals(at(picture, left, top - 1), 255);
  assertEquals(at(picture, left + 56 + GAP, top + 56 + GAP), 80);

  const inked = (x0: number, x1: number, y0: number, y1: number) => {
    let count = 0;
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) if (at(picture, x, y) < 160) count++;
    }
    return count > 0;
  };
  assert(inked(MARGIN, left, MARGIN, MARGIN + TITLE_BAND), "no title");
  assert(inked(left, left + 56, top - LABEL_BAND, top), "no column label");
  assert(inked(MARGIN, left - LABEL_GAP, top, top + 56), "no row label");
  assert(!inked(0, MARGIN - 1, 0, picture.height), "ink in the margin");
});

Deno.test("wrapText() breaks between words, and a long word where it must", () => {
  const text =
    "Latent dimensions from –3 to +3 σ of the prior, around its mean";
  for (const width of [130, 200, 400]) {
    const lines = wrapText(text, 13, width);
    assertEquals(lines.join(" "), text);
    for (const line of lines) assert(textWidth(line, 13) <= width, line);
    // As full as can be: the next word would not have fitted.
    lines.slice(1).forEach((line, i) => {
      const longer = `${lines[i]} ${line.split(" ")[0]}`;
      assert(textWidth(longer, 13) > width, longer);
    });
  }
  const name = "a-very-long-name-of-a-file-without-any-space.idx";
  const pieces = wrapText(name, 13, 100);
  assertEquals(pieces.join(""), name);
  for (const piece of pieces) assert(textWidth(piece, 13) <= 100, piece);
  assertEquals(wrapText("", 13, 100), []);
});

Deno.test("grid() keeps its title within the picture, at every scale", () => {
  const title = "Interpolations between the codes of two test images, linear";
  const subtitle = "VAE, β = 1, 12 latent dimensions, mnist, 10 epochs, nats";
  for (const [columns, scale] of [[1, 1], [3, 1], [8, 1], [8, 2], [16, 3]]) {
    const images = flat(...Array(columns).fill(9));
    const plain = grid(images, { columns, scale });
    const picture = grid(images, { columns, scale, title, subtitle });
    assertEquals(
      picture.width,
      Math.max(plain.width, 2 * MARGIN + 232),
      "short lines need room, and no picture more than that",
    );
    const band = picture.height - plain.height;
    let ink = 0;
    for (let y = 0; y < band; y++) {
      for (let x = 0; x < picture.width; x++) {
        const isInk = at(picture, x, y) < 160;
        if (isInk) ink++;
        const inMargin = x < MARGIN - 1 || x > picture.width - MARGIN + 1;
        assert(!(isInk && inMargin), `ink at ${x}, ${y}`);
      }
    }
    assert(ink > 500, "no title");
    // What is below is the picture without a title.
    assertEquals(at(picture, MARGIN + 14, band + MARGIN + 14), 9);
  }
});

Deno.test("pairGrid() sets reconstructions below originals, block by block", () => {
  const originals = flat(10, 20, 30);
  const reconstructions = flat(11, 21, 31);
  const picture = pairGrid(originals, reconstructions, {
    columns: 2,
    scale: 1,
  });
  const left = MARGIN + Math.ceil(textWidth("reconstruction", 10)) + LABEL_GAP;
  const rows = [0, 28 + GAP, 2 * 28 + GAP + BLOCK_GAP];
  rows.push(rows[2] + 28 + GAP);
  const cells = rows.map((y) =>
    [0, 28 + GAP].map((x) => at(picture, left + x + 14, MARGIN + y + 14))
  );
  assertEquals(cells, [[10, 20], [11, 21], [30, 255], [31, 255]]);
  assertEquals(picture.height, MARGIN + rows[3] + 28 + MARGIN);
  // The last pixel of a block and the first of the next are BLOCK_GAP apart.
  assertEquals(at(picture, left, MARGIN + rows[2] - BLOCK_GAP - 1), 11);
  assertEquals(at(picture, left, MARGIN + rows[2] - BLOCK_GAP), 255);
  assertEquals(at(picture, left, MARGIN + rows[2] - 1), 255);
  assertEquals(at(picture, left, MARGIN + rows[2]), 30);
});

Deno.test("grid() says which input it cannot draw", () => {
  const wrong = (call: () => unknown, message: string) =>
    assertThrows(call, RangeError, message);
  wrong(() => grid(new Float32Array(0)), "0 values are not a whole number");
  wrong(() => grid(new Uint8Array(785)), "785 values are not a whole number");
  const images = new Float32Array(2 * 784);
  images[784 + 3] = NaN;
  wrong(() => grid(images), "image 1 cannot be drawn: its pixel 3 is NaN");
  wrong(() => grid(flat(0), { scale: 1.5 }), "scale must be a whole number");
  wrong(() => grid(flat(0), { columns: 0 }), "at least 1, not 0");
  wrong(
    () => grid(flat(0), { rowLabels: ["a", "b"] }),
    "2 row labels are too many for a grid of 1 rows",
  );
  wrong(
    () => grid(flat(0), { columnLabels: ["a", "b"] }),
    "2 column labels are too many for a grid of 1 columns",
  );
  wrong(
    () => pairGrid(flat(0, 1), flat(0)),
    "there are 2 originals but 1 reconstructions",
  );
});

Deno.test("grid() leaves as much room between cells as it is told", () => {
  for (const gap of [0, 9]) {
    const picture = grid(flat(10, 20, 30, 40), { columns: 2, gap });
    const [near, far] = [MARGIN + 55, MARGIN + 56 + gap];
    assertEquals(picture.width, 2 * MARGIN + 2 * 56 + gap);
    assertEquals(at(picture, near, near), 10);
    assertEquals(at(picture, far, near), 20);
    assertEquals(at(picture, near, far), 30);
    assertEquals(at(picture, far, far), 40);
    if (gap > 0) assertEquals(at(picture, near + 1, near), 255);
  }
  assertThrows(() => grid(flat(1), { gap: -1 }), RangeError, "at least 0");
});
