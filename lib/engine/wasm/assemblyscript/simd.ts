// The few vector helpers that all kernels share.

/** a·b + c, in one rounding where the machine has it. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? f32x4.relaxed_madd(a, b, c)
    : f32x4.add(f32x4.mul(a, b), c);
}
