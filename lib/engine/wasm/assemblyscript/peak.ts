// The speed limit: multiply-adds on registers alone, in twelve chains, which is
// enough to hide their latency.

import { madd } from "./simd";

/** `rounds` times 96 floating-point operations; returns what keeps them. */
export function peak(rounds: i32): f32 {
  const x = f32x4.splat(0.999), y = f32x4.splat(0.001);
  let a = y, b = y, c = y, d = y, e = y, f = y;
  let g = y, h = y, i = y, j = y, k = y, l = y;
  for (let round = 0; round < rounds; round++) {
    a = madd(a, x, y);
    b = madd(b, x, y);
    c = madd(c, x, y);
    d = madd(d, x, y);
    e = madd(e, x, y);
    f = madd(f, x, y);
    g = madd(g, x, y);
    h = madd(h, x, y);
    i = madd(i, x, y);
    j = madd(j, x, y);
    k = madd(k, x, y);
    l = madd(l, x, y);
  }
  const sum = f32x4.add(
    f32x4.add(f32x4.add(a, b), f32x4.add(c, d)),
    f32x4.add(
      f32x4.add(f32x4.add(e, f), f32x4.add(g, h)),
      f32x4.add(f32x4.add(i, j), f32x4.add(k, l)),
    ),
  );
  return f32x4.extract_lane(sum, 0);
}
