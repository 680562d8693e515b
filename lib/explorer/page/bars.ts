/// <reference lib="dom" />
/**
 * What the encoder says of one picture, a row for each dimension: its Gaussian
 * beside the prior's, what the dice say, and the z that comes of both.
 *
 * @module
 */
import { prefersStillness } from "./dom.ts";
import type { Roll } from "./explorer.ts";
import { nameOf } from "./names.ts";
import { fitToScreen } from "./picture.ts";
import { color } from "./theme.ts";

/** Milliseconds that dots and bars take to where they belong. */
const DURATION = 450;
/** Height of the numbers below the rows, in units of type. */
const AXIS = 24;
const TAU = 2 * Math.PI;

/** Numbers of the rows' dimensions. */
interface Rows {
  readonly mu: Float32Array;
  readonly sigma: Float32Array;
  readonly epsilon: Float32Array;
  readonly z: Float32Array;
}

/** Where on the canvas one quantity is drawn: x in CSS pixels. */
interface Panel {
  readonly left: number;
  readonly width: number;
  at(value: number): number;
}

/** A canvas of such rows; its panels stand below their headings. */
export class Bars {
  readonly #canvas: HTMLCanvasElement;
  readonly #headings: readonly [HTMLElement, HTMLElement, HTMLElement];
  #dimensions: readonly number[] = [];
  #hasDice = true;
  #selected = 0;
  #rows: Rows | null = null;
  /** Changes when an animation must end. */
  #run = 0;

