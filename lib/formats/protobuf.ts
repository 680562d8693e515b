/**
 * Writes the wire format of protocol buffers.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 *
 * @module
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

const encoder = new TextEncoder();

/** Joins fields into a message. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

/**
 * Writes a field of type int64 or of an enum.
 *
 * @param value A whole number, at least 0.
 */
export function integer(field: number, value: number): Uint8Array {
  return Uint8Array.from([...tag(field, VARINT), ...varint(value)]);
}

/** Writes a field of type float. */
export function float(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return message(Uint8Array.from(tag(field, FIXED_32)), bytes);
}

/** Writes a field of type string or bytes, or one that is a message itself. */
export function bytes(field: number, value: string | Uint8Array): Uint8Array {
  const content = typeof value === "string" ? encoder.encode(value) : value;
  const head = [...tag(field, LENGTH_DELIMITED), ...varint(content.length)];
  return message(Uint8Array.from(head), content);
}

function tag(field: number, type: number): number[] {
  return varint(field * 8 + type);
}

/**
 * Splits a number into seven bits a byte, the lowest first; the top bit of each
 * byte says that more follow.
 */
function varint(value: number): number[] {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) {
    bytes.push(value % 128 + 128);
  }
  return [...bytes, value];
}
