/** Calls of functions: the program's own, those built in, and constructors. */
import { ELEMENTWISE } from "./builtins.ts";
import type { Expressions } from "./expressions.ts";
import { cast, literal } from "./operators.ts";
import type { Plain } from "./places.ts";
import type { Callee } from "./scope.ts";
import { special } from "./special.ts";
import type { Expression } from "./syntax.ts";
import {
  isConstant,
  size,
  type Value,
  type Vector,
  vector,
  vectorNamed,
} from "./types.ts";

type Call = Expression & { kind: "call" };

/** Writes a call; returns its value, or none. */
export function call(to: Expressions, expression: Call): Plain | undefined {
  const { callee, args } = expression;
  const { name } = callee;
  const known = to.globals.functions.get(name);
  if (known) return own(to, known, expression);
  const elementwise = ELEMENTWISE[name];
  if (!elementwise) {
    return vectorNamed(callee) || to.globals.types.structs.has(name)
      ? make(to, expression)
      : special(to, expression);
  }
  const { count, scalars, formula } = elementwise;
  const values = args.map((arg) => to.vectorOf(arg));
  if (values.length !== count) {
    to.fail(`${args.length} arguments`, expression);
  }
  let scalar = to.common(values, expression);
  if (scalar === "int" && scalars.includes("i32")) scalar = "i32";
  if (isConstant(vector(scalar))) scalar = scalars[0];
  if (!scalars.includes(scalar)) {
    to.fail(`${name}() of ${scalar}`, expression);
  }
  const width = Math.max(...values.map(({ type }) => type.width));
  const [a, b, c] = values.map((value) =>
    to.atoms(to.splat(to.convert(value, scalar, expression), width))
      .parts
  );
  return {
    type: vector(scalar, width),
    parts: a.map((part, i) => formula(scalar, part, b?.[i], c?.[i])),
  };
}

/** A value of the type that is called. */
function make(to: Expressions, expression: Call): Plain {
  const { callee, args } = expression;
  const values = args.map((arg) => to.value(arg));
  const struct = to.globals.types.structs.get(callee.name);
  if (struct) {
    const types = [...struct.fields.values()];
    return {
      type: struct,
      parts: types.flatMap(({ scalar }, i) =>
        to.convert(values[i], scalar, expression).parts
      ),
    };
  }
  const { scalar: wanted, width } = vectorNamed(callee)!;
  const vectors = values as Value<Vector>[];
  const scalar = wanted ?? to.common(vectors, expression);
  if (vectors.length === 0) {
    return {
      type: vector(scalar, width),
      parts: Array(width).fill(literal(0, scalar)),
    };
  }
  const parts = vectors.flatMap(({ type, parts }) =>
    parts.map((part) => cast(part, type.scalar, scalar))
  );
  if (parts.length === 1) {
    return to.splat({ type: vector(scalar), parts }, width);
  }
  if (parts.length !== width) {
    to.fail(`${callee.name} of ${parts.length} numbers`, expression);
  }
  return { type: vector(scalar, width), parts };
}

/** A call of a function of the program. */
function own(
  to: Expressions,
  callee: Callee,
  expression: Call,
): Plain | undefined {
  const args = expression.args.map((arg, i) => {
    const type = callee.parameters[i];
    const value = to.value(arg);
    return type.kind === "vector"
      ? to.convert(value, type.scalar, expression)
      : value;
  });
  const js = `${callee.waits ? "yield* " : ""}${callee.js}(${
    ["P", "thread", ...args.flatMap(({ parts }) => parts)].join(", ")
  })`;
  const { result } = callee;
  if (!result) {
    to.emit(`${js};`);
    return undefined;
  }
  if (result.kind === "vector" && result.width === 1) {
    return { type: result, parts: [to.keep(js)] };
  }
  const all = to.keep(js);
  return {
    type: result,
    parts: Array.from({ length: size(result) }, (_, i) => `${all}[${i}]`),
  };
}
