/**
 * Which value of an array of pictures is black and which is white. Where it cannot
 * be known, it is said what is taken for it, or the array is refused.
 *
 * @module
 */
import type { StoredArray } from "../formats/elements.ts";
import { display, FormatError } from "../formats/error.ts";
import { show } from "../text.ts";
import { pausing } from "./convert.ts";

/** An array of pictures, and what it is called in messages, if anything. */
export interface NamedArray {
  readonly name: string;
  readonly array: StoredArray;
}

/** The values of black and of white. */
export interface Scale {
  readonly black: number;
  readonly white: number;
  /** What was assumed, if anything had to be. */
  readonly note?: string;
}

/** The largest values that stand for white if they are the largest of all. */
const LEVELS = [1, 15, 16];

/** The whites of bytes, and of pairs of them. */
const FULL = [255, 65535];

/** How far rounding takes a value out of 0 to 1. */
const TOLERANCE = 1e-4;

const ADVICE = "save pixels as uint8 from 0 to 255, or as floats from 0 to 1";

/**
 * Finds the scale that arrays have in common: the whole of it, for no row alone
 * tells.
 *
 * @param arrays Numbers, one picture a row.
 * @param signal Stops the reading; the promise rejects with its reason.
 * @throws {FormatError} If a value is not finite, or if there is no scale that is
 * known.
 */
export async function findScale(
  arrays: readonly NamedArray[],
  signal?: AbortSignal,
): Promise<Scale> {
  const { name } = arrays[0].array.dtype;
  const other = arrays.find(({ array }) => array.dtype.name !== name);
  if (other) {
    throw new FormatError(
      `pictures of ${name} and of ${other.array.dtype.name} have no scale in ` +
        `common: ${ADVICE}`,
    );
  }
  if (name === "bool") return { black: 0, white: 1 };
  const range = await rangeOf(arrays, name, signal);
  const scale = scaleOf(name, range);
  if (!scale) {
    const { min, max } = range;
    const { value, where } = min.value < -TOLERANCE ? min : max;
    throw new FormatError(
      `${where} has the value ${show(value)}, ${
        value < 0 ? "the smallest" : "the largest"
      } of all, which is of no scale that is known: ${ADVICE}`,
    );
  }
  const { black, white, isUsual } = scale;
  if (isUsual) return { black, white };
  const { min, max } = range;
  return {
    black,
    white,
    note: `the values of the pictures go from ${show(min.value)} to ${
      show(max.value)
    } and are taken as ${black}, black, to ${white}, white`,
  };
}

/** A value, and the picture that has it. */
interface Extreme {
  readonly value: number;
  readonly where: string;
}

interface Range {
  readonly min: Extreme;
  readonly max: Extreme;
  /** Whether all values are integers. */
  readonly isWhole: boolean;
}

async function rangeOf(
  arrays: readonly NamedArray[],
  dtype: string,
  signal: AbortSignal | undefined,
): Promise<Range> {
  // Bytes above all levels are bytes from 0 to 255: what follows cannot matter.
  const enough = dtype === "uint8" ? Math.max(...LEVELS) : Infinity;
  let min: Extreme = { value: Infinity, where: "" };
  let max: Extreme = { value: -Infinity, where: "" };
  let isWhole = true;
  const rest = pausing(arrays.length, { signal });
  for (const [i, { name, array }] of arrays.entries()) {
    for (const { values, rowOf } of array.parts()) {
      if (max.value > enough) return { min, max, isWhole };
      await rest(i);
      const extreme = (at: number): Extreme => ({
        value: values[at],
        where: `picture ${rowOf(at)}${name && ` of ${display(name)}`}, ` +
          "counted from 0,",
      });
      let [least, most, zero] = [Infinity, -Infinity, 0];
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        if (value < least) least = value;
        if (value > most) most = value;
        if (isWhole && value !== Math.floor(value)) isWhole = false;
        // NaN and infinities have no difference of zero to themselves.
        zero += value - value;
      }
      if (zero !== 0) {
        const { value, where } = extreme(
          values.findIndex((value) => !Number.isFinite(value)),
        );
        throw new FormatError(`${where} has the value ${show(value)}`);
      }
      if (least < min.value) min = extreme(values.indexOf(least));
      if (most > max.value) max = extreme(values.indexOf(most));
    }
  }
  return { min, max, isWhole };
}

/** Returns the scale, and whether it needs no word. */
function scaleOf(
  name: string,
  { min: { value: min }, max: { value: max }, isWhole }: Range,
): Scale & { readonly isUsual?: boolean } | undefined {
  const isFloat = name.startsWith("float");
  if (min < -TOLERANCE) {
    // Less than half of −1 are overshoots of some filter, whose black is 0.
    return min >= -1 - TOLERANCE && min <= -0.5 && max <= 1 + TOLERANCE
      ? { black: -1, white: 1 }
      : undefined;
  }
  if (max <= 1 + TOLERANCE) {
    return { black: 0, white: 1, isUsual: isFloat && max >= 0.5 };
  }
  if (isWhole && LEVELS.includes(max)) return { black: 0, white: max };
  if (name === "uint8") return { black: 0, white: 255, isUsual: true };
  if (name === "uint16") {
    return max <= 255
      ? { black: 0, white: 255 }
      : { black: 0, white: 65535, isUsual: max > 65535 / 2 };
  }
  // A wider type says nothing of its white: the largest value must come near it.
  const white = FULL.find((white) => max <= white && max > white / 2);
  return white === undefined ? undefined : { black: 0, white };
}
