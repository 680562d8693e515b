/// <reference lib="dom" />
/**
 * The map: the encoded pictures as dots, and the current point among them.
 *
 * @module
 */
import { byId, inFrame, make } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { fitToScreen } from "./picture.ts";
import type { Plane } from "./plane.ts";
import { classColor, color, onTheme } from "./theme.ts";
import type { Walk } from "./walk.ts";

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Draws the map of the test images, and follows pointer and keys on it. */
export function startMap(explorer: Explorer, plane: Plane, walk: Walk): void {
  const canvas = byId<HTMLCanvasElement>("map");
  /** The dots, which are many and seldom change. */
  const dots = make("canvas");
  let areDotsDrawn = false;
  const draw = inFrame(() => {
    const { context, width } = fitToScreen(canvas);
    if (width === 0) return; // out of the layout; the observer tells when not
    if (!areDotsDrawn) {
      drawDots(layer(dots, canvas), width, explorer, plane);
      areDotsDrawn = true;
    }
    context.drawImage(dots, 0, 0, width, width);
    drawPoints(context, width, explorer, plane, walk);
  });
  const redraw = () => {
    areDotsDrawn = false;
    draw();
  };
  explorer.onModel(() => {
    drawLegend(explorer.model.labels);
    redraw();
  });
  explorer.onMove(draw);
  walk.onEnds(draw);
  plane.onChange(redraw);
  onTheme(() => {
    drawLegend(explorer.model.labels);
    redraw();
  });
  new ResizeObserver(redraw).observe(canvas);
  takePointer(canvas, explorer, plane, walk);
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const length = event.shiftKey ? 0.5 : 0.1;
    const { z, model: { range } } = explorer;
    const move = (dimension: number, by: number): [number, number] => [
      dimension,
      Math.max(-range, Math.min(range, z[dimension] + by * length)),
    ];
    const [right, up] = plane.dimensions;
    if (step[0]) explorer.turn(move(right, step[0]));
    else explorer.turn(move(up, step[1]));
  });
}

/** Empties a canvas and sizes it as another, to be drawn on in CSS pixels. */
function layer(
  canvas: HTMLCanvasElement,
  { width, height }: HTMLCanvasElement,
): CanvasRenderingContext2D {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d")!;
  context.scale(devicePixelRatio, devicePixelRatio);
  return context;
}

function takePointer(
  canvas: HTMLCanvasElement,
  explorer: Explorer,
  plane: Plane,
  walk: Walk,
): void {
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.shiftKey) return walk.setNext(plane.pointAt(event));
    canvas.setPointerCapture(event.pointerId);
    explorer.moveTo(plane.pointAt(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) {
      explorer.moveTo(plane.pointAt(event));
    }
  });
}

function drawDots(
  context: CanvasRenderingContext2D,
  size: number,
  { model: { mu, labels, options: { latentDim }, range } }: Explorer,
  plane: Plane,
): void {
  const middle = size / 2;
  context.strokeStyle = color("line");
  context.beginPath();
  context.moveTo(0, middle);
  context.lineTo(size, middle);
  context.moveTo(middle, 0);
  context.lineTo(middle, size);
  // One, two and three standard deviations of the prior.
  for (const sigma of [1, 2, 3]) {
    const radius = sigma / range * middle;
    context.moveTo(middle + radius, middle);
    context.arc(middle, middle, radius, 0, 2 * Math.PI);
  }
  context.stroke();

  const n = mu.length / latentDim;
  const radius = Math.max(1.3, Math.min(3, size / 8 / Math.sqrt(n + 1)));
  context.globalAlpha = 0.75;
  for (let i = 0; i < n; i++) {
    const [x, y] = plane.place(mu, i * latentDim);
    context.fillStyle = labels ? classColor(labels[i]) : color("first");
    context.beginPath();
    context.arc(x * size, y * size, radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
  if (labels) drawNames(context, size, mu, labels, latentDim, plane);
}

/** Writes each class where most of it is: colours alone do not reach all. */
function drawNames(
  context: CanvasRenderingContext2D,
  size: number,
  mu: Float32Array,
  labels: Uint8Array,
  latentDim: number,
  plane: Plane,
): void {
  context.font = "600 15px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeStyle = color("paper");
  for (const label of new Set(labels)) {
    const places = [...labels.keys()].filter((i) => labels[i] === label)
      .map((i) => plane.place(mu, i * latentDim));
    const [x, y] = [0, 1].map((axis) =>
      size * places.map((place) => place[axis]).sort((a, b) => a - b)[
        places.length >> 1
      ]
    );
    context.fillStyle = color("ink");
    context.strokeText(String(label), x, y);
    context.fillText(String(label), x, y);
  }
}

function drawPoints(
  context: CanvasRenderingContext2D,
  size: number,
  { z, drawn, model: { range } }: Explorer,
  plane: Plane,
  walk: Walk,
): void {
  const at = (point: Float32Array) =>
    plane.place(point).map((part) => part * size) as [number, number];
  context.lineWidth = 2;
  context.strokeStyle = context.fillStyle = color("ink");
  if (walk.ends) {
    context.setLineDash([5, 4]);
    context.beginPath();
    walk.ends.forEach((end) => context.lineTo(...at(end)));
    context.stroke();
    context.setLineDash([]);
    walk.ends.forEach((end, i) => drawBadge(context, at(end), "AB"[i]));
  }
  if (drawn) {
    const [x, y] = at(drawn.mu);
    const [rx, ry] = plane.dimensions
      .map((d) => drawn.sigma[d] / (2 * range) * size);
    context.strokeStyle = color("second");
    context.beginPath();
    context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
    context.stroke();
  }
  drawMarker(context, at(z), 8);
}

/** The current point, visible on any ground. */
export function drawMarker(
  context: CanvasRenderingContext2D,
  [x, y]: readonly [number, number],
  radius: number,
): void {
  for (const [name, width] of [["paper", 0.8], ["accent", 0.4]] as const) {
    context.strokeStyle = color(name);
    context.lineWidth = width * radius;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }
}

function drawBadge(
  context: CanvasRenderingContext2D,
  [x, y]: readonly [number, number],
  letter: string,
): void {
  context.fillStyle = color("ink");
  context.beginPath();
  context.arc(x, y, 9, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = color("paper");
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(letter, x, y + 0.5);
}

function drawLegend(labels: Uint8Array | null): void {
  const classes = [...new Set(labels ?? [])].sort((a, b) => a - b);
  byId("legend").replaceChildren(...classes.map((label) => {
    const dot = make("i");
    dot.style.background = classColor(label);
    return make("span", {}, dot, String(label));
  }));
}
