/** From the trees of expressions to JavaScript. */
import { call } from "./calls.ts";
import {
  cast,
  fold,
  isComparison,
  literal,
  operator,
  prefix,
} from "./operators.ts";
import { Places, type Plain } from "./places.ts";
import type { Expression } from "./syntax.ts";
import {
  isConstant,
  nameOf,
  type Scalar,
  type Type,
  type Value,
  type Vector,
  vector,
} from "./types.ts";

/** Writes expressions, a part for each number. */
export class Expressions extends Places {
  value(expression: Expression): Plain {
    switch (expression.kind) {
      case "literal": {
        const { value, scalar } = expression;
        const js = literal(Number(value), scalar);
        return { type: vector(scalar), parts: [js] };
      }
      case "unary":
        if (/[&*]/.test(expression.op)) break;
        return this.#unary(expression);
      case "binary":
        return /^(&&|\|\|)$/.test(expression.op)
          ? this.#shortCut(expression)
          : this.binary(
            expression.op,
            this.vectorOf(expression.left),
            this.vectorOf(expression.right),
            expression,
          );
      case "call":
        return call(this, expression) ??
          this.fail(
            `${expression.callee.name}(), which returns no value,`,
            expression,
          );
    }
    return this.load(this.place(expression), expression);
  }

  #unary({ op, of, at }: Expression & { kind: "unary" }): Plain {
    const { type, parts } = this.vectorOf(of);
    if (isConstant(type) && op === "-") {
      const negative = (js: string) =>
        literal(-Number(js.replace(/[()]/g, "")), type.scalar);
      return { type, parts: parts.map(negative) };
    }
    const formula = prefix(op, type.scalar);
    if (!formula) this.fail(`${op}${nameOf(type)}`, { at });
    return { type, parts: parts.map((part) => formula(part, "")) };
  }

  #shortCut({ op, left, right }: Expression & { kind: "binary" }): Plain {
    const first = this.scalar(left).parts[0];
    let second = "";
    const lines = this.collect(() => {
      second = this.scalar(right).parts[0];
    });
    if (lines.length === 0) {
      return { type: vector("bool"), parts: [`(${first} ${op} ${second})`] };
    }
    // The right side reads memory only where the left leaves it a say.
    const name = this.name();
    this.emit(`let ${name} = ${first};`);
    this.emit(`if (${op === "&&" ? "" : "!"}${name}) {`);
    lines.forEach((line) => this.emit(line));
    this.emit(`${name} = ${second}; }`);
    return { type: vector("bool"), parts: [name] };
  }

  /** Applies an operator, to vectors number by number. */
  binary(
    op: string,
    left: Value<Vector>,
    right: Value<Vector>,
    from: { at: number },
  ): Value<Vector> {
    const isShift = op === "<<" || op === ">>";
    const scalar = isShift && !isConstant(left.type)
      ? left.type.scalar
      : this.common([left, right], from);
    const width = Math.max(left.type.width, right.type.width);
    const a = this.splat(
      isConstant(left.type) ? this.convert(left, scalar, from) : left,
      width,
    );
    const b = this.splat(
      this.convert(right, isShift && scalar !== "int" ? "u32" : scalar, from),
      width,
    );
    const result = vector(isComparison(op) ? "bool" : scalar, width);
    if (isConstant(a.type) && !isComparison(op)) {
      const number = (js: string) => Number(js.replace(/[()]/g, ""));
      const parts = a.parts.map((part, i) =>
        literal(
          fold(op, number(part), number(b.parts[i]), scalar === "int"),
          scalar,
        )
      );
      return { type: result, parts };
    }
    const formula = operator(op, scalar);
    if (!formula) this.fail(`${op} of ${nameOf(left.type)}`, from);
    return {
      type: result,
      parts: a.parts.map((part, i) => formula(part, b.parts[i])),
    };
  }

  /** The scalar that values have in common, once constants have taken it. */
  common(values: readonly Value<Vector>[], from: { at: number }): Scalar {
    return values.map(({ type }) => type.scalar).reduce((x, y) => {
      if (x === y || y === "int" && x !== "bool") return x;
      if (x === "int" && y !== "bool") return y;
      if (x === "float" && y === "f32") return y;
      if (y === "float" && x === "f32") return x;
      return this.fail(`${x} beside ${y}`, from);
    });
  }

  /** Gives constants the type that is wanted; other types must have it. */
  convert<T extends Type>(
    value: Value<T>,
    scalar: Scalar,
    from: { at: number },
  ): Value<T> {
    const { type, parts } = value;
    if (type.kind !== "vector" || type.scalar === scalar) return value;
    if (
      !isConstant(type) || scalar === "bool" ||
      type.scalar === "float" && scalar !== "f32"
    ) {
      this.fail(`${nameOf(type)} in place of ${scalar}`, from);
    }
    return {
      type: { ...type, scalar },
      parts: parts.map((part) => cast(part, type.scalar, scalar)),
    };
  }

  /** Repeats a scalar as often as a vector has numbers. */
  splat(value: Value<Vector>, width: number): Value<Vector> {
    if (value.type.width === width) return value;
    const [part] = this.atoms(value).parts;
    return {
      type: vector(value.type.scalar, width),
      parts: Array(width).fill(part),
    };
  }
}
