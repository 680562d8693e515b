/**
 * The part of Python's pickle format that weights need. Nothing is executed: a
 * name leads to a function of the caller's table or is refused.
 *
 * Source: https://github.com/python/cpython/blob/main/Lib/pickletools.py.
 *
 * @module
 */
import { display, ImportError } from "../interop/error.ts";

/** A name that a pickle may use. */
export interface Global {
  /** Module and name: `torch.FloatStorage`. */
  readonly global: string;
  /** What calling it gives; without it, it can only be named. */
  readonly call?: (args: readonly Value[]) => Value;
}

/**
 * A value in a pickle: lists and frozen tuples are arrays, dicts are maps, and
 * whatever else the table's functions make. It may contain itself.
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

/** What a pickle may lead to. */
export interface Unpickling {
  /** The names it may use. */
  readonly globals: ReadonlyMap<string, Global>;
  /** The object that a persistent id stands for. */
  readonly persistent: (id: Value) => Value;
}

/** Larger pickles are refused: one of a model has a few thousand bytes. */
const MAX_BYTES = 16 * 2 ** 20;

const MAX_STACK = 100_000;
const MAX_VALUES = 200_000;
const MAX_TEXT = 2 ** 20;

/**
 * Reads a pickle of protocol 2 to 5.
 *
 * @throws {ImportError} If it uses a name that is not in the table, an opcode
 * that weights do not need, or is damaged.
 */
export function unpickle(
  bytes: Uint8Array,
  { globals, persistent }: Unpickling,
): Value {
  if (bytes.length > MAX_BYTES) {
    throw new ImportError(
      `the pickle has ${bytes.length} bytes, more than the ${MAX_BYTES} that ` +
        "are read: save the state dict alone",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stack: Value[] = [];
  const marks: number[] = [];
  const memo = new Map<number, Value>();
  let at = 0;
  let opcodeAt = 0;
  let values = 0;

  const refuse = (reason: string) =>
    new ImportError(`the pickle ${reason} (byte ${opcodeAt})`);
  const take = (length: number): number => {
    if (length > bytes.length - at) throw refuse("ends too early");
    at += length;
    return at - length;
  };
  const u8 = () => view.getUint8(take(1));
  const u32 = () => view.getUint32(take(4), true);
  /** Larger lengths than a number holds exactly are too large anyway. */
  const u64 = () => Number(view.getBigUint64(take(8), true));

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

  const binary = (length: number): Uint8Array => {
    if (length > MAX_TEXT) {
      throw refuse(`has a text of ${length} bytes, over the ${MAX_TEXT}`);
    }
    const begin = take(length);
    return bytes.subarray(begin, begin + length);
  };
  const text = (length: number): string => {
    const encoded = binary(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(encoded);
    } catch (cause) {
      throw new ImportError(refuse("has a text that is not UTF-8").message, {
        cause,
      });
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw refuse("ends too early");
    const word = text(end - at);
    take(1);
    return word;
  };
  const integer = (length: number): number | bigint => {
    const begin = take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) {
      value = value << 8n | BigInt(bytes[begin + i]);
    }
    value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  };

  const find = (module: Value, name: Value): Global => {
    if (typeof module !== "string" || typeof name !== "string") {
      throw refuse("has a name that is not a text");
    }
    const global = `${module}.${name}`;
    const found = globals.get(global);
    if (found) return found;
    throw new ImportError(
      `${display(global)} is not allowed in a weights file: save ` +
        "model.state_dict(), not a whole model or other objects",
    );
  };
  const call = (callee: Value, args: Value): Value => {
    const isCallable = isGlobal(callee) && callee.call !== undefined;
    if (!isCallable || !isTuple(args)) throw refuse("calls what it cannot");
    return callee.call(args);
  };
  const append = (items: readonly Value[]) => {
    const list = top();
    if (!Array.isArray(list) || isTuple(list)) {
      throw refuse("appends to what is not a list");
    }
    for (const item of items) list.push(item);
  };
  const setItems = (items: readonly Value[]) => {
    const dict = top();
    if (!(dict instanceof Map) || items.length % 2 !== 0) {
      throw refuse("sets items of what is not a dict");
    }
    for (let i = 0; i < items.length; i += 2) {
      if (dict.has(items[i])) throw refuse("has a key twice in one dict");
      dict.set(items[i], items[i + 1]);
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
  while (true) {
    opcodeAt = at;
    const opcode = u8();
    switch (opcode) {
      case 0x80: { // PROTO
        const protocol = u8();
        if (opcodeAt > 0 || protocol < 2 || protocol > 5) {
          throw refuse(`has protocol ${protocol}, not 2 to 5 at its beginning`);
        }
        break;
      }
      case 0x95: // FRAME
        if (u64() > bytes.length - at) throw refuse("ends too early");
        break;
      case 0x2e: { // STOP
        const value = pop();
        if (stack.length > 0 || marks.length > 0 || at < bytes.length) {
          throw refuse("has something left over at its end");
        }
        return value;
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
        push(view.getInt32(take(4), true));
        break;
      case 0x4b: // BININT1
        push(u8());
        break;
      case 0x4d: // BININT2
        push(view.getUint16(take(2), true));
        break;
      case 0x8a: // LONG1
        push(integer(u8()));
        break;
      case 0x47: // BINFLOAT
        push(view.getFloat64(take(8)));
        break;
      case 0x58: // BINUNICODE
        push(text(u32()));
        break;
      case 0x8c: // SHORT_BINUNICODE
        push(text(u8()));
        break;
      case 0x8d: // BINUNICODE8
        push(text(u64()));
        break;
      case 0x42: // BINBYTES
        push(binary(u32()));
        break;
      case 0x43: // SHORT_BINBYTES
        push(binary(u8()));
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

      case 0x71: // BINPUT
        remember(u8());
        break;
      case 0x72: // LONG_BINPUT
        remember(u32());
        break;
      case 0x94: // MEMOIZE
        remember(memo.size);
        break;
      case 0x68: // BINGET
        recall(u8());
        break;
      case 0x6a: // LONG_BINGET
        recall(u32());
        break;

      case 0x63: // GLOBAL
        push(find(line(), line()));
        break;
      case 0x93: { // STACK_GLOBAL
        const [module, name] = popTuple(2);
        push(find(module, name));
        break;
      }
      case 0x51: // BINPERSID
        push(persistent(pop()));
        break;
      case 0x52: { // REDUCE
        const [callee, args] = popTuple(2);
        push(call(callee, args));
        break;
      }
      case 0x62: // BUILD: the `_metadata` of a state dict, which says nothing
        pop();
        if (!(top() instanceof Map)) {
          throw refuse("gives attributes to what is not a dict");
        }
        break;

      default:
        throw refuse(
          `has opcode 0x${opcode.toString(16).padStart(2, "0")}, which ` +
            "weights do not need",
        );
    }
  }
}

/** Whether a value is a name of the table. */
export function isGlobal(value: Value): value is Global {
  return typeof value === "object" && value !== null && "global" in value;
}

/** Whether a value is a tuple. */
export function isTuple(value: Value): value is readonly Value[] {
  return Array.isArray(value) && Object.isFrozen(value);
}
