/**
 * Where a reader is, as the hash of an address:
 * `#m=3f9a12bc&z=0,1.2,-0.86&x=3&t=0.8&v=1`.
 *
 * @module
 */
import { DIGITS } from "../../dataset/class_names.ts";
import type { Plan, PlanEvent } from "../training_plan.ts";

/** What a link says; what it leaves out is as the page begins with it. */
export interface LinkState {
  /** The digest of the model's weights, of which the link was made. */
  readonly model?: string;
  /** The current point. */
  readonly z?: readonly number[];
  /** The model's picture that is followed, from 0, and the number of its draw. */
  readonly picture?: number;
  readonly roll?: number;
  /** The class that is drawn there, of a model that is told of classes. */
  readonly label?: number;
  /** The map's dimensions, to the right and upward. */
  readonly across?: number;
  readonly up?: number;
  /** The ends of the walk. */
  readonly a?: readonly number[];
  readonly b?: readonly number[];
  /** Of the samples. */
  readonly temperature?: number;
  readonly seed?: number;
  /** The one class whose dots are shown. */
  readonly only?: number;
  readonly language?: string;
  /** The open lesson, the first is 1. */
  readonly lesson?: number;
  /** How a model was trained in the page. */
  readonly run?: Plan;
}

/** What was read in a hash. */
export interface Reading {
  readonly state: LinkState;
  /** The keys whose values are none. */
  readonly unread: readonly string[];
  /** Why this may not be all that was sent. */
  readonly doubt: "long" | "cut" | "newer" | null;
}

const VERSION = 1;
/** Characters that are read; a run whose β is turned at each step has fewer. */
const LONGEST = 50_000;
const CLASS_COUNTS = [0, DIGITS.length];
const LESSONS = 6;
const MOST_DIMENSIONS = 512;
const MOST_PICTURES = 100_000, MOST_ROLLS = 1_000_000;
const MOST_EVENTS = 4000;
/** What a run in a link may ask of a machine: some minutes, and it can be paused. */
const MOST_EPOCHS = 1000, WIDEST_RUN = 64, HIGHEST_BETA = 10_000;

/** How a value is written, and read: undefined is what it is not. */
interface Field<T> {
  readonly key: string;
  readonly write: (value: T) => string;
  readonly read: (text: string) => T | undefined;
}

/** In the order in which they are written. */
const FIELDS: {
  readonly [K in keyof LinkState]-?: Field<NonNullable<LinkState[K]>>;
} = {
  model: {
    key: "m",
    write: String,
    read: (text) => /^[0-9a-f]{8}$/.test(text) ? text : undefined,
  },
  z: { key: "z", write: writePoint, read: readPoint },
  picture: counted("p", MOST_PICTURES),
  roll: { key: "r", write: String, read: whole(0, MOST_ROLLS) },
  label: { key: "c", write: String, read: whole(0, 255) },
  across: counted("x", MOST_DIMENSIONS),
  up: counted("y", MOST_DIMENSIONS),
  a: { key: "a", write: writePoint, read: readPoint },
  b: { key: "b", write: writePoint, read: readPoint },
  temperature: { key: "t", write: rounded, read: number(0, 2) },
  seed: { key: "s", write: String, read: whole(0, 2 ** 32 - 1) },
  only: { key: "only", write: String, read: whole(0, 255) },
  language: {
    key: "lang",
    write: String,
    read: (text) => /^[a-z]{2,3}(-[a-z]{2,8})?$/i.test(text) ? text : undefined,
  },
  lesson: { key: "lesson", write: String, read: whole(1, LESSONS) },
  run: { key: "run", write: writePlan, read: readPlan },
};
const ENTRIES = Object.entries(FIELDS) as [keyof LinkState, Field<unknown>][];

/** What each part of a state is called in a hash. */
export const KEYS = Object.fromEntries(
  ENTRIES.map(([name, { key }]) => [name, key]),
) as Readonly<Record<keyof LinkState, string>>;

/**
 * Writes a state as a hash, so that it may stand in an address as it is.
 *
 * @param usual What is as in this one is left out.
 */
export function encodeLink(state: LinkState, usual: LinkState = {}): string {
  const parts = ENTRIES.flatMap(([name, { key, write }]) => {
    const [value, other] = [state[name], usual[name]];
    if (value === undefined) return [];
    const text = write(value);
    return other !== undefined && write(other) === text
      ? []
      : [`${key}=${text}`];
  });
  // It stands last, to tell whether the end of a link was lost.
  return `#${[...parts, `v=${VERSION}`].join("&")}`;
}

