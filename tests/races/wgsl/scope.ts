/** What the names of a program mean, and the lines that are being written. */
import { isAtom } from "./operators.ts";
import type { Expression, FunctionSyntax } from "./syntax.ts";
import type { ArrayOf, Type, Types, Value, Vector } from "./types.ts";

/** A variable of the module that lies in memory. */
export interface MemorySyntax {
  readonly name: string;
  readonly space: "storage" | "workgroup";
  readonly isReadOnly: boolean;
  readonly element: Vector;
  /** Of a buffer, undefined. */
  readonly length?: number;
  /** Group and number of the binding of a buffer. */
  readonly binding?: readonly [number, number];
}

/** An array or a variable that can be indexed: its words, and who checks. */
export interface Owner {
  readonly words: string;
  readonly type: Vector | ArrayOf;
  /** JavaScript of the index that is read, or written, in place of `index`. */
  readonly read: (index: string) => string;
  readonly write?: (index: string) => string;
  /** JavaScript of the number of elements. */
  readonly length: string;
}

/** What can be read or assigned to. */
export type Place =
  | {
    readonly in: "parts";
    readonly value: Value<Exclude<Type, ArrayOf>>;
    readonly isVariable: boolean;
    /** JavaScript that chooses one part. */
    readonly choice?: string;
  }
  | {
    readonly in: "memory";
    readonly owner: Owner;
    readonly element?: string;
    /** JavaScript of one part's number. */
    readonly component?: string;
  };

/** A function of the program. */
export interface Callee {
  readonly syntax: FunctionSyntax;
  readonly js: string;
  readonly parameters: readonly Exclude<Type, ArrayOf>[];
  readonly result?: Exclude<Type, ArrayOf>;
  /** Whether a barrier is inside. */
  readonly waits: boolean;
}

/** Which barriers a program has, in the order of its text. */
export type Barrier =
  | "workgroupBarrier"
  | "storageBarrier"
  | "workgroupUniformLoad";

/** What all functions of a program share. */
export interface Globals {
  readonly types: Types;
  readonly memories: readonly MemorySyntax[];
  readonly places: Map<string, Place>;
  readonly functions: ReadonlyMap<string, Callee>;
  readonly barriers: Barrier[];
  readonly fail: (message: string, at: number) => never;
}

/** Writes the lines of one function. */
export class Writer {
  #lines: string[] = [];
  #names = 0;

  emit(line: string): void {
    this.#lines.push(line);
  }

  /** The lines that `write` emits, on their own. */
  collect(write: () => void): string[] {
    const before = this.#lines;
    const lines: string[] = this.#lines = [];
    write();
    this.#lines = before;
    return lines;
  }

  /** A name that is new in the function. */
  name(hint = "t"): string {
    return `${hint}_${this.#names++}`;
  }

  /** The name of a constant that holds a value. */
  keep(js: string, hint?: string): string {
    const name = this.name(hint);
    this.emit(`const ${name} = ${js};`);
    return name;
  }

  /** The same value, of parts that may stand several times. */
  atoms<T extends Type>({ type, parts }: Value<T>): Value<T> {
    return {
      type,
      parts: parts.map((part) => isAtom(part) ? part : this.keep(part)),
    };
  }
}

/** Walks all expressions that are called inside a tree. */
export function* calls(
  tree: unknown,
): Generator<Expression & { kind: "call" }> {
  if (typeof tree !== "object" || tree === null) return;
  if ("callee" in tree) yield tree as Expression & { kind: "call" };
  for (const child of Object.values(tree)) yield* calls(child);
}
