/** What the names of a program stand for, and how that is read and written. */
import { literal } from "./operators.ts";
import { type Barrier, type Globals, type Place, Writer } from "./scope.ts";
import type { Expression } from "./syntax.ts";
import {
  type ArrayOf,
  isConstant,
  nameOf,
  stride,
  type Type,
  type Value,
  type Vector,
  vector,
} from "./types.ts";

/** A value that is no array. */
export type Plain = Value<Exclude<Type, ArrayOf>>;

const LETTERS = ["xyzw", "rgba"];

/** Writes reads of and assignments to variables and memory. */
export abstract class Places extends Writer {
  readonly globals: Globals;
  readonly #scopes: Map<string, Place>[] = [new Map()];

  constructor(globals: Globals) {
    super();
    this.globals = globals;
  }

  declare(name: string, place: Place): void {
    this.#scopes.at(-1)!.set(name, place);
  }

  /** Lets the other invocations come to the same place. */
  barrier(kind: Barrier): void {
    const number = this.globals.barriers.push(kind) - 1;
    this.emit(`if (P.without !== ${number}) yield ${number};`);
  }

  /** Runs `write` with a scope of its own. */
  inside(write: () => void): void {
    this.#scopes.push(new Map());
    write();
    this.#scopes.pop();
  }

  fail(message: string, { at }: { at: number }): never {
    this.globals.fail(message, at);
  }

  /** Writes an expression. */
  abstract value(expression: Expression): Plain;

  /** A value that must be a scalar or a vector. */
  vectorOf(expression: Expression): Value<Vector> {
    const { type, parts } = this.value(expression);
    if (type.kind === "vector") return { type, parts };
    return this.fail(`${nameOf(type)} in an operation`, expression);
  }

  scalar(expression: Expression): { type: Vector; parts: readonly string[] } {
    const value = this.vectorOf(expression);
    if (value.type.width === 1) return { ...value };
    return this.fail(`${nameOf(value.type)} in place of a scalar`, expression);
  }

  place(expression: Expression): Place {
    switch (expression.kind) {
      case "name": {
        const scope = this.#scopes.findLast((s) => s.has(expression.name));
        return scope?.get(expression.name) ??
          this.globals.places.get(expression.name) ??
          this.fail(`the name ${expression.name}`, expression);
      }
      case "index":
        return this.#element(expression);
      case "member": {
        const base = this.place(expression.of);
        return this.#member(base, expression);
      }
      case "unary":
        // &x and *p: a pointer is the place that it points to.
        if (expression.op === "&" || expression.op === "*") {
          return this.place(expression.of);
        }
    }
    return { in: "parts", value: this.value(expression), isVariable: false };
  }

  #element(expression: Expression & { kind: "index" }): Place {
    const base = this.place(expression.of);
    const index = this.scalar(expression.index);
    if (isConstant(index.type)) {
      index.parts = [literal(Number(index.parts[0]), "u32")];
    }
    const at = index.parts[0];
    if (base.in === "memory") {
      const { owner } = base;
      if (owner.type.kind === "array" && base.element === undefined) {
        return { ...base, element: this.atoms(index).parts[0] };
      }
      const { width } = this.#elementType(base);
      return { ...base, component: this.#inside(at, width) };
    }
    const { value } = base;
    if (value.type.kind !== "vector" || base.choice || value.type.width === 1) {
      this.fail(`an index of ${nameOf(value.type)}`, expression);
    }
    return { ...base, choice: this.#inside(at, value.type.width) };
  }

  #inside(index: string, width: number): string {
    return this.keep(`P.within(${index}, ${width})`);
  }

