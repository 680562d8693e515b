/**
 * Axes: which numbers stand at them, and where each value lies. What draws them
 * may be a picture or an SVG file.
 *
 * @module
 */

/** Ticks of an axis, at most, where nothing else is asked for. */
const MOST_TICKS = 8;

/** An axis of a plot. */
export interface Axis {
  /** Returns where a value lies, in the plot's units of length. */
  readonly place: (value: number) => number;
  /** Where its ticks lie, and what is written there. */
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

/**
 * Lays out an axis.
 *
 * @param range The values at its two ends.
 * @param ends Where these lie; the second may be the smaller, as upward in a
 * picture.
 * @param values The values of its ticks.
 * @param texts What is written there.
 */
export function axis(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
  values: readonly number[] = ticks(low, high, MOST_TICKS),
  texts: readonly string[] = tickLabels(values),
): Axis {
  const place = (value: number) =>
    from + (to - from) * (value - low) / (high - low);
  return {
    place,
    ticks: values.map((value, i) => ({ at: place(value), text: texts[i] })),
  };
}

/**
 * Returns the multiples of a round step (1, 2 or 5 times a power of ten) from
 * `low` to `high`, the step being the smallest that gives at most `most` of them.
 *
 * @param smallestStep A step below this is not taken: 1 for whole numbers.
 *
 * @throws {RangeError} If the range is reversed or not finite.
 */
export function ticks(
  low: number,
  high: number,
  most: number,
  smallestStep = 0,
): number[] {
  if (low === high) return [low];
  if (!(high - low > 0 && high - low < Infinity)) {
    throw new RangeError(`an axis cannot run from ${low} to ${high}`);
  }
  for (let power = Math.floor(Math.log10((high - low) / most));; power++) {
    for (const digit of [1, 2, 5]) {
      // Dividing by a whole power of ten keeps 0.3 from being 0.30000000000000004.
      const at = (i: number) =>
        power < 0 ? i * digit / 10 ** -power : i * digit * 10 ** power;
      if (at(1) < smallestStep) continue;
      const first = Math.ceil(low / at(1) - 1e-9);
      const count = Math.floor(high / at(1) + 1e-9) - first + 1;
      if (count > most) continue;
      // `|| 0`: the first may be −0.
      return Array.from({ length: count }, (_, i) => at(first + i) || 0);
    }
  }
}

/**
 * Writes ticks as text, each with the decimals their step needs and no more; from a
 * hundred thousand up, and below a thousandth, in scientific notation.
 */
export function tickLabels(values: readonly number[]): string[] {
  if (values.length < 2) return values.map(String);
  const largest = Math.max(...values.map(Math.abs));
  const magnitude = Math.floor(Math.log10(largest) + 1e-9);
  const exponent = magnitude >= 5 || magnitude < -3 ? magnitude : 0;
  const stepPower = Math.floor(Math.log10(values[1] - values[0]) + 1e-9);
  const decimals = Math.max(0, exponent - stepPower);
  return values.map((value) =>
    exponent === 0 || value === 0
      ? value.toFixed(value === 0 ? 0 : decimals)
      : `${(value / 10 ** exponent).toFixed(decimals)}e${exponent}`
  );
}

/**
 * Returns the range of an axis: all values and a little room on both sides. It
 * does not go below zero if no value does.
 */
export function axisRange(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const scale = Math.max(Math.abs(low), Math.abs(high));
  // Equal values, or so close that ticks between them would be rounding errors.
  const flat = high - low <= 1e-9 * scale;
  const room = flat ? 0.1 * scale || 1 : 0.06 * (high - low);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}
