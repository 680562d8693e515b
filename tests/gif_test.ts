import { assertEquals, assertThrows } from "@std/assert";
import { encodeGif } from "../lib/image/gif.ts";
import type { Picture } from "../lib/image/picture.ts";

interface Gif {
  width: number;
  height: number;
  /** Times it is shown after the first; 0: for ever; undefined: never. */
  loop?: number;
  comment: string;
  /** Grey of each pixel, and hundredths of a second. */
  frames: { pixels: Uint8Array; delay: number }[];
}

/** Reads a GIF by the GIF89a specification, as far as this project writes it. */
function readGif(file: Uint8Array): Gif {
  const text = (bytes: Iterable<number>) => String.fromCharCode(...bytes);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const u16 = (at: number) => view.getUint16(at, true);
  assertEquals(text(file.subarray(0, 6)), "GIF89a");
  const gif: Gif = {
    width: u16(6),
    height: u16(8),
    comment: "",
    frames: [],
  };
  const colors = 2 << (file[10] & 7);
  const palette = file.subarray(13, 13 + 3 * colors);
  for (let i = 0; i < palette.length; i++) {
    assertEquals(palette[i], palette[i - i % 3], "a colour is not grey");
  }
  let at = 13 + 3 * colors;
  const blocks = () => {
    const bytes: number[] = [];
    for (let size = file[at++]; size > 0; size = file[at++]) {
      bytes.push(...file.subarray(at, at += size));
    }
    return bytes;
  };
  let delay = 0;
  while (file[at] !== 0x3b) {
    const kind = file[at++];
    if (kind === 0x21) {
      const label = file[at++];
      if (label === 0xf9) delay = u16(at + 2);
      const data = blocks();
      if (label === 0xfe) {
        gif.comment = new TextDecoder().decode(Uint8Array.from(data));
      } else if (label === 0xff) {
        assertEquals(text(data.slice(0, 11)), "NETSCAPE2.0");
        gif.loop = data[12] + 256 * data[13];
      }
      continue;
    }
    assertEquals(kind, 0x2c);
    assertEquals([u16(at), u16(at + 2)], [0, 0]);
    assertEquals([u16(at + 4), u16(at + 6)], [gif.width, gif.height]);
    assertEquals(file[at + 8], 0, "no palette of its own, not interlaced");
    const codeSize = file[at += 9];
    at++;
    const indices = inflate(blocks(), codeSize);
    assertEquals(indices.length, gif.width * gif.height);
    const pixels = Uint8Array.from(indices, (index) => palette[3 * index]);
    gif.frames.push({ pixels, delay });
  }
  assertEquals(at, file.length - 1, "nothing follows the trailer");
  return gif;
}

/** GIF89a specification, appendix F, with strings kept whole. */
function inflate(bytes: number[], codeSize: number): number[] {
  const clear = 1 << codeSize;
  const out: number[] = [];
  let table: number[][] = [];
  let width = 0;
  let previous: number[] | undefined;
  let [buffer, bits] = [0, 0];
  for (const byte of bytes) {
    buffer |= byte << bits;
    bits += 8;
    while (bits >= (width || codeSize + 1)) {
      width ||= codeSize + 1;
      const code = buffer & ((1 << width) - 1);
      buffer >>= width;
      bits -= width;
      if (code === clear + 1) return out;
      if (code === clear) {
        table = Array.from({ length: clear + 2 }, (_, i) => [i]);
        width = codeSize + 1;
        previous = undefined;
        continue;
      }
      const entry = table[code] ?? [...previous!, previous![0]];
      out.push(...entry);
      if (previous && table.length < 4096) {
        table.push([...previous, entry[0]]);
      }
      if (table.length === 1 << width && width < 12) width++;
      previous = entry;
    }
  }
  throw new Error("the end code is missing");
}

function grey(width: number, height: number, pixels: number[]): Picture {
  const rgb = Uint8Array.from(pixels.flatMap((p) => [p, p, p]));
  return { width, height, pixels: rgb };
}

/** Numbers from 0 to 255 without a pattern, by a multiplicative generator. */
function noise(n: number, seed: number): number[] {
  let state = seed + 1;
  return Array.from({ length: n }, () => {
    state = state * 48271 % 2147483647;
    return state >> 12 & 255;
  });
}

Deno.test("encodeGif() keeps every grey, the delays and the order", () => {
  const all = Array.from({ length: 256 }, (_, i) => i);
  const file = encodeGif([
    { picture: grey(32, 8, all), delay: 120 },
    { picture: grey(32, 8, all.toReversed()), delay: 2500 },
    { picture: grey(32, 8, all.fill(7)), delay: 0 },
  ]);
  const gif = readGif(file);
  assertEquals([gif.width, gif.height, gif.loop], [32, 8, 0]);
  assertEquals(gif.frames.map(({ delay }) => delay), [12, 250, 0]);
  const greys = Uint8Array.from({ length: 256 }, (_, i) => i);
  assertEquals(gif.frames[0].pixels, greys);
  assertEquals(gif.frames[1].pixels, greys.toReversed());
  assertEquals(gif.frames[2].pixels, greys.fill(7));
});

Deno.test("encodeGif() survives noise of any length", () => {
  // The codes widen, and their table overflows, at all distances from the end.
  for (const size of [...Array(40).keys(), 253, 254, 766, 1790, 3838, 3839]) {
    const pixels = noise(size + 1, size);
    const file = encodeGif([{ picture: grey(size + 1, 1, pixels), delay: 0 }]);
    assertEquals([...readGif(file).frames[0].pixels], pixels, `${size + 1}`);
  }
  const large = [1, 2].map((seed) => noise(150 * 131, seed));
  const file = encodeGif(large.map((pixels) => ({
    picture: grey(150, 131, pixels),
    delay: 10,
  })));
  const { frames } = readGif(file);
  assertEquals(frames.map(({ pixels }) => [...pixels]), large);
});

Deno.test("encodeGif() stores a comment of any length, as UTF-8", () => {
  const frames = [{ picture: grey(1, 1, [5]), delay: 0 }];
  assertEquals(readGif(encodeGif(frames)).comment, "");
  for (const comment of ["β = 4", "x".repeat(255), "µ".repeat(400)]) {
    const gif = readGif(encodeGif(frames, comment));
    assertEquals(gif.comment, comment);
    assertEquals([...gif.frames[0].pixels], [5]);
  }
});

Deno.test("encodeGif() takes frames one at a time", () => {
  const pixels = [1, 2, 3, 4];
  const picture = grey(2, 2, pixels);
  function* reused() {
    for (const shade of [10, 20, 30]) {
      picture.pixels.fill(shade);
      yield { picture, delay: 0 };
    }
  }
  const { frames } = readGif(encodeGif(reused()));
  assertEquals(frames.map(({ pixels }) => pixels[0]), [10, 20, 30]);
});

Deno.test("encodeGif() refuses what is not an animation in greys", () => {
  const small = grey(1, 1, [5]);
  const pixels = Uint8Array.of(5, 5, 6);
  assertThrows(() => encodeGif([]), RangeError, "no GIF without a frame");
  assertThrows(
    () => encodeGif([small, grey(2, 1, [5, 5])].map(still)),
    RangeError,
    "frame 1 is 2×1 and the first 1×1",
  );
  assertThrows(
    () => encodeGif([small, { ...small, pixels }].map(still)),
    RangeError,
    "frame 1 has a colour",
  );
});

function still(picture: Picture) {
  return { picture, delay: 0 };
}
