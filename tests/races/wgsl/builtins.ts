/** JavaScript for the functions that WGSL has built in. */
import type { Scalar } from "./types.ts";

/** A function that takes and returns one type, number by number. */
export interface Elementwise {
  readonly count: number;
  /** The scalars that it knows; constants become the first. */
  readonly scalars: readonly Scalar[];
  /** JavaScript of names or numbers. */
  readonly formula: (scalar: Scalar, a: string, b: string, c: string) => string;
}

const FLOAT = ["f32"] as const;
const NUMBERS = ["f32", "i32", "u32"] as const;
const INTEGERS = ["u32", "i32"] as const;

function math(name: string, count = 1): Elementwise {
  return {
    count,
    scalars: FLOAT,
    formula: (_, a, b) => `F(Math.${name}(${count === 1 ? a : `${a}, ${b}`}))`,
  };
}

const wrap = (js: string, scalar: Scalar) =>
  scalar === "u32" ? `(${js} >>> 0)` : `(${js} | 0)`;

export const ELEMENTWISE: Readonly<Record<string, Elementwise>> = {
  sqrt: math("sqrt"),
  exp: math("exp"),
  log: math("log"),
  log2: math("log2"),
  sin: math("sin"),
  cos: math("cos"),
  tanh: math("tanh"),
  floor: math("floor"),
  ceil: math("ceil"),
  trunc: math("trunc"),
  pow: math("pow", 2),
  exp2: { count: 1, scalars: FLOAT, formula: (_, a) => `F(2 ** ${a})` },
  inverseSqrt: {
    count: 1,
    scalars: FLOAT,
    formula: (_, a) => `F(1 / Math.sqrt(${a}))`,
  },
  round: { count: 1, scalars: FLOAT, formula: (_, a) => `roundEven(${a})` },
  fract: {
    count: 1,
    scalars: FLOAT,
    formula: (_, a) => `F(${a} - Math.floor(${a}))`,
  },
  // The product of two float32 is exact in float64.
  fma: {
    count: 3,
    scalars: FLOAT,
    formula: (_, a, b, c) => `F(${a} * ${b} + ${c})`,
  },
  saturate: {
    count: 1,
    scalars: FLOAT,
    formula: (_, a) => `Math.min(Math.max(${a}, 0), 1)`,
  },
  abs: {
    count: 1,
    scalars: NUMBERS,
    formula: (scalar, a) =>
      scalar === "i32" ? `(Math.abs(${a}) | 0)` : `Math.abs(${a})`,
  },
  sign: {
    count: 1,
    scalars: ["f32", "i32"],
    formula: (_, a) => `Math.sign(${a})`,
  },
  min: {
    count: 2,
    scalars: NUMBERS,
    formula: (_, a, b) => `(${b} < ${a} ? ${b} : ${a})`,
  },
  max: {
    count: 2,
    scalars: NUMBERS,
    formula: (_, a, b) => `(${a} < ${b} ? ${b} : ${a})`,
  },
  clamp: {
    count: 3,
    scalars: NUMBERS,
    formula: (_, a, b, c) => `(${a} < ${b} ? ${b} : ${a} > ${c} ? ${c} : ${a})`,
  },
  countOneBits: {
    count: 1,
    scalars: INTEGERS,
    formula: (_, a) => `countBits(${a})`,
  },
  countLeadingZeros: {
    count: 1,
    scalars: INTEGERS,
    formula: (_, a) => `Math.clz32(${a})`,
  },
};

/** `extractBits(value, offset, count)`; offset and count are the same for all. */
export function extractBits(
  scalar: Scalar,
  value: string,
  offset: string,
  count: string,
): string {
  return wrap(
    `extract(${value}, ${offset}, ${count}, ${scalar === "i32"})`,
    scalar,
  );
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** `bitcast` of one number. */
export function bitcast(js: string, from: Scalar, to: Scalar): string {
  if (to === "f32") return from === "f32" ? js : `bitsToFloat(${js})`;
  return wrap(from === "f32" ? `floatToBits(${js})` : js, to);
}

/** What the formulas call. */
export const functions = {
  roundEven(x: number): number {
    const rounded = Math.round(x);
    return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
  },
  countBits(x: number): number {
    let count = 0;
    for (let rest = x >>> 0; rest > 0; rest >>>= 1) count += rest & 1;
    return count;
  },
  extract(x: number, offset: number, count: number, isSigned: boolean): number {
    const first = Math.min(offset, 32), width = Math.min(count, 32 - first);
    if (width === 0) return 0;
    const top = x << (32 - first - width);
    return isSigned ? top >> (32 - width) : top >>> (32 - width);
  },
  bitsToFloat(x: number): number {
    bits[0] = x;
    return float[0];
  },
  floatToBits(x: number): number {
    float[0] = x;
    return bits[0];
  },
  /** A pixel or a weight of four bytes: byte `i`, as a number from 0 to 1. */
  unorm: (x: number, i: number) => Math.fround(((x >>> (8 * i)) & 255) / 255),
  toUnorm: (x: number, i: number) =>
    Math.floor(0.5 + 255 * Math.min(Math.max(x, 0), 1)) << (8 * i),
};
