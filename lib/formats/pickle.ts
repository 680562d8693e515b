/**
 * The part of Python's pickle format that plain objects need. Nothing is
 * executed: a name leads to a function of the caller's table, or to an object of
 * which only its class's name and its attributes are known.
 *
 * Source: https://github.com/python/cpython/blob/main/Lib/pickletools.py.
 *
 * @module
 */
import { FormatError } from "./error.ts";
import { PickleReader } from "./pickle_reader.ts";

/** A name that a pickle may use. */
export interface Global {
  /** Module and name: `torch.FloatStorage`. */
  readonly global: string;
  /** What calling it gives; without it, it can only be named. */
  readonly call?: (args: readonly Value[]) => Value;
}

/**
 * An object that the caller's table knows no way to make. Whatever made it in
 * Python has not been run.
 */
export class Foreign {
  /** Its attributes, or its items where it is a kind of dict. */
  readonly items: Map<Value, Value> = new Map();

  /** Makes an object of what its class, or the function that made it, is called. */
  constructor(
    readonly className: string,
    readonly args: readonly Value[] = [],
  ) {}
}

/**
 * A value in a pickle: lists and frozen tuples are arrays, dicts are maps, sets
 * are {@linkcode Foreign}, and whatever else the table's functions make. It may
 * contain itself.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | readonly Value[]
  | Map<Value, Value>
  | Global
  | object;

/** What the caller lets a pickle lead to. */
export interface Unpickling {
  /** The names that mean something; every other makes a {@linkcode Foreign}. */
  readonly globals: ReadonlyMap<string, Global>;
  /** The object that a persistent id stands for. */
  readonly persistent: (id: Value) => Value;
  /** Told of every name that the table does not know. */
  readonly onForeign?: (name: string) => void;
}

/** Refuses larger pickles: one of a model has a few thousand bytes. */
const MAX_BYTES = 16 * 2 ** 20;

const MAX_STACK = 100_000;

/** As many as the losses of 50,000 steps, as NumPy's scalars. */
const MAX_VALUES = 500_000;

/** What a pickle holds. */
export interface Pickle {
  readonly value: Value;
  /** Bytes of it: others may follow. */
  readonly length: number;
}

/**
 * Reads a pickle of protocol 2 to 5, with which `bytes` ends.
 *
 * @throws {FormatError} If it has an opcode that is not known here, or is
 * damaged.
 */
export function unpickle(bytes: Uint8Array, given: Unpickling): Value {
  if (bytes.length > MAX_BYTES) {
    throw new FormatError(
      `the pickle has ${bytes.length} bytes, more than the ${MAX_BYTES} that ` +
        "are read: save the state dict alone",
    );
  }
  const { value, length } = unpickleFirst(bytes, given);
  if (length === bytes.length) return value;
  throw new FormatError(
    `the pickle has something left over at its end (byte ${length})`,
  );
}

/**
 * Reads the pickle with which `bytes` begins.
 *
 * @throws {FormatError} As {@linkcode unpickle}.
 */
