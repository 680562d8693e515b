/// <reference lib="dom" />
/**
 * The held-out digits where the network in training places them.
 *
 * @module
 */
import { prefersStillness } from "./dom.ts";
import { subscript } from "./kl_bars.ts";
import type { View } from "./messages.ts";
import { fitToScreen } from "./picture.ts";
import { classColor, color } from "./theme.ts";

/** Standard deviations of the prior from the middle to the edge, at least. */
const RANGE = 3;
/** Milliseconds that a digit takes to where it is next. */
const MOVE = 160;
/** As much more must a dimension tell to become one of the axes. */
const CLEARLY = 1.5;

/** Draws them; they move from view to view. */
export class MovingMap {
  readonly #canvas: HTMLCanvasElement;
  #labels: Uint8Array = new Uint8Array();
  /** The dimensions to the right and upward. */
  #axes: [number, number] = [0, 0];
  #range = RANGE;
  /** [x, y] of each digit: where it was, and where it goes. */
  #from = new Float32Array();
  #to = new Float32Array();
  #started = 0;
  #frame = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** The dimensions to the right and upward. */
  get axes(): readonly [number, number] {
    return this.#axes;
  }

  /** Shows a view, to which the digits glide from the one before. */
  show({ mu, kl }: View, labels: Uint8Array): void {
    this.#labels = labels;
    const latentDim = kl.length;
    const isSame = this.#chooseAxes(kl);
    const [right, up] = this.#axes;
    const to = new Float32Array(2 * labels.length);
    for (let i = 0; i < labels.length; i++) {
      to[2 * i] = mu[i * latentDim + right];
      to[2 * i + 1] = mu[i * latentDim + up];
    }
    const glides = isSame && this.#to.length === to.length &&
      !prefersStillness();
    const now = performance.now();
    this.#from = glides ? this.#placesAt(now) : to;
    this.#to = to;
    this.#started = now;
    // It zooms out at once, and in little by little.
    const farthest = 1.1 * Math.max(...to.map(Math.abs));
    const fitting = Math.max(RANGE, farthest);
    this.#range = Math.max(fitting, this.#range + (fitting - this.#range) / 8);
    this.draw();
  }

  /** Takes the dimensions that tell most; whether they are those of before. */
  #chooseAxes(kl: readonly number[]): boolean {
    const order = [...kl.keys()].sort((a, b) => kl[b] - kl[a]);
    const best: [number, number] = [
      order[0],
      order[Math.min(1, kl.length - 1)],
    ];
    const [right, up] = this.#axes;
    const weakest = Math.min(kl[right] ?? 0, kl[up] ?? 0);
    if (right !== up && kl[best[1]] <= CLEARLY * weakest) return true;
    const isSame = best.every((axis) => this.#axes.includes(axis));
    if (!isSame) this.#axes = best;
    return isSame;
  }

  #placesAt(now: number): Float32Array<ArrayBuffer> {
    // A frame's time is that of its beginning, which may be before.
    const share = Math.max(0, Math.min(1, (now - this.#started) / MOVE));
    return this.#to.map((to, i) =>
      this.#from[i] + share * (to - this.#from[i])
    );
  }

  /** Draws it, in each frame until all have arrived. */
  draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame((now) => {
      this.#drawAt(now);
      if (this.#from !== this.#to && now < this.#started + MOVE) this.draw();
    });
  }

  #drawAt(now: number): void {
    const { context, width, height } = fitToScreen(this.#canvas);
    const scale = width / 2 / this.#range;
    context.strokeStyle = color("line");
    // The prior: 39 % of its draws are in the first circle, 86 % in the second.
    for (const sigma of [1, 2]) {
      context.beginPath();
      context.arc(width / 2, height / 2, sigma * scale, 0, 2 * Math.PI);
      context.stroke();
    }
    const [right, up] = this.#axes.map((axis) => `z${subscript(axis + 1)}`);
    context.fillStyle = color("pale");
    context.font = "italic 13px system-ui, sans-serif";
    context.textAlign = "right";
    context.fillText(`${right} →`, width - 8, height - 8);
    context.textAlign = "left";
    context.fillText(`↑ ${up}`, 8, 18);
    context.font = "bold 12px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    const places = this.#placesAt(now);
    this.#labels.forEach((label, i) => {
      context.fillStyle = classColor(label);
      context.fillText(
        String(label),
        width / 2 + places[2 * i] * scale,
        height / 2 - places[2 * i + 1] * scale,
      );
    });
  }
}