  /** @param headings Of the Gaussians, the dice and z; those not shown are left out. */
  constructor(
    canvas: HTMLCanvasElement,
    headings: readonly [HTMLElement, HTMLElement, HTMLElement],
  ) {
    this.#canvas = canvas;
    this.#headings = headings;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Begins anew with these dimensions, a row for each. */
  setRows(
    dimensions: readonly number[],
    hasDice: boolean,
  ): void {
    this.#dimensions = dimensions;
    this.#hasDice = hasDice;
    this.#selected = dimensions[0];
    this.#rows = null;
    this.#canvas.style.height = `${
      (dimensions.length * this.#height + AXIS) / 16
    }rem`;
  }

  /** Tall rows where there are few; sixteen units are as high as the type. */
  get #height(): number {
    const count = this.#dimensions.length;
    return count <= 4 ? 36 : count <= 8 ? 28 : 20;
  }

  /** The dimension of the row at a height in CSS pixels. */
  dimensionAt(y: number): number | undefined {
    return this.#dimensions[Math.floor(y / (this.#height * typeScale()))];
  }

  /** Marks a dimension's row. */
  select(dimension: number): void {
    this.#selected = dimension;
    this.draw();
  }

  /** Shows a draw, moving to it if it is another's. */
  show({ picture: { mu, sigma }, epsilon, z }: Roll, moves: boolean): void {
    const run = ++this.#run;
    const from = this.#rows;
    const to = { mu, sigma, epsilon, z };
    if (!from || !moves || prefersStillness()) {
      this.#rows = to;
      return this.draw();
    }
    const start = performance.now();
    const step = (now: number) => {
      if (run !== this.#run) return;
      const t = Math.max(0, Math.min(1, (now - start) / DURATION));
      this.#rows = t < 1 ? between(from, to, 1 - (1 - t) ** 3) : to;
      this.draw();
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /** Draws it again. */
  draw(): void {
    const { context, width } = fitToScreen(this.#canvas);
    if (width === 0 || !this.#rows) return;
    const rows = this.#rows;
    const range = this.#range(rows);
    const scale = typeScale();
    const height = this.#height * scale;
    const bottom = this.#dimensions.length * height;
    const panels = this.#panels(range);
    const paint = {
      ...{ ink: color("ink"), pale: color("pale"), paper: color("paper") },
      ...{ first: color("first"), second: color("second") },
      line: color("line"),
    };

    context.fillStyle = paint.paper;
    panels.forEach((panel) =>
      context.fillRect(panel.left, 0, panel.width, bottom)
    );
    context.globalAlpha = 0.7;
    context.fillStyle = paint.line;
    const selected = this.#dimensions.indexOf(this.#selected);
    context.fillRect(0, selected * height, width, height);
    // The prior, as wide as its standard deviation to both sides.
    if (this.#hasDice) {
      panels.forEach(({ at }) =>
        context.fillRect(at(-1), 0, at(1) - at(-1), bottom)
      );
    }
    context.globalAlpha = 1;
    context.fillStyle = paint.pale;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.font = `${13 * scale}px system-ui, sans-serif`;
    for (const { at } of panels) {
      context.fillRect(at(0) - 0.5, 0, 1, bottom + 4);
      const end = Math.floor(range);
      for (const tick of [-end, 0, end]) {
        context.fillText(
          String(tick).replace("-", "−"),
          at(tick),
          bottom + AXIS * scale,
        );
      }
    }

    const [spread, dice, draw] = panels;
    const dot = (x: number, y: number) => {
      context.beginPath();
      context.arc(x, y, Math.min(6 * scale, height / 3.6), 0, TAU);
      context.fill();
      context.stroke();
    };
    context.strokeStyle = paint.paper;
    context.lineWidth = 1.5;
    this.#dimensions.forEach((d, row) => {
      const y = (row + 0.5) * height;
      context.fillStyle = paint.ink;
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.font = `${d === this.#selected ? 700 : 400} ${
        15 * scale
      }px system-ui, sans-serif`;
      context.fillText(nameOf(d), 0, y);

      const [mu, sigma] = [rows.mu[d], rows.sigma[d]];
      const half = height * 0.3;
      context.fillStyle = paint.first;
      const [zero, mean] = [spread.at(0), spread.at(mu)];
      context.fillRect(
        Math.min(zero, mean) - 0.75,
        y - half,
        Math.abs(mean - zero) + 1.5,
        2 * half,
      );
      if (!this.#hasDice) return;
      const [left, right] = [spread.at(mu - sigma), spread.at(mu + sigma)];
      context.fillStyle = paint.second;
      context.fillRect(left, y - 1.5, right - left, 3);
      for (const end of [left, right]) {
        context.fillRect(end - 1, y - half * 0.8, 2, half * 1.6);
      }

      dot(dice.at(rows.epsilon[d]), y);

      const [from, to] = [draw.at(mu - sigma), draw.at(mu + sigma)];
      context.globalAlpha = 0.45;
      context.fillRect(from, y - half, to - from, 2 * half);
      context.globalAlpha = 1;
      context.fillStyle = paint.ink;
      dot(draw.at(rows.z[d]), y);
    });
  }

  /** As far out as the panels go: as far as the prior, or this posterior. */
  #range({ mu, sigma }: Rows): number {
    return this.#dimensions.reduce(
      (a, d) => Math.max(a, Math.abs(mu[d]) + 1.5 * sigma[d]),
      3.5,
    );
  }

  #panels(range: number): Panel[] {
    const { left: from } = this.#canvas.getBoundingClientRect();
    return this.#headings
      .filter((_, i) => i === 0 || this.#hasDice)
      .map((heading) => {
        const box = heading.getBoundingClientRect();
        const left = box.left - from;
        const middle = left + box.width / 2;
        // What lies beyond is drawn at the edge.
        const at = (value: number) => {
          const part = Math.max(-1, Math.min(1, value / range));
          return middle + part * (box.width / 2 - 7);
        };
        return { left, width: box.width, at };
      });
  }
}

/** Pixels to a unit: the reader may have chosen large type. */
function typeScale(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

function between(from: Rows, to: Rows, t: number): Rows {
  const mix = (a: Float32Array, b: Float32Array) =>
    a.map((value, i) => value + t * (b[i] - value));
  return {
    mu: mix(from.mu, to.mu),
    sigma: mix(from.sigma, to.sigma),
    epsilon: mix(from.epsilon, to.epsilon),
    z: mix(from.z, to.z),
  };
}
