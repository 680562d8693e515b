/** From a WGSL program to JavaScript that runs one invocation of it. */
import type { Dispatch } from "../dispatch.ts";
import { functions as builtins } from "./builtins.ts";
import { Expressions } from "./expressions.ts";
import { writeBody } from "./functions.ts";
import { operations } from "./operators.ts";
import type { Barrier, Callee, Globals, MemorySyntax, Place } from "./scope.ts";
import { calls } from "./scope.ts";
import { parse } from "./statements.ts";
import type {
  Attributes,
  Expression,
  FunctionSyntax,
  Module,
  Variable,
} from "./syntax.ts";
import { WgslError } from "./tokens.ts";
import { type ArrayOf, size, type Type, Types } from "./types.ts";

/** Runs one invocation; with barriers, a generator of their numbers. */
export type Main = (
  dispatch: Dispatch,
  thread: number,
  groupX: number,
  groupY: number,
  groupZ: number,
) => Generator<number, void> | void;

/** A program that can be dispatched. */
export interface Compiled {
  readonly main: Main;
  readonly memories: readonly MemorySyntax[];
  /** The uniform buffers' bindings, in the order of `Dispatch.uniforms`. */
  readonly uniforms: readonly (readonly [number, number])[];
  readonly threads: number;
  readonly barriers: readonly Barrier[];
  readonly waits: boolean;
  /** The JavaScript, to look at. */
  readonly source: string;
}

const BARRIERS = /^(workgroupBarrier|storageBarrier|workgroupUniformLoad)$/;

/** Compiles a program with one entry point. */
export function compile(code: string): Compiled {
  const module = parse(code);
  const fail = (message: string, at: number): never => {
    throw new WgslError(`${message} is not known`, code, at);
  };
  const constant = (expression: Expression): number => {
    const [part] = new Expressions(globals).scalar(expression).parts;
    const value = Number(part);
    return Number.isNaN(value)
      ? fail("a size that varies", expression.at)
      : value;
  };
  const types = new Types(fail, constant);
  const memories: MemorySyntax[] = [];
  const functions = new Map<string, Callee>();
  const globals: Globals = {
    types,
    memories,
    places: new Map<string, Place>(),
    functions,
    barriers: [],
    fail,
  };
  declareConstants(module, globals);
  for (const { name, fields } of module.structs) {
    const members = fields.map(({ name, type }) =>
      [name, types.vector(type)] as const
    );
    types.structs.set(name, { kind: "struct", name, fields: new Map(members) });
  }
  const uniforms: Variable[] = [];
  for (const variable of module.variables) {
    if (variable.space === "uniform") {
      declareUniform(variable, uniforms.length, globals);
      uniforms.push(variable);
    } else memories.push(declareMemory(variable, memories.length, globals));
  }
  const waiting = findWaiting(module.functions);
  for (const syntax of module.functions) {
    const type = ({ type }: FunctionSyntax["parameters"][number]) =>
      types.of(type) as Exclude<Type, ArrayOf>;
    functions.set(syntax.name, {
      syntax,
      js: `${syntax.name}_`,
      parameters: syntax.parameters.map(type),
      result: syntax.result &&
        types.of(syntax.result) as Exclude<Type, ArrayOf>,
      waits: waiting.has(syntax.name),
    });
  }
  const entries = module.functions.filter(({ attributes }) =>
    attributes.has("compute")
  );
  if (entries.length !== 1) {
    fail(`a program of ${entries.length} entry points`, 0);
  }
  const shape = (entries[0].attributes.get("workgroup_size") ?? [])
    .map(constant);
  const source = module.functions.map((syntax) =>
    writeFunction(globals, functions.get(syntax.name)!, shape)
  ).join("\n");
  const helpers = { ...operations, ...builtins };
  const main = new Function(
    ...Object.keys(helpers),
    `"use strict";\n${source}\nreturn ${functions.get(entries[0].name)!.js};`,
  )(...Object.values(helpers));
  return {
    main,
    memories,
    uniforms: uniforms.map((u) => bindingOf(u.attributes, globals, u.at)),
    threads: shape.reduce((x, y) => x * y, 1),
    barriers: globals.barriers,
    waits: waiting.has(entries[0].name),
    source,
  };
}

function declareConstants({ constants }: Module, globals: Globals): void {
  for (const { name, value, type, at } of constants) {
    if (!value) globals.fail(`the constant ${name} without a value`, at);
    const scope = new Expressions(globals);
    let known = scope.vectorOf(value!);
    if (type) {
      known = scope.convert(known, globals.types.vector(type).scalar, { at });
    }
    globals.places.set(name, { in: "parts", value: known, isVariable: false });
  }
}

function number(attributes: Attributes, name: string): number | undefined {
  const [expression] = attributes.get(name) ?? [];
  if (expression?.kind === "literal") return Number(expression.value);
}

