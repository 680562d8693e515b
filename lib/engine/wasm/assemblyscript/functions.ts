// exp, log, and the sine and cosine of a random angle in plain f32 arithmetic:
// the polynomials of Cephes (https://www.netlib.org/cephes/), good to about one
// unit in the last place. No fused operation, so that all builds agree.

// @ts-ignore: decorator
@inline
function step(x: v128, y: v128, c: f32): v128 {
  return f32x4.add(f32x4.mul(x, y), f32x4.splat(c));
}

/** eˣ, for x held to ±87 (beyond it the result is held too). */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  x = f32x4.pmin(f32x4.splat(88), f32x4.pmax(f32x4.splat(-87), x));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  x = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  x = f32x4.sub(x, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = step(p, x, 1.3981999507e-3);
  p = step(p, x, 8.3334519073e-3);
  p = step(p, x, 4.1665795894e-2);
  p = step(p, x, 1.6666665459e-1);
  p = step(p, x, 5.0000001201e-1);
  p = f32x4.add(f32x4.mul(f32x4.mul(x, x), p), f32x4.add(x, f32x4.splat(1)));
  const exponent = i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23);
  return i32x4.add(p, exponent);
}

/** log x, for positive normal x. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  // x = m · 2ⁿ with m from √½ to √2.
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(bits, 23);
  const n = f32x4.convert_i32x4_s(exponent);
  const m = f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), f32x4.splat(1));
  let p = f32x4.splat(7.0376836292e-2);
  p = step(p, m, -1.1514610310e-1);
  p = step(p, m, 1.1676998740e-1);
  p = step(p, m, -1.2420140846e-1);
  p = step(p, m, 1.4249322787e-1);
  p = step(p, m, -1.6668057665e-1);
  p = step(p, m, 2.0000714765e-1);
  p = step(p, m, -2.4999993993e-1);
  p = step(p, m, 3.3333331174e-1);
  const square = f32x4.mul(m, m);
  p = f32x4.mul(f32x4.mul(p, m), square);
  p = f32x4.add(p, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  p = f32x4.sub(p, f32x4.mul(square, f32x4.splat(0.5)));
  p = f32x4.add(m, p);
  return f32x4.add(p, f32x4.mul(n, f32x4.splat(0.693359375)));
}

/** x from −π/4 to π/4. */
export function sine(x: f32): f32 {
  const y = x * x;
  let p: f32 = -1.9515295891e-4;
  p = p * y + 8.3321608736e-3;
  p = p * y - 1.6666654611e-1;
  return x + x * y * p;
}

/** x from −π/4 to π/4. */
export function cosine(x: f32): f32 {
  const y = x * x;
  let p: f32 = 2.443315711809948e-5;
  p = p * y - 1.388731625493765e-3;
  p = p * y + 4.166664568298827e-2;
  return 1 - 0.5 * y + y * y * p;
}