/** Reads a hash, whoever wrote it; null if it is no state, as `#main`. */
export function decodeLink(hash: string): Reading | null {
  if (hash.length > LONGEST) return { state: {}, unread: [], doubt: "long" };
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const state: Record<string, unknown> = {};
  const unread: string[] = [];
  for (const [name, { key, read }] of ENTRIES) {
    const text = values.get(key);
    if (text === null) continue;
    const value = read(text);
    if (value === undefined) unread.push(key);
    else state[name] = value;
  }
  const version = values.get("v");
  if (version === null && unread.length + Object.keys(state).length === 0) {
    return null;
  }
  // What a person writes by hand names neither model nor version.
  const doubt = !version
    ? values.has("m") ? "cut" : null
    : version === String(VERSION)
    ? null
    : "newer";
  return { state, unread, doubt };
}

/**
 * Eight hexadecimal digits that tell one model's weights from another's: FNV-1a
 * over words of 32 bits. `crypto.subtle` is missing where a page comes by plain
 * HTTP from another computer, and nobody is kept out by this.
 */
export function digestOf(weights: Float32Array): string {
  const words = new Uint32Array(
    weights.buffer,
    weights.byteOffset,
    weights.length,
  );
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  // High bits have not reached low ones yet: MurmurHash3's last lines do that.
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return ((hash ^ hash >>> 16) >>> 0).toString(16).padStart(8, "0");
}

function number(low: number, high: number) {
  return (text: string): number | undefined => {
    // No sign of a number that is not finite, and none of a length without end.
    if (!/^-?\d{1,10}(\.\d{1,25})?(e-\d{1,2})?$/.test(text)) return undefined;
    const value = Number(text);
    return value >= low && value <= high ? value : undefined;
  };
}

function whole(low: number, high: number) {
  return (text: string): number | undefined =>
    /^\d+$/.test(text) ? number(low, high)(text) : undefined;
}

/** What is counted from 0 here, and from 1 in a link as on the page. */
function counted(key: string, most: number): Field<number> {
  return {
    key,
    write: (value) => String(value + 1),
    read: (text) => {
      const value = whole(1, most)(text);
      return value === undefined ? undefined : value - 1;
    },
  };
}

/** A tenth of a slider's step is more than anyone sees. */
function rounded(value: number): string {
  return String(Number(value.toFixed(3)) + 0);
}

function writePoint(z: readonly number[]): string {
  return z.map(rounded).join();
}

function readPoint(text: string): number[] | undefined {
  const numbers = text.split(",", MOST_DIMENSIONS + 1)
    .map(number(-1e6, 1e6));
  return numbers.length <= MOST_DIMENSIONS ? allOf(numbers) : undefined;
}

/** All of them, if all of them are. */
function allOf<T>(values: readonly (T | undefined)[]): T[] | undefined {
  return values.includes(undefined) ? undefined : values as T[];
}

/** `seed:7,dim:8,beta:1,loss:bce,classes:0,epochs:20,300:4,stop:900`. */
function writePlan(
  { seed, latentDim, beta, likelihood, classCount, epochs, events, stopped }:
    Plan,
): string {
  return [
    ...[`seed:${seed}`, `dim:${latentDim}`, `beta:${beta}`],
    ...[`loss:${likelihood}`, `classes:${classCount}`, `epochs:${epochs}`],
    ...events.map(({ step, beta }) => `${step}:${beta}`),
    ...stopped === null ? [] : [`stop:${stopped}`],
  ].join();
}

function readPlan(text: string): Plan | undefined {
  const pairs = text.split(",", MOST_EVENTS + 8)
    .map((pair) => pair.split(":", 3) as [string, string]);
  if (pairs.some(({ length }) => length !== 2)) return undefined;
  const [start, turns] = [false, true].map((isTurn) =>
    pairs.filter(([name]) => /^\d/.test(name) === isTurn)
  );
  const values = new Map(start);
  const take = <T>(name: string, read: (text: string) => T | undefined) => {
    const value = read(values.get(name) ?? "");
    values.delete(name);
    return value;
  };
  const beta = number(0, HIGHEST_BETA);
  const step = whole(0, 1e6);
  const events = allOf(turns.map(([name, value]): PlanEvent | undefined => {
    const event = { step: step(name), beta: beta(value) };
    return allOf([event.step, event.beta]) && event as PlanEvent;
  }));
  const stopped = values.has("stop") ? take("stop", step) : null;
  const plan = {
    seed: take("seed", whole(0, 2 ** 32 - 1)),
    latentDim: take("dim", whole(1, WIDEST_RUN)),
    beta: take("beta", beta),
    likelihood: take(
      "loss",
      (text) => text === "mse" || text === "bce" ? text : undefined,
    ),
    // The page's digits are of ten classes, of which a model is told or not.
    classCount: take(
      "classes",
      (text) => CLASS_COUNTS.find((count) => String(count) === text),
    ),
    epochs: take("epochs", whole(1, MOST_EPOCHS)),
    events,
    stopped,
  };
  const isSorted = events?.every(({ step }, i) =>
    i === 0 || step > events[i - 1].step
  );
  // What is left over may be what makes the run another.
  return isSorted && events!.length <= MOST_EVENTS && values.size === 0 &&
      allOf(Object.values(plan))
    ? plan as Plan
    : undefined;
}
