/**
 * Functions in WGSL that WGSL's own are too loose for: its log, cos and sin may
 * err by 2⁻¹¹, and a compiler may take every number for finite.
 *
 * @module
 */

/**
 * eˣ and log x in plain f32 arithmetic: the polynomials of Cephes
 * (https://www.netlib.org/cephes/), good to about one unit in the last place.
 */
export const exponentials = `
fn exponential(at: f32) -> f32 {
  var x = clamp(at, -87.0, 88.0);
  let n = round(x * 1.44269504);
  x = x - n * 0.693359375;
  x = x + n * 2.12194440e-4;
  var p = 1.9875691500e-4;
  p = p * x + 1.3981999507e-3;
  p = p * x + 8.3334519073e-3;
  p = p * x + 4.1665795894e-2;
  p = p * x + 1.6666665459e-1;
  p = p * x + 5.0000001201e-1;
  p = x * x * p + (x + 1.0);
  return bitcast<f32>(bitcast<i32>(p) + (i32(n) << 23u));
}

fn logarithm(x: f32) -> f32 {
  // x = (1 + m) · 2ⁿ with 1 + m from √½ to √2.
  let exponent = (bitcast<i32>(x) - 0x3f3504f3) >> 23u;
  let n = f32(exponent);
  let m = bitcast<f32>(bitcast<i32>(x) - (exponent << 23u)) - 1.0;
  var p = 7.0376836292e-2;
  p = p * m - 1.1514610310e-1;
  p = p * m + 1.1676998740e-1;
  p = p * m - 1.2420140846e-1;
  p = p * m + 1.4249322787e-1;
  p = p * m - 1.6668057665e-1;
  p = p * m + 2.0000714765e-1;
  p = p * m - 2.4999993993e-1;
  p = p * m + 3.3333331174e-1;
  let square = m * m;
  p = p * m * square - n * 2.12194440e-4 - square * 0.5;
  return (m + p) + n * 0.693359375;
}
`;

/** Threefry-2x32-20, as in lib/rng.ts. */
const generator = `
fn rounds(x: vec2<u32>, shifts: vec4<u32>, keys: vec2<u32>) -> vec2<u32> {
  var a = x.x;
  var b = x.y;
  a += b; b = ((b << shifts.x) | (b >> (32u - shifts.x))) ^ a;
  a += b; b = ((b << shifts.y) | (b >> (32u - shifts.y))) ^ a;
  a += b; b = ((b << shifts.z) | (b >> (32u - shifts.z))) ^ a;
  a += b; b = ((b << shifts.w) | (b >> (32u - shifts.w))) ^ a;
  return vec2(a, b) + keys;
}

fn threefry(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
  let odd = vec4<u32>(13, 15, 26, 6);
  let even = vec4<u32>(17, 29, 16, 24);
  let third = key.x ^ key.y ^ 0x1BD11BDAu;
  var x = counter + key;
  x = rounds(x, odd, vec2(key.y, third + 1u));
  x = rounds(x, even, vec2(third, key.x + 2u));
  x = rounds(x, odd, vec2(key.x, key.y + 3u));
  x = rounds(x, even, vec2(key.y, third + 4u));
  return rounds(x, odd, vec2(third, key.x + 5u));
}
`;

/**
 * A standard normal number by Box–Muller, as in lib/rng.ts. The angle's quarter
 * turn comes from the integer, so that the polynomials see −π/4 to π/4.
 */
export const normals = `${generator}
fn normal(element: u32) -> f32 {
  let bits = threefry(
    vec2(job.key0, job.key1), vec2(element >> 1u, job.counter)
  ) >> vec2(9u);
  let unit = (f32(bits.x) + 0.5) * ${2 ** -23};
  let radius = sqrt(-2.0 * logarithm(unit));
  let quarter = (bits.y + 0x100000u) >> 21u;
  let rest = f32(i32(bits.y) - i32(quarter << 21u)) + 0.5;
  let a = rest * ${Math.PI / 2 * 2 ** -21};
  let y = a * a;
  let s = a + a * y *
    ((-1.9515295891e-4 * y + 8.3321608736e-3) * y - 1.6666654611e-1);
  let c = 1.0 - 0.5 * y + y * y * ((2.443315711809948e-5 * y
    - 1.388731625493765e-3) * y + 4.166664568298827e-2);
  // The sine is the cosine of one quarter turn less.
  let turn = quarter - (element & 1u);
  let value = select(c, s, (turn & 1u) == 1u);
  return radius * select(value, -value, ((turn + 1u) & 2u) != 0u);
}
`;

/**
 * Pixel `element` of the batch, black or white, as `drawPixels()` draws it.
 * Bytes of 0 and 255 stay what they are by any draw, and most are.
 */
export const drawnPixels = `${generator}
fn drawn(byte: u32, element: u32) -> f32 {
  if (byte % 255u == 0u) { return select(0.0, 1.0, byte != 0u); }
  let words = threefry(
    vec2(job.pixelKey0, job.pixelKey1), vec2(element >> 2u, job.counter)
  );
  let word = select(words.x, words.y, (element & 2u) != 0u);
  let bits = (word >> ((element & 1u) * 16u)) & 0xffffu;
  return select(0.0, 1.0, bits * 255u < byte << 16u);
}
`;

/** max(x, 0), which keeps what is not a number, even where max does not. */
export const rectifier = `
fn rectify(x: vec4<f32>) -> vec4<f32> {
  let bits = bitcast<vec4<u32>>(x);
  let negative = (bits >= vec4(0x80000000u)) & (bits <= vec4(0xff800000u));
  return select(x, vec4<f32>(), negative);
}
`;
