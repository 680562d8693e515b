/** JavaScript for the operators of WGSL, on one number each. */
import type { Scalar } from "./types.ts";

type Formula = (a: string, b: string) => string;

/** Whether the text may stand twice: a name or a number. */
export function isAtom(js: string): boolean {
  return /^([\w$]+|\(?-?[\d.]+(e[-+]?\d+)?\)?)$/.test(js);
}

const isNonZero = (js: string) => /^\d*[1-9]\d*$/.test(js);

const F32: Record<string, Formula> = {
  "+": (a, b) => `F(${a} + ${b})`,
  "-": (a, b) => `F(${a} - ${b})`,
  "*": (a, b) => `F(${a} * ${b})`,
  "/": (a, b) => `F(${a} / ${b})`,
  "%": (a, b) => `F(${a} % ${b})`,
};

// What WGSL makes of a division by zero: the dividend, and no remainder.
const U32: Record<string, Formula> = {
  "+": (a, b) => `((${a} + ${b}) >>> 0)`,
  "-": (a, b) => `((${a} - ${b}) >>> 0)`,
  "*": (a, b) => `(Math.imul(${a}, ${b}) >>> 0)`,
  "/": (a, b) => isNonZero(b) ? `((${a} / ${b}) >>> 0)` : `divide(${a}, ${b})`,
  "%": (a, b) => isNonZero(b) ? `(${a} % ${b})` : `remainder(${a}, ${b})`,
  "<<": (a, b) => `((${a} << ${b}) >>> 0)`,
  ">>": (a, b) => `(${a} >>> ${b})`,
  "&": (a, b) => `((${a} & ${b}) >>> 0)`,
  "|": (a, b) => `((${a} | ${b}) >>> 0)`,
  "^": (a, b) => `((${a} ^ ${b}) >>> 0)`,
};

const I32: Record<string, Formula> = {
  "+": (a, b) => `((${a} + ${b}) | 0)`,
  "-": (a, b) => `((${a} - ${b}) | 0)`,
  "*": (a, b) => `Math.imul(${a}, ${b})`,
  "/": (a, b) => `(divide(${a}, ${b}) | 0)`,
  "%": (a, b) => `(remainder(${a}, ${b}) | 0)`,
  "<<": (a, b) => `(${a} << ${b})`,
  ">>": (a, b) => `(${a} >> ${b})`,
  "&": (a, b) => `(${a} & ${b})`,
  "|": (a, b) => `(${a} | ${b})`,
  "^": (a, b) => `(${a} ^ ${b})`,
};

const BOOL: Record<string, Formula> = {
  "&": (a, b) => `(${a} && ${b})`,
  "|": (a, b) => `(${a} || ${b})`,
};

const COMPARE: Record<string, Formula> = {
  "<": (a, b) => `(${a} < ${b})`,
  ">": (a, b) => `(${a} > ${b})`,
  "<=": (a, b) => `(${a} <= ${b})`,
  ">=": (a, b) => `(${a} >= ${b})`,
  "==": (a, b) => `(${a} === ${b})`,
  "!=": (a, b) => `(${a} !== ${b})`,
};

const ARITHMETIC: Partial<Record<Scalar, Record<string, Formula>>> = {
  f32: F32,
  u32: U32,
  i32: I32,
  bool: BOOL,
};

export function isComparison(op: string): boolean {
  return op in COMPARE;
}

/** How an operator combines two numbers of a type, if it does. */
export function operator(op: string, scalar: Scalar): Formula | undefined {
  return COMPARE[op] ?? ARITHMETIC[scalar]?.[op];
}

/** How `-`, `!` and `~` change a number of a type, if they do. */
export function prefix(op: string, scalar: Scalar): Formula | undefined {
  if (op === "!" && scalar === "bool") return (a) => `(!${a})`;
  if (op === "-" && scalar === "f32") return (a) => `(-${a})`;
  if (op === "-" && scalar === "i32") return (a) => `(-${a} | 0)`;
  if (op === "~" && scalar === "u32") return (a) => `(~${a} >>> 0)`;
  if (op === "~" && scalar === "i32") return (a) => `(~${a})`;
}

/** The result of an operation on two constants that have no type yet. */
export function fold(op: string, a: number, b: number, isInt: boolean): number {
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return isInt ? Math.trunc(a / b) : a / b;
    case "%":
      return a % b;
    case "<<":
      return a * 2 ** b;
    case ">>":
      return Math.floor(a / 2 ** b);
    case "&":
      return Number(BigInt(a) & BigInt(b));
    case "|":
      return Number(BigInt(a) | BigInt(b));
    case "^":
      return Number(BigInt(a) ^ BigInt(b));
  }
  throw new RangeError(`no operator ${op}`);
}

/** JavaScript that makes one type's number another's. */
export function cast(js: string, from: Scalar, to: Scalar): string {
  if (from === to) return js;
  if (from === "int" || from === "float") {
    return literal(Number(js.replace(/[()]/g, "")), to);
  }
  if (to === "bool") return `(${js} !== 0)`;
  if (from === "bool") return `(${js} ? 1 : 0)`;
  if (to === "f32") return `F(${js})`;
  if (from === "f32") return to === "u32" ? `toU32(${js})` : `toI32(${js})`;
  return to === "u32" ? `(${js} >>> 0)` : `(${js} | 0)`;
}

/** A number of a type, as JavaScript. */
export function literal(value: number, scalar: Scalar): string {
  const exact = scalar === "f32"
    ? Math.fround(value)
    : scalar === "u32"
    ? Math.trunc(value) >>> 0
    : scalar === "i32"
    ? Math.trunc(value) | 0
    : scalar === "bool"
    ? Boolean(value)
    : value;
  return Number(exact) < 0 || Object.is(exact, -0)
    ? `(${Object.is(exact, -0) ? "-0" : exact})`
    : String(exact);
}

/** What the formulas call. */
export const operations = {
  F: Math.fround,
  divide: (a: number, b: number) => (b === 0 ? a : a / b) >>> 0,
  remainder: (a: number, b: number) => b === 0 ? 0 : a % b,
  toU32: (x: number) => x > 0 ? Math.min(Math.trunc(x), 2 ** 32 - 1) : 0,
  toI32: (x: number) =>
    Math.max(-(2 ** 31), Math.min(Math.trunc(x), 2 ** 31 - 1)) | 0,
};
