/**
 * Writes values as Python's pickle format has them: protocol 2, which every
 * Python 3 reads, without a memo, since nothing here is written twice.
 *
 * Source: https://github.com/python/cpython/blob/main/Lib/pickletools.py.
 *
 * @module
 */

/** A name in Python: its module, and what it is called there. */
export class PythonName {
  /** Names `module.name`. */
  constructor(readonly module: string, readonly name: string) {}
}

/** What calling a function gives, when the pickle is read. */
export class PythonCall {
  /** Calls `callee` with `args`. */
  constructor(readonly callee: PythonName, readonly args: PythonTuple) {}
}

/** A tuple; arrays are lists. */
export class PythonTuple {
  /** Makes a tuple of items. */
  readonly items: readonly PythonValue[];
  constructor(...items: readonly PythonValue[]) {
    this.items = items;
  }
}

/** What the reader knows by this id. */
export class PersistentId {
  /** Refers to what is called `id`. */
  constructor(readonly id: PythonValue) {}
}

/**
 * What can be written: a number is a float and a bigint an int, for Python tells
 * them apart; an array is a list, a map a dict.
 */
export type PythonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PythonValue[]
  | ReadonlyMap<string | bigint, PythonValue>
  | PythonName
  | PythonCall
  | PythonTuple
  | PersistentId;

/**
 * Writes a value as `pickle.dumps(value, protocol=2)` does, but for the memo.
 *
 * @throws {RangeError} If a name has a line break.
 */
export function encodePickle(value: PythonValue): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [0x80, 2]; // PROTO
  write(value, bytes);
  bytes.push(0x2e); // STOP
  return Uint8Array.from(bytes);
}

function write(value: PythonValue, to: number[]): void {
  if (value === null) to.push(0x4e); // NONE
  else if (value === true) to.push(0x88); // NEWTRUE
  else if (value === false) to.push(0x89); // NEWFALSE
  else if (typeof value === "number") writeFloat(value, to);
  else if (typeof value === "bigint") writeInt(value, to);
  else if (typeof value === "string") writeText(value, to);
  else if (value instanceof PythonName) writeName(value, to);
  else if (value instanceof PythonTuple) writeTuple(value.items, to);
  else if (value instanceof PythonCall) {
    write(value.callee, to);
    write(value.args, to);
    to.push(0x52); // REDUCE
  } else if (value instanceof PersistentId) {
    write(value.id, to);
    to.push(0x51); // BINPERSID
  } else if (value instanceof Map) {
    to.push(0x7d); // EMPTY_DICT
    writeItems([...value], 0x73, 0x75, to); // SETITEM, SETITEMS
  } else {
    to.push(0x5d); // EMPTY_LIST
    const items = (value as readonly PythonValue[]).map((item) => [item]);
    writeItems(items, 0x61, 0x65, to); // APPEND, APPENDS
  }
}

/** Writes what a list or dict gets: one item, or several behind a mark. */
function writeItems(
  items: readonly (readonly PythonValue[])[],
  one: number,
  several: number,
  to: number[],
): void {
  if (items.length === 0) return;
  if (items.length > 1) to.push(0x28); // MARK
  for (const value of items.flat(1)) write(value, to);
  to.push(items.length > 1 ? several : one);
}

function writeTuple(items: readonly PythonValue[], to: number[]): void {
  if (items.length > 3) to.push(0x28); // MARK
  for (const item of items) write(item, to);
  // EMPTY_TUPLE, TUPLE1 to TUPLE3, TUPLE
  to.push([0x29, 0x85, 0x86, 0x87][items.length] ?? 0x74);
}

/** Writes the one number that is big-endian. */
function writeFloat(value: number, to: number[]): void {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  to.push(0x47, ...new Uint8Array(view.buffer)); // BINFLOAT
}

function writeInt(value: bigint, to: number[]): void {
  const isShort = BigInt.asIntN(32, value) === value;
  if (!isShort) { // LONG1: its length, then the bytes, the lowest first
    const bytes: number[] = [];
    let rest = value;
    for (; BigInt.asIntN(8, rest) !== rest; rest >>= 8n) {
      bytes.push(Number(rest & 255n));
    }
    to.push(0x8a, bytes.length + 1, ...bytes, Number(rest & 255n));
  } else if (value >= 0n && value < 256n) to.push(0x4b, Number(value)); // BININT1
  else if (value >= 0n && value < 65536n) {
    to.push(0x4d, ...le(Number(value)).subarray(0, 2)); // BININT2
  } else to.push(0x4a, ...le(Number(value))); // BININT
}

function writeText(value: string, to: number[]): void {
  const utf8 = new TextEncoder().encode(value);
  to.push(0x58, ...le(utf8.length)); // BINUNICODE
  for (const byte of utf8) to.push(byte);
}

function writeName({ module, name }: PythonName, to: number[]): void {
  if (/\n/.test(module + name)) {
    throw new RangeError(`a name with a line break: ${module}.${name}`);
  }
  to.push(0x63, ...new TextEncoder().encode(`${module}\n${name}\n`)); // GLOBAL
}

/** Four bytes, the lowest first. */
function le(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, value, true);
  return new Uint8Array(view.buffer);
}
