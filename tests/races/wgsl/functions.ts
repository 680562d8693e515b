/** From the trees of statements to JavaScript functions. */
import { call as writeCall } from "./calls.ts";
import { Expressions } from "./expressions.ts";
import { literal } from "./operators.ts";
import type { Callee, Globals, Place } from "./scope.ts";
import type { Expression, Statement } from "./syntax.ts";
import {
  type ArrayOf,
  isConstant,
  nameOf,
  scalars,
  size,
  stride,
  type Type,
  type Value,
} from "./types.ts";

const TYPED_ARRAY = {
  f32: "Float32Array",
  u32: "Uint32Array",
  i32: "Int32Array",
  bool: "Uint8Array",
} as const;

/** Writes the body of a function, whose parameters are the given JavaScript. */
export function writeBody(
  globals: Globals,
  { syntax, result }: Callee,
  parameters: readonly Value<Exclude<Type, ArrayOf>>[],
): string {
  const body = new Body(globals, result);
  parameters.forEach((value, i) =>
    body.declare(syntax.parameters[i].name, {
      in: "parts",
      value,
      isVariable: false,
    })
  );
  return body.collect(() => body.write(syntax.body)).join("\n");
}

class Body extends Expressions {
  readonly #result: Callee["result"];
  /** Labels that `continue` leaves by, of the loops around. */
  readonly #labels: string[] = [];

  constructor(globals: Globals, result: Callee["result"]) {
    super(globals);
    this.#result = result;
  }

  write(statement: Statement): void {
    switch (statement.kind) {
      case "block":
        this.emit("{");
        this.inside(() => statement.body.forEach((s) => this.write(s)));
        this.emit("}");
        return;
      case "declare":
        return this.#declare(statement);
      case "assign":
        return this.#assign(statement);
      case "call":
        return this.#call(statement.call);
      case "if":
        this.emit(`if (${this.#condition(statement.condition)})`);
        this.write(statement.then);
        if (!statement.otherwise) return;
        this.emit("else {");
        this.write(statement.otherwise);
        this.emit("}");
        return;
      case "loop":
        this.emit("{");
        this.inside(() => this.#loop(statement));
        this.emit("}");
        return;
      case "switch":
        return this.#switch(statement);
      case "break":
        this.emit("break;");
        return;
      case "continue":
        this.emit(`break ${this.#labels.at(-1)};`);
        return;
      case "return":
        return this.#return(statement);
    }
  }

  #condition(expression: Expression): string {
    const { type, parts } = this.scalar(expression);
    if (type.scalar !== "bool") {
      this.fail(`${nameOf(type)} as a condition`, expression);
    }
    return parts[0];
  }