export function unpickleFirst(
  bytes: Uint8Array,
  { globals, persistent, onForeign }: Unpickling,
): Pickle {
  const reader = new PickleReader(bytes.subarray(0, MAX_BYTES));
  const refuse = (reason: string) => reader.refuse(reason);
  const stack: Value[] = [];
  const marks: number[] = [];
  const memo = new Map<number, Value>();
  let values = 0;

  const push = (value: Value) => {
    if (stack.length >= MAX_STACK || ++values > MAX_VALUES) {
      throw refuse("has more values than weights need");
    }
    stack.push(value);
  };
  const pop = (): Value => {
    if (stack.length <= (marks.at(-1) ?? 0)) {
      throw refuse("takes a value where there is none");
    }
    return stack.pop()!;
  };
  /** Pops `count` values, the topmost last in the result. */
  const popTuple = (count: number) =>
    Object.freeze(Array.from({ length: count }, pop).reverse());
  const popMarked = (): Value[] => {
    const mark = marks.pop();
    if (mark === undefined) throw refuse("lacks a mark");
    return stack.splice(mark);
  };
  const top = (): Value => {
    const value = pop();
    stack.push(value);
    return value;
  };

  const find = (module: Value, name: Value): Global => {
    if (typeof module !== "string" || typeof name !== "string") {
      throw refuse("has a name that is not a text");
    }
    const global = `${module}.${name}`;
    const found = globals.get(global);
    if (found) return found;
    onForeign?.(global);
    return { global, call: (args) => new Foreign(global, args) };
  };
  const call = (callee: Value, args: Value): Value => {
    // What an object's method returned, which has not been run either.
    if (callee instanceof Foreign) return new Foreign(callee.className);
    const isCallable = isGlobal(callee) && callee.call !== undefined;
    if (!isCallable || !isTuple(args)) throw refuse("calls what it cannot");
    return callee.call(args);
  };
  const append = (items: readonly Value[]) => {
    const list = top();
    if (list instanceof Foreign) return;
    if (!Array.isArray(list) || isTuple(list)) {
      throw refuse("appends to what is not a list");
    }
    for (const item of items) list.push(item);
  };
  const setItems = (items: readonly Value[]) => {
    const given = top();
    const dict = given instanceof Foreign ? given.items : given;
    if (!(dict instanceof Map) || items.length % 2 !== 0) {
      throw refuse("sets items of what is not a dict");
    }
    for (let i = 0; i < items.length; i += 2) {
      if (dict.has(items[i])) throw refuse("has a key twice in one dict");
      dict.set(items[i], items[i + 1]);
    }
  };
  /** An object's `__dict__`, or a pair of that and its `__slots__`. */
  const build = (state: Value) => {
    const object = top();
    if (typeof object !== "object" || object === null || isTuple(object)) {
      throw refuse("gives attributes to what has none");
    }
    // Of others they do not matter: the `_metadata` of a state dict.
    if (!(object instanceof Foreign)) return;
    for (const part of isTuple(state) ? state : [state]) {
      if (!(part instanceof Map)) continue;
      values += part.size;
      if (values > MAX_VALUES) {
        throw refuse("has more values than weights need");
      }
      for (const [key, value] of part) object.items.set(key, value);
    }
  };
  const remember = (index: number) => {
    if (memo.size >= MAX_VALUES) throw refuse("remembers too much");
    memo.set(index, top());
  };
  const recall = (index: number) => {
    const value = memo.get(index);
    if (value === undefined) throw refuse(`has no memo ${index}`);
    push(value);
  };

  if (bytes[0] !== 0x80) throw refuse("does not begin with its protocol");
  for (let isFirst = true;; isFirst = false) {
    const opcode = reader.opcode();
    switch (opcode) {
      case 0x80: { // PROTO
        const protocol = reader.u8();
        if (!isFirst || protocol < 2 || protocol > 5) {
          throw refuse(`has protocol ${protocol}, not 2 to 5 at its beginning`);
        }
        break;
      }
      case 0x95: // FRAME
        if (reader.u64() > reader.left) throw refuse("ends too early");
        break;
      case 0x2e: { // STOP
        const value = pop();
        if (stack.length > 0 || marks.length > 0) {
          throw refuse("has something left over at its end");
        }
        return { value, length: reader.at };
      }
      case 0x28: // MARK
        if (marks.length >= MAX_STACK) throw refuse("nests too deep");
        marks.push(stack.length);
        break;

      case 0x4e: // NONE
        push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        push(opcode === 0x88);
        break;
      case 0x4a: // BININT
        push(reader.i32());
        break;
      case 0x4b: // BININT1
        push(reader.u8());
        break;
      case 0x4d: // BININT2
        push(reader.u16());
        break;
      case 0x8a: // LONG1
        push(reader.integer(reader.u8()));
        break;
      case 0x47: // BINFLOAT
        push(reader.f64());
        break;
      case 0x58: // BINUNICODE
        push(reader.text(reader.u32()));
        break;
      case 0x8c: // SHORT_BINUNICODE
        push(reader.text(reader.u8()));
        break;
      case 0x8d: // BINUNICODE8
        push(reader.text(reader.u64()));
        break;
      case 0x42: // BINBYTES
        push(reader.binary(reader.u32()));
        break;
      case 0x43: // SHORT_BINBYTES
        push(reader.binary(reader.u8()));
        break;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        push(reader.binary(reader.u64()));
        break;

      case 0x29: // EMPTY_TUPLE
        push(popTuple(0));
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        push(popTuple(opcode - 0x84));
        break;
      case 0x74: // TUPLE
        push(Object.freeze(popMarked()));
        break;
      case 0x5d: // EMPTY_LIST
        push([]);
        break;
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(popMarked());
        break;
      case 0x7d: // EMPTY_DICT
        push(new Map());
        break;
      case 0x73: // SETITEM
        setItems(popTuple(2));
        break;
      case 0x75: // SETITEMS
        setItems(popMarked());
        break;

      case 0x8f: // EMPTY_SET
        push(new Foreign("builtins.set"));
        break;
      case 0x90: // ADDITEMS
        append(popMarked());
        break;
      case 0x91: // FROZENSET
        popMarked();
        push(new Foreign("builtins.frozenset"));
        break;

      case 0x71: // BINPUT
        remember(reader.u8());
        break;
      case 0x72: // LONG_BINPUT
        remember(reader.u32());
        break;
      case 0x94: // MEMOIZE
        remember(memo.size);
        break;
      case 0x68: // BINGET
        recall(reader.u8());
        break;
      case 0x6a: // LONG_BINGET
        recall(reader.u32());
        break;

      case 0x63: // GLOBAL
        push(find(reader.line(), reader.line()));
        break;
      case 0x93: { // STACK_GLOBAL
        const [module, name] = popTuple(2);
        push(find(module, name));
        break;
      }
      case 0x51: // BINPERSID
        push(persistent(pop()));
        break;
      case 0x81: // NEWOBJ
      case 0x52: { // REDUCE
        const [callee, args] = popTuple(2);
        push(call(callee, args));
        break;
      }
      case 0x92: { // NEWOBJ_EX: with keyword arguments, too
        const [callee] = popTuple(3);
        if (!isGlobal(callee)) throw refuse("calls what it cannot");
        push(new Foreign(callee.global));
        break;
      }
      case 0x62: // BUILD
        build(pop());
        break;

      default:
        throw refuse(
          `has opcode 0x${opcode.toString(16).padStart(2, "0")}, which ` +
            "weights do not need",
        );
    }
  }
}

/** Says whether a value is a name of the table. */
export function isGlobal(value: Value): value is Global {
  return typeof value === "object" && value !== null && "global" in value;
}

/** Says whether a value is a tuple. */
export function isTuple(value: Value): value is readonly Value[] {
  return Array.isArray(value) && Object.isFrozen(value);
}
