/// <reference lib="dom" />
/**
 * The way between two points.
 *
 * @module
 */
import { interpolate } from "../../latent/interpolate.ts";
import { byId, inFrame, onClick, prefersStillness, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { texts, write } from "./language.ts";
import { paint } from "./picture.ts";
import { onTheme } from "./theme.ts";

const DIGITS = 9;
/** Milliseconds from A to B. */
const DURATION = 2500;

/** Its ends, its strip of digits, and its animation. */
export class Walk {
  readonly #explorer: Explorer;
  readonly #onEnds: (() => void)[] = [];
  #ends: [Float32Array, Float32Array] | null = null;
  #next: 0 | 1 = 0;
  /** Changes when an animation must end. */
  #run = 0;
  #isPlaying = false;

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
    const draw = inFrame(async () => {
      if (!this.#ends) return;
      const way = interpolate(...this.#ends, DIGITS);
      paint(
        byId<HTMLCanvasElement>("strip"),
        await explorer.decode(way),
        DIGITS,
      );
    });
    this.onEnds(draw);
    explorer.onLabel(draw);
    onTheme(draw);
    explorer.onModel(() => {
      this.#stop();
      this.#ends = firstEnds(explorer);
      this.#changed();
    });
    onClick("set-a", () => this.#set(0, explorer.z));
    onClick("set-b", () => this.#set(1, explorer.z));
    onClick("play", () => this.#isPlaying ? this.#stop() : this.#play());
  }

  /** A and B, or null where the model has no points to begin with. */
  get ends(): readonly [Float32Array, Float32Array] | null {
    return this.#ends;
  }

  /** Makes these points A and B. */
  setEnds(a: Float32Array, b: Float32Array): void {
    this.#stop();
    this.#ends = [a.slice(), b.slice()];
    this.#next = 0;
    this.#changed();
  }

  /** Runs when an end has changed. */
  onEnds(listener: () => void): void {
    this.#onEnds.push(listener);
  }

  /** Makes a point A, the next one B, and so on. */
  setNext(z: Float32Array): void {
    this.#set(this.#next, z);
  }

  #set(end: 0 | 1, z: Float32Array): void {
    this.#ends ??= [z.slice(), z.slice()];
    this.#ends[end] = z.slice();
    this.#next = end === 0 ? 1 : 0;
    this.#changed();
    say(texts().walk.isSet("AB"[end]));
  }

  #changed(): void {
    byId<HTMLButtonElement>("play").disabled = this.#ends === null;
    this.#onEnds.forEach((listener) => listener());
  }

  #stop(): void {
    this.#run++;
    this.#isPlaying = false;
    write(byId("play"), ({ walk }) => walk.play);
  }

  #arrive(): void {
    this.#stop();
    say(texts().walk.arrived);
  }

  #play(): void {
    const [a, b] = this.#ends!;
    if (prefersStillness()) {
      this.#explorer.moveTo(b);
      this.#arrive();
      return;
    }
    const run = ++this.#run;
    this.#isPlaying = true;
    write(byId("play"), ({ walk }) => walk.stop);
    const start = performance.now();
    let here = this.#explorer.z;
    const step = (now: number) => {
      if (run !== this.#run) return;
      // The reader has gone elsewhere meanwhile.
      if (this.#explorer.z !== here) return this.#stop();
      const t = Math.max(0, Math.min(1, (now - start) / DURATION));
      const eased = t * t * (3 - 2 * t);
      this.#explorer.moveTo(a.map((x, d) => x + eased * (b[d] - x)));
      here = this.#explorer.z;
      if (t < 1) requestAnimationFrame(step);
      else this.#arrive();
    };
    requestAnimationFrame(step);
  }
}

/** Two encoded pictures, of different classes if there are classes. */
function firstEnds(
  { model: { mu, labels, options: { latentDim } } }: Explorer,
): [Float32Array, Float32Array] | null {
  const point = (i: number) => mu.slice(i * latentDim, (i + 1) * latentDim);
  if (mu.length < 2 * latentDim) return null;
  const other = labels?.findIndex((label) => label !== labels[0]) ?? 1;
  return [point(0), point(Math.max(1, other))];
}