  #declare(statement: Statement & { kind: "declare" }): void {
    const { word, name, value } = statement;
    const wanted = statement.type && this.globals.types.of(statement.type);
    if (
      wanted?.kind === "array" ||
      value?.kind === "call" && value.callee.name === "array"
    ) {
      return this.#declareArray(statement, wanted);
    }
    let given = value && this.value(value);
    if (given && wanted?.kind === "vector") {
      given = this.convert(given, wanted.scalar, statement);
    } else if (given?.type.kind === "vector" && word !== "const") {
      const { scalar } = given.type;
      if (scalar === "int") given = this.convert(given, "i32", statement);
      if (scalar === "float") given = this.convert(given, "f32", statement);
    }
    const type = wanted ?? given!.type;
    if (word === "const" && isConstant(given!.type as never)) {
      this.declare(name, { in: "parts", value: given!, isVariable: false });
      return;
    }
    const initial = given?.parts ??
      scalars(type).map((scalar) => literal(0, scalar));
    const parts = initial.map((part) => {
      if (word !== "var") return this.keep(part, name);
      const own = this.name(name);
      this.emit(`let ${own} = ${part};`);
      return own;
    });
    this.declare(name, {
      in: "parts",
      value: { type, parts },
      isVariable: word === "var",
    });
  }

  /** An array of the invocation's own; a word more takes what goes astray. */
  #declareArray(
    { name, value, type: _, ...from }: Statement & { kind: "declare" },
    wanted: Type | undefined,
  ): void {
    let type = wanted as ArrayOf | undefined;
    if (value) {
      if (value.kind !== "call" || value.callee.name !== "array") {
        this.fail("a copy of an array", from);
      }
      const { parameters } = value.callee;
      if (!type && parameters.length > 0) {
        type = this.globals.types.of(value.callee) as ArrayOf;
      }
      if (!type) this.fail("an array whose type is not written down", from);
    }
    const { of, length } = type!;
    if (length === undefined) this.fail("an array of no length", from);
    const kind = TYPED_ARRAY[of.scalar as keyof typeof TYPED_ARRAY];
    const words = this.keep(
      `new ${kind}(${(length + 1) * stride(of)})`,
      name,
    );
    const checked = (index: string) => `P.within(${index}, ${length})`;
    this.declare(name, {
      in: "memory",
      owner: {
        words,
        type: type!,
        read: checked,
        write: checked,
        length: String(length),
      },
    });
    const items = value?.kind === "call" ? value.args : [];
    items.forEach((item, i) => {
      const { parts } = this.convert(this.value(item), of.scalar, from);
      parts.forEach((part, k) =>
        this.emit(`${words}[${i * stride(of) + k}] = ${part};`)
      );
    });
  }

  #assign({ op, target, value, at }: Statement & { kind: "assign" }): void {
    if (!target) {
      this.value(value);
      return;
    }
    const place = this.place(target);
    let result: Value<Exclude<Type, ArrayOf>>;
    if (op) {
      const before = this.load(place, { at });
      if (before.type.kind !== "vector") {
        this.fail(`${op}= of a struct`, { at });
      }
      result = this.binary(
        op,
        before as Value<typeof before.type>,
        this.vectorOf(value),
        { at },
      );
    } else result = this.value(value);
    const type = typeOf(place);
    if (type.kind === "vector") {
      result = this.convert(result, type.scalar, { at });
    }
    if (size(result.type) !== (isOne(place) ? 1 : size(type))) {
      this.fail(`${nameOf(result.type)} assigned to ${nameOf(type)}`, { at });
    }
    this.store(place, result, { at });
  }

  #call(call: Expression): void {
    if (call.kind !== "call") this.fail("a statement", call);
    const { name } = call.callee;
    if (name === "workgroupBarrier" || name === "storageBarrier") {
      this.barrier(name);
    } else writeCall(this, call);
  }

  #loop(
    { first, condition, body, update, until }: Statement & { kind: "loop" },
  ): void {
    if (first) this.write(first);
    const label = this.name("next");
    this.emit("for (;;) {");
    if (condition) this.emit(`if (!${this.#condition(condition)}) break;`);
    this.#labels.push(label);
    this.emit(`${label}:`);
    this.write(body);
    this.#labels.pop();
    if (update) this.write(update);
    if (until) this.emit(`if (${this.#condition(until)}) break;`);
    this.emit("}");
  }

  #switch({ value, cases }: Statement & { kind: "switch" }): void {
    const { type, parts } = this.scalar(value);
    const scalar = type.scalar === "int" ? "i32" : type.scalar;
    this.emit(`switch (${parts[0]}) {`);
    for (const { selectors, isDefault, body } of cases) {
      for (const selector of selectors) {
        const js = this.convert(this.vectorOf(selector), scalar, selector);
        this.emit(`case ${js.parts[0]}:`);
      }
      if (isDefault) this.emit("default:");
      this.write(body);
      this.emit("break;");
    }
    this.emit("}");
  }

  #return({ value, at }: Statement & { kind: "return" }): void {
    if (!value) {
      this.emit("return;");
      return;
    }
    const result = this.#result;
    if (!result) {
      this.fail("a value returned by a function without one", { at });
    }
    const given = this.value(value);
    const { parts } = result.kind === "vector"
      ? this.convert(given, result.scalar, { at })
      : given;
    this.emit(
      parts.length === 1
        ? `return ${parts[0]};`
        : `return [${parts.join(", ")}];`,
    );
  }
}

function typeOf(place: Place): Exclude<Type, ArrayOf> {
  if (place.in === "parts") return place.value.type;
  const { type } = place.owner;
  return type.kind === "array" ? type.of : type;
}

/** Whether one number of a vector is meant. */
function isOne(place: Place): boolean {
  return place.in === "parts"
    ? place.choice !== undefined
    : place.component !== undefined;
}