  #elementType({ owner }: Place & { in: "memory" }): Vector {
    return owner.type.kind === "array" ? owner.type.of : owner.type;
  }

  #member(base: Place, expression: Expression & { kind: "member" }): Place {
    const { name } = expression;
    if (base.in === "parts" && base.value.type.kind === "struct") {
      let first = 0;
      for (const [field, type] of base.value.type.fields) {
        if (field === name) {
          const parts = base.value.parts.slice(first, first + type.width);
          return { ...base, value: { type, parts } };
        }
        first += type.width;
      }
      this.fail(`the member ${name}`, expression);
    }
    const letters = LETTERS.find((l) => l.includes(name[0])) ?? "";
    const which = [...name].map((letter) => letters.indexOf(letter));
    const { width, scalar } = base.in === "memory"
      ? this.#elementType(base)
      : base.value.type as Vector;
    if (which.some((i) => i < 0 || i >= width)) {
      this.fail(`the member ${name}`, expression);
    }
    if (base.in === "memory" && which.length === 1) {
      return { ...base, component: String(which[0]) };
    }
    const loaded = this.load(base, expression);
    const { parts } = which.length > 1 ? this.atoms(loaded) : loaded;
    return {
      in: "parts",
      value: {
        type: vector(scalar, which.length),
        parts: which.map((i) => parts[i]),
      },
      isVariable: base.in === "parts" && base.isVariable && which.length === 1,
    };
  }

  /** Reads a place. */
  load(place: Place, from: { at: number }): Plain {
    if (place.in === "parts") {
      const { value, choice } = place;
      if (choice === undefined) return value;
      const { scalar } = value.type as Vector;
      const parts = this.atoms(value).parts;
      const js = parts.reduceRight((rest, part, i) =>
        `${choice} === ${i} ? ${part} : ${rest}`
      );
      return { type: vector(scalar), parts: [`(${js})`] };
    }
    const { owner, component } = place;
    const { scalar, width } = this.#elementType(place);
    const at = this.#address(place, owner.read, from);
    const one = (k: string | number) => {
      const js = `${owner.words}[${at}${
        k === 0 || k === "0" ? "" : ` + ${k}`
      }]`;
      return this.keep(scalar === "bool" ? `${js} !== 0` : js);
    };
    return component !== undefined
      ? { type: vector(scalar), parts: [one(component)] }
      : {
        type: vector(scalar, width),
        parts: Array.from({ length: width }, (_, k) => one(k)),
      };
  }

  /** Writes to a place. */
  store(place: Place, { parts }: Plain, from: { at: number }): void {
    if (place.in === "parts") {
      const { value, choice, isVariable } = place;
      if (!isVariable) this.fail("an assignment to what is no variable", from);
      if (choice !== undefined) {
        const [part] = this.atoms({ ...value, parts }).parts;
        value.parts.forEach((own, i) =>
          this.emit(`if (${choice} === ${i}) ${own} = ${part};`)
        );
        return;
      }
      // A part may be made of others that are about to change.
      const kept = parts.some((part, i) =>
          names(part).some((name) =>
            name !== value.parts[i] && value.parts.includes(name)
          )
        )
        ? parts.map((part) =>
          this.keep(part)
        )
        : parts;
      value.parts.forEach((own, i) => this.emit(`${own} = ${kept[i]};`));
      return;
    }
    const { owner, component } = place;
    if (!owner.write) this.fail("an assignment to memory that is read", from);
    const kept = this.atoms({ type: this.#elementType(place), parts }).parts;
    const at = this.#address(place, owner.write, from);
    kept.forEach((part, k) =>
      this.emit(`${owner.words}[${at} + ${component ?? k}] = ${part};`)
    );
  }

  /** The first word of the element, after the access has been checked. */
  #address(
    place: Place & { in: "memory" },
    checked: (index: string) => string,
    from: { at: number },
  ): string {
    if (place.owner.type.kind === "array" && place.element === undefined) {
      this.fail("a whole array as a value", from);
    }
    const words = stride(this.#elementType(place));
    const index = checked(place.element ?? "0");
    return this.keep(words === 1 ? index : `${index} * ${words}`);
  }
}

function names(js: string): string[] {
  return js.match(/[\p{L}_$][\p{L}\d_$]*/gu) ?? [];
}
