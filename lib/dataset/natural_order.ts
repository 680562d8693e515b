/**
 * The order in which a person counts: `2.png` before `10.png`.
 *
 * @module
 */

/**
 * Compares two names, runs of digits by their value and the rest by their
 * characters' codes, so that the order is the same on every machine.
 *
 * @returns Less than 0 if `a` comes first; 0 only if they are the same.
 */
export function naturally(a: string, b: string): number {
  const [left, right] = [a, b].map((name) => name.match(/\d+|\D+/g) ?? []);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareParts(left[i], right[i]);
    if (order !== 0) return order;
  }
  // Of names that count the same, as 1 and 01, any order will do, if it is one.
  return left.length - right.length || compare(a, b);
}

function compareParts(a: string, b: string): number {
  const isDigit = /^\d/;
  if (!isDigit.test(a) || !isDigit.test(b)) return compare(a, b);
  const [x, y] = [a, b].map((digits) => digits.replace(/^0+(?=\d)/, ""));
  return x.length - y.length || compare(x, y);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
