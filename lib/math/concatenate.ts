/**
 * Puts arrays one after another.
 *
 * @module
 */

/**
 * Copies arrays into one.
 *
 * @param parts At least one; all of the same type.
 */
export function concatenate<T extends Float32Array | Uint8Array>(
  parts: readonly T[],
): T {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const joined = new (parts[0].constructor as new (length: number) => T)(
    length,
  );
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
