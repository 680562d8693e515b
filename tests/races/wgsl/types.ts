/** Types of WGSL values, and how JavaScript holds them: one part a number. */
import type { Expression, Named } from "./syntax.ts";

/** `int` and `float` are the types of constants that have none yet. */
export type Scalar = "f32" | "i32" | "u32" | "bool" | "int" | "float";

/** A scalar (of width 1) or a vector. */
export interface Vector {
  readonly kind: "vector";
  readonly scalar: Scalar;
  readonly width: number;
}

export interface ArrayOf {
  readonly kind: "array";
  readonly of: Vector;
  /** Of a buffer, undefined. */
  readonly length?: number;
}

export interface Struct {
  readonly kind: "struct";
  readonly name: string;
  readonly fields: ReadonlyMap<string, Vector>;
}

export type Type = Vector | ArrayOf | Struct;

/** A value: its type and JavaScript for each of its numbers. */
export interface Value<T extends Type = Type> {
  readonly type: T;
  readonly parts: readonly string[];
}

export function vector(scalar: Scalar, width = 1): Vector {
  return { kind: "vector", scalar, width };
}

export function isConstant({ scalar }: Vector): boolean {
  return scalar === "int" || scalar === "float";
}

/** How many numbers a value of this type is. */
export function size(type: Vector | Struct): number {
  return type.kind === "vector"
    ? type.width
    : [...type.fields.values()].reduce((sum, { width }) => sum + width, 0);
}

/** The scalar of each number of a value. */
export function scalars(type: Vector | Struct): Scalar[] {
  return type.kind === "vector"
    ? Array(type.width).fill(type.scalar)
    : [...type.fields.values()].flatMap(scalars);
}

/** How far elements lie apart in memory, in 4-byte words. */
export function stride({ width }: Vector): number {
  return width === 3 ? 4 : width;
}

export function nameOf(type: Type): string {
  if (type.kind === "struct") return type.name;
  if (type.kind === "array") {
    return `array<${[nameOf(type.of), ...type.length ? [type.length] : []]}>`;
  }
  return type.width === 1 ? type.scalar : `vec${type.width}<${type.scalar}>`;
}

const SHORT = { f: "f32", i: "i32", u: "u32" } as const;

/**
 * The scalar or vector that a name means, if it is one; without its scalar, as
 * in `vec4(…)`, undefined stands for that.
 */
export function vectorNamed(
  { name, parameters: [of] }: Named,
): { scalar?: Scalar; width: number } | undefined {
  if (/^(f32|i32|u32|bool)$/.test(name)) {
    return { scalar: name as Scalar, width: 1 };
  }
  const match = /^vec([234])([fiu]?)$/.exec(name);
  if (!match) return undefined;
  const scalar = match[2]
    ? SHORT[match[2] as keyof typeof SHORT]
    : of && vectorNamed(of as Named)?.scalar;
  return { scalar, width: Number(match[1]) };
}

/** Makes types of their names. */
export class Types {
  readonly structs = new Map<string, Struct>();
  readonly #fail: (message: string, at: number) => never;
  readonly #constant: (expression: Expression) => number;

  constructor(
    fail: (message: string, at: number) => never,
    constant: (expression: Expression) => number,
  ) {
    this.#fail = fail;
    this.#constant = constant;
  }

  of(named: Named): Type {
    const { name, parameters, at } = named;
    const known = vectorNamed(named);
    if (known?.scalar) return vector(known.scalar, known.width);
    if (name === "array") {
      return {
        kind: "array",
        of: this.vector(parameters[0] as Named),
        length: parameters[1] && this.#constant(parameters[1] as Expression),
      };
    }
    return this.structs.get(name) ?? this.#fail(`the type ${name}`, at);
  }

  /** A type that must be a scalar or a vector. */
  vector(named: Named): Vector {
    const type = this.of(named);
    if (type.kind === "vector") return type;
    return this.#fail(`${nameOf(type)} inside another type`, named.at);
  }
}
