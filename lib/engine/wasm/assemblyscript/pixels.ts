// Images: bytes to pixels, grey or drawn black and white.
import { Job, Op } from "./words";

/** byte / 255, for the images of a shard in the job's order. */
export function gather(op: Op, job: Job, first: i32, images: i32, to: usize): void {
  const scale = f32x4.splat(255);
  for (let image = 0; image < images; image++) {
    const from = bytesOf(op, job, first + image);
    for (let at: usize = 0; at < <usize> op.columns; at += 4) {
      const wide = i32x4.extend_low_i16x8_u(
        i16x8.extend_low_i8x16_u(v128.load32_zero(from + at)),
      );
      // deno-fmt-ignore
      v128.store(to + (at << 2), f32x4.div(f32x4.convert_i32x4_u(wide), scale));
    }
    to += op.toRow;
  }
}

/** Where the bytes of a row of the batch are. */
// @ts-ignore: decorator
@inline
function bytesOf(op: Op, job: Job, row: i32): usize {
  const index = job.order ? load<u32>(job.order + (row << 2)) : row;
  return job.bytes + index * op.columns;
}

/** One round of Threefry, but for the addition before it. */
// @ts-ignore: decorator
@inline
function mix(x1: v128, x0: v128, r: i32): v128 {
  return v128.xor(v128.or(i32x4.shl(x1, r), i32x4.shr_u(x1, 32 - r)), x0);
}

/**
 * 1 for a pixel that is drawn white and 0 for one that is drawn black, as
 * `drawPixels` of lib/dataset/binarize.ts draws them: four counters of Threefry
 * for sixteen pixels, unless all are black or white as it is.
 */
export function gatherDrawn(op: Op, job: Job, first: i32, images: i32, to: usize): void {
  const black = i8x16.splat(0), white = i8x16.splat(-1);
  const k0 = i32x4.splat(job.pixelKey0), k1 = i32x4.splat(job.pixelKey1);
  const k2 = v128.xor(v128.xor(k0, k1), i32x4.splat(0x1BD11BDA));
  const start1 = i32x4.add(i32x4.splat(job.counter), k1);
  let counter = first * (op.columns >> 2);
  for (let image = 0; image < images; image++) {
    const from = bytesOf(op, job, first + image);
    for (let at: usize = 0; at < <usize> op.columns; at += 16) {
      const bytes = v128.load(from + at);
      const lit = i8x16.ne(bytes, black);
      let low = black, high = black;
      if (v128.any_true(v128.and(lit, i8x16.ne(bytes, white)))) {
        let x0 = i32x4.add(i32x4.splat(counter), i32x4(0, 1, 2, 3)), x1 = start1;
        x0 = i32x4.add(x0, k0);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 13);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 15);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 26);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 6);
        x0 = i32x4.add(x0, k1), x1 = i32x4.add(i32x4.add(x1, k2), i32x4.splat(1));
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 17);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 29);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 16);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 24);
        x0 = i32x4.add(x0, k2), x1 = i32x4.add(i32x4.add(x1, k0), i32x4.splat(2));
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 13);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 15);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 26);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 6);
        x0 = i32x4.add(x0, k0), x1 = i32x4.add(i32x4.add(x1, k1), i32x4.splat(3));
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 17);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 29);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 16);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 24);
        x0 = i32x4.add(x0, k1), x1 = i32x4.add(i32x4.add(x1, k2), i32x4.splat(4));
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 13);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 15);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 26);
        x0 = i32x4.add(x0, x1), x1 = mix(x1, x0, 6);
        x0 = i32x4.add(x0, k2), x1 = i32x4.add(i32x4.add(x1, k0), i32x4.splat(5));
        low = v128.shuffle<i32>(x0, x1, 0, 4, 1, 5);
        high = v128.shuffle<i32>(x0, x1, 2, 6, 3, 7);
      }
      // bits · 255 < byte · 65536 is bits ≤ byte · 257, but for byte 0; and that
      // is the byte twice.
      const low2 = v128.shuffle<i8>(bytes, bytes, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
      const high2 = v128.shuffle<i8>(bytes, bytes, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
      spread(to + (at << 2), v128.and(i16x8.le_u(low, low2), i16x8.extend_low_i8x16_s(lit)));
      spread(to + (at << 2) + 32, v128.and(i16x8.le_u(high, high2), i16x8.extend_high_i8x16_s(lit)));
      counter += 4;
    }
    to += op.toRow;
  }
}

/** Eight masks to eight pixels. */
// @ts-ignore: decorator
@inline
function spread(to: usize, masks: v128): void {
  const one = f32x4.splat(1);
  v128.store(to, v128.and(i32x4.extend_low_i16x8_s(masks), one));
  v128.store(to, v128.and(i32x4.extend_high_i16x8_s(masks), one), 16);
}
