/** The functions of WGSL whose arguments or results are of several types. */
import { bitcast, extractBits } from "./builtins.ts";
import type { Expressions } from "./expressions.ts";
import { isAtom, operator } from "./operators.ts";
import type { Expression, Named } from "./syntax.ts";
import { isConstant, type Value, type Vector, vector } from "./types.ts";

type Call = Expression & { kind: "call" };

/** Writes such a call. */
export function special(to: Expressions, expression: Call): Value<Vector> {
  const { callee: { name, parameters }, args } = expression;
  const value = (i: number) => to.vectorOf(args[i]);
  switch (name) {
    case "select":
      return select(to, expression);
    case "bitcast": {
      const { scalar } = to.globals.types.vector(parameters[0] as Named);
      const { type, parts } = concrete(to, value(0), expression);
      return {
        type: vector(scalar, type.width),
        parts: parts.map((part) => bitcast(part, type.scalar, scalar)),
      };
    }
    case "dot":
      return dot(to, expression);
    case "all":
    case "any": {
      const op = name === "all" ? " && " : " || ";
      return { type: vector("bool"), parts: [`(${value(0).parts.join(op)})`] };
    }
    case "arrayLength": {
      const place = to.place(args[0]);
      if (place.in !== "memory") to.fail("the length of no array", expression);
      return { type: vector("u32"), parts: [place.owner.length] };
    }
    case "extractBits": {
      const { type, parts } = to.atoms(concrete(to, value(0), expression));
      const [offset, count] = [1, 2].map((i) =>
        to.atoms(to.convert(value(i), "u32", expression)).parts[0]
      );
      return {
        type,
        parts: parts.map((x) => extractBits(type.scalar, x, offset, count)),
      };
    }
    case "unpack4x8unorm":
    case "unpack4xU8": {
      const [word] = to.atoms(to.convert(value(0), "u32", expression)).parts;
      const isFloat = name === "unpack4x8unorm";
      return {
        type: vector(isFloat ? "f32" : "u32", 4),
        parts: [0, 1, 2, 3].map((i) =>
          isFloat ? `unorm(${word}, ${i})` : `((${word} >>> ${8 * i}) & 255)`
        ),
      };
    }
    case "pack4x8unorm":
    case "pack4xU8": {
      const isFloat = name === "pack4x8unorm";
      const { parts } = value(0);
      const bytes = parts.map((x, i) =>
        isFloat ? `toUnorm(${x}, ${i})` : `((${x} & 255) << ${8 * i})`
      );
      return { type: vector("u32"), parts: [`((${bytes.join(" | ")}) >>> 0)`] };
    }
    case "workgroupUniformLoad": {
      const place = to.place(args[0]);
      to.barrier("workgroupUniformLoad");
      const loaded = to.atoms(to.load(place, expression));
      to.barrier("workgroupUniformLoad");
      return loaded as Value<Vector>;
    }
  }
  return to.fail(`the function ${name}()`, expression);
}

/** Constants become what they are without any wish: i32 and f32. */
function concrete(
  to: Expressions,
  value: Value<Vector>,
  from: Call,
): Value<Vector> {
  if (!isConstant(value.type)) return value;
  return to.convert(value, value.type.scalar === "int" ? "i32" : "f32", from);
}

function select(to: Expressions, expression: Call): Value<Vector> {
  const [no, yes, which] = expression.args.map((arg) => to.vectorOf(arg));
  const common = to.common([no, yes], expression);
  // Which of two constants it is shows when the program runs.
  const scalar = common === "int" ? "i32" : common === "float" ? "f32" : common;
  const { width } = no.type;
  const [a, b] = [no, yes].map((v) => to.convert(v, scalar, expression).parts);
  const c = to.splat(which, width).parts;
  const parts = a.map((part, i) => `(${c[i]} ? ${b[i]} : ${part})`);
  return { type: vector(scalar, width), parts };
}

function dot(to: Expressions, expression: Call): Value<Vector> {
  const values = expression.args.map((arg) => to.vectorOf(arg));
  const scalar = to.common(values, expression);
  const [a, b] = values.map((v) => to.convert(v, scalar, expression).parts);
  const times = operator("*", scalar)!, plus = operator("+", scalar)!;
  const js = a.map((part, i) => times(part, b[i])).reduce((sum, product) =>
    plus(sum, product)
  );
  return { type: vector(scalar), parts: [isAtom(js) ? js : to.keep(js)] };
}
