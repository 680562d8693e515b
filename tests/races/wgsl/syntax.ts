/** The syntax tree of the part of WGSL that the engine is written in. */

/** `vec4<f32>`, `array<u32, 64>`, or the name of a function that is called. */
export interface Named {
  readonly name: string;
  /** What stands between < and >. */
  readonly parameters: readonly (Named | Expression)[];
  readonly at: number;
}

export type Expression =
  & { readonly at: number }
  & (
    | {
      readonly kind: "literal";
      readonly value: number | boolean;
      readonly scalar: "int" | "float" | "i32" | "u32" | "f32" | "bool";
    }
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "unary"; readonly op: string; readonly of: Expression }
    | {
      readonly kind: "binary";
      readonly op: string;
      readonly left: Expression;
      readonly right: Expression;
    }
    | {
      readonly kind: "call";
      readonly callee: Named;
      readonly args: readonly Expression[];
    }
    | {
      readonly kind: "index";
      readonly of: Expression;
      readonly index: Expression;
    }
    | {
      readonly kind: "member";
      readonly of: Expression;
      readonly name: string;
    }
  );

export type Statement =
  & { readonly at: number }
  & (
    | { readonly kind: "block"; readonly body: readonly Statement[] }
    | {
      readonly kind: "declare";
      readonly word: "let" | "var" | "const";
      readonly name: string;
      readonly type?: Named;
      readonly value?: Expression;
    }
    | {
      /** `target = value`, or with an operation; without a target, `_ = value`. */
      readonly kind: "assign";
      readonly op?: string;
      readonly target?: Expression;
      readonly value: Expression;
    }
    | { readonly kind: "call"; readonly call: Expression }
    | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly then: Statement;
      readonly otherwise?: Statement;
    }
    | {
      /** `for`, `while` and `loop`: `update` runs after the body, then `until`. */
      readonly kind: "loop";
      readonly first?: Statement;
      readonly condition?: Expression;
      readonly body: Statement;
      readonly update?: Statement;
      readonly until?: Expression;
    }
    | {
      readonly kind: "switch";
      readonly value: Expression;
      readonly cases: readonly {
        /** Without selectors, the default. */
        readonly selectors: readonly Expression[];
        readonly isDefault: boolean;
        readonly body: Statement;
      }[];
    }
    | { readonly kind: "break" | "continue" }
    | { readonly kind: "return"; readonly value?: Expression }
  );

/** `@name(arguments)`, by name. */
export type Attributes = ReadonlyMap<string, readonly Expression[]>;

export interface Field {
  readonly name: string;
  readonly type: Named;
  readonly attributes: Attributes;
  readonly at: number;
}

/** A variable of the module: a buffer, or memory of a workgroup. */
export interface Variable extends Field {
  readonly space: string;
  readonly access: string;
}

export interface FunctionSyntax {
  readonly name: string;
  readonly attributes: Attributes;
  readonly parameters: readonly Field[];
  readonly result?: Named;
  readonly body: Statement;
  readonly at: number;
}

export interface Module {
  readonly code: string;
  readonly structs: readonly { name: string; fields: readonly Field[] }[];
  readonly variables: readonly Variable[];
  readonly constants: readonly (Statement & { kind: "declare" })[];
  readonly functions: readonly FunctionSyntax[];
}