function bindingOf(
  attributes: Attributes,
  globals: Globals,
  at: number,
): [number, number] {
  const group = number(attributes, "group");
  const binding = number(attributes, "binding");
  if (group === undefined || binding === undefined) {
    globals.fail("a buffer without @group and @binding", at);
  }
  return [group!, binding!];
}

/** A uniform is read straight from its views, as nothing can change it. */
function declareUniform(
  { name, type, at }: Variable,
  slot: number,
  { types, places, fail }: Globals,
): void {
  const known = types.of(type);
  if (known.kind === "array") fail("an array of uniforms", at);
  const fields = known.kind === "struct"
    ? [...known.fields.values()]
    : [known as Exclude<Type, ArrayOf> & { kind: "vector" }];
  let word = 0;
  const parts = fields.flatMap(({ scalar, width }) => {
    const aligned = width === 3 ? 4 : width;
    const first = Math.ceil(word / aligned) * aligned;
    word = first + width;
    return Array.from(
      { length: width },
      (_, i) => `P.uniforms[${slot}].${scalar}[${first + i}]`,
    );
  });
  const value = { type: known as Exclude<Type, ArrayOf>, parts };
  places.set(name, { in: "parts", value, isVariable: false });
}

function declareMemory(
  { name, type, space, access, attributes, at }: Variable,
  slot: number,
  globals: Globals,
): MemorySyntax {
  if (space !== "storage" && space !== "workgroup") {
    globals.fail(`the address space ${space}`, at);
  }
  const known = globals.types.of(type);
  if (known.kind === "struct") globals.fail(`${known.name} in memory`, at);
  // A buffer is read only unless its program says more.
  const isReadOnly = space === "storage" && access !== "read_write";
  const own = `M${slot}`;
  const check = isReadOnly ? "peek" : "read";
  globals.places.set(name, {
    in: "memory",
    owner: {
      words: `W${slot}`,
      type: known as ArrayOf,
      read: (index) => `${own}.${check}(${index}, thread)`,
      write: isReadOnly
        ? undefined
        : (index) => `${own}.write(${index}, thread)`,
      length: `${own}.length`,
    },
  });
  return {
    name,
    space: space as "storage",
    isReadOnly,
    element: known.kind === "array" ? known.of : known as ArrayOf["of"],
    length: known.kind === "array" ? known.length : 1,
    binding: space === "storage"
      ? bindingOf(attributes, globals, at)
      : undefined,
  };
}

/** The functions with a barrier inside, or in what they call. */
function findWaiting(functions: readonly FunctionSyntax[]): Set<string> {
  const waiting = new Set<string>();
  for (let before = -1; waiting.size > before;) {
    before = waiting.size;
    for (const { name, body } of functions) {
      for (const { callee } of calls(body)) {
        if (BARRIERS.test(callee.name) || waiting.has(callee.name)) {
          waiting.add(name);
        }
      }
    }
  }
  return waiting;
}

function writeFunction(
  globals: Globals,
  callee: Callee,
  shape: readonly number[],
): string {
  const { syntax, js, parameters, waits } = callee;
  const isMain = syntax.attributes.has("compute");
  const values = parameters.map((type, i) => ({
    type,
    parts: isMain
      ? builtin(
        syntax.parameters[i].attributes,
        shape,
        () =>
          globals.fail(`the parameter ${syntax.parameters[i].name}`, syntax.at),
      )
      : Array.from({ length: size(type) }, (_, k) => `p${i}_${k}_`),
  }));
  const body = writeBody(globals, callee, values);
  const used = globals.memories.map((_, i) => i)
    .filter((i) => new RegExp(`\\b[MW]${i}\\b`).test(body));
  const names = isMain
    ? ["groupX", "groupY", "groupZ"]
    : values.flatMap(({ parts }) => parts);
  return [
    `function${waits ? "*" : ""} ${js}(${
      ["P", "thread", ...names].join(", ")
    }) {`,
    ...used.map((i) => `const M${i} = P.memories[${i}], W${i} = M${i}.words;`),
    body,
    "}",
  ].join("\n");
}

/** JavaScript of a parameter of the entry point. */
function builtin(
  attributes: Attributes,
  [x = 1, y = 1, z = 1]: readonly number[],
  fail: () => never,
): string[] {
  const [which] = attributes.get("builtin") ?? [];
  const own = y * z === 1 ? ["thread", "0", "0"] : [
    `(thread % ${x})`,
    `((thread / ${x} >>> 0) % ${y})`,
    `(thread / ${x * y} >>> 0)`,
  ];
  const groups = ["groupX", "groupY", "groupZ"];
  switch (which?.kind === "name" && which.name) {
    case "workgroup_id":
      return groups;
    case "local_invocation_index":
      return ["thread"];
    case "local_invocation_id":
      return own;
    case "global_invocation_id":
      return groups.map((group, i) =>
        `(${group} * ${[x, y, z][i]} + ${own[i]})`
      );
    case "num_workgroups":
      return [0, 1, 2].map((i) => `P.grid[${i}]`);
  }
  return fail();
}
