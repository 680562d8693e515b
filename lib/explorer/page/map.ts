/// <reference lib="dom" />
/**
 * The map: the encoded pictures as dots, and the current point among them.
 *
 * @module
 */
import { drawCloud } from "./cloud.ts";
import { byId, inFrame, make, say } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { texts } from "./language.ts";
import { fitToScreen } from "./picture.ts";
import type { Plane } from "./plane.ts";
import { classColor, color, onTheme } from "./theme.ts";
import type { Walk } from "./walk.ts";

/** Pixels from a dot within which a click is on it. */
const REACH = 5;
/** Characters of a class's name on the map. */
const LONGEST = 18;
/** Height of such a name, and how many of it it may move to be read. */
const LINE = 16;
const OFFSETS = [0, 1, -1, 2, -2];

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
    drawCloud(context, width, explorer, plane);
    drawPoints(context, width, explorer, plane, walk);
  });
  const redraw = () => {
    areDotsDrawn = false;
    draw();
  };
  explorer.onModel(() => {
    drawLegend(explorer);
    redraw();
  });
  explorer.onLabel(redraw);
  explorer.onMove(draw);
  walk.onEnds(draw);
  plane.onChange(redraw);
  onTheme(() => {
    drawLegend(explorer);
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
    const label = dotAt(event, explorer, plane);
    if (label !== null) explorer.setLabel(label);
    explorer.moveTo(plane.pointAt(event));
    if (label !== null) {
      say(texts().map.dotClass(explorer.nameOf(label)));
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) {
      explorer.moveTo(plane.pointAt(event));
    }
  });
}

/** The class of the dot under a pointer, in a model that is told of classes. */
function dotAt(
  event: PointerEvent,
  { model: { mu, labels, classCount, options: { latentDim } } }: Explorer,
  plane: Plane,
): number | null {
  if (classCount === 0 || !labels) return null;
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const distances = Array.from(labels, (_, i) => {
    const [x, y] = plane.place(mu, i * latentDim);
    return Math.hypot(
      box.left + x * box.width - event.clientX,
      box.top + y * box.height - event.clientY,
    );
  });
  const nearest = distances.reduce(
    (best, distance, i) => distance < distances[best] ? i : best,
    0,
  );
  return distances[nearest] <= REACH ? labels[nearest] : null;
}

function drawDots(
  context: CanvasRenderingContext2D,
  size: number,
  explorer: Explorer,
  plane: Plane,
): void {
  const { model, label } = explorer;
  const { mu, labels, options: { latentDim }, range, classCount } = model;
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
  for (let i = 0; i < n; i++) {
    context.globalAlpha = classCount === 0 || labels?.[i] === label
      ? 0.75
      : 0.2;
    const [x, y] = plane.place(mu, i * latentDim);
    context.fillStyle = labels ? classColor(labels[i]) : color("first");
    context.beginPath();
    context.arc(x * size, y * size, radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
  // A model that is told of classes puts them all around the middle.
  if (labels && classCount === 0) drawNames(context, size, explorer, plane);
}

/** Writes each class where most of it is: colours alone do not reach all. */
function drawNames(
  context: CanvasRenderingContext2D,
  size: number,
  explorer: Explorer,
  plane: Plane,
): void {
  const { mu, options: { latentDim } } = explorer.model;
  const labels = explorer.model.labels!;
  context.font = "600 15px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeStyle = color("paper");
  const names: { x: number; y: number; half: number }[] = [];
  for (const label of new Set(labels)) {
    const places = [...labels.keys()].filter((i) => labels[i] === label)
      .map((i) => plane.place(mu, i * latentDim));
    const [x, middle] = [0, 1].map((axis) =>
      size * places.map((place) => place[axis]).sort((a, b) => a - b)[
        places.length >> 1
      ]
    );
    context.fillStyle = color("ink");
    const name = shorten(explorer.nameOf(label));
    const half = context.measureText(name).width / 2;
    const y = OFFSETS.map((lines) => middle + lines * LINE).find((y) =>
      names.every((other) =>
        Math.abs(other.x - x) >= other.half + half ||
        Math.abs(other.y - y) >= LINE
      )
    );
    if (y === undefined) continue; // the legend has it
    names.push({ x, y, half });
    context.strokeText(name, x, y);
    context.fillText(name, x, y);
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

function shorten(name: string): string {
  const characters = [...name];
  return characters.length <= LONGEST
    ? name
    : `${characters.slice(0, LONGEST - 1).join("")}…`;
}

function drawLegend(explorer: Explorer): void {
  const classes = [...new Set(explorer.model.labels)].sort((a, b) => a - b);
  byId("legend").replaceChildren(...classes.map((label) => {
    const dot = make("i");
    dot.style.background = classColor(label);
    return make("span", {}, dot, explorer.nameOf(label));
  }));
}
