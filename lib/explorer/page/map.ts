/// <reference lib="dom" />
/**
 * The map: the encoded pictures as dots, and the current point among them.
 *
 * @module
 */
import { drawCloud } from "./cloud.ts";
import { byId, inFrame, make, say } from "./dom.ts";
import { drawDots } from "./dots.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, texts } from "./language.ts";
import { startLegend } from "./legend.ts";
import { fitToScreen } from "./picture.ts";
import type { Pictures } from "./pictures.ts";
import type { Plane } from "./plane.ts";
import { color, onTheme } from "./theme.ts";
import type { Walk } from "./walk.ts";
import { whereOn } from "./whereabouts.ts";

/** Pixels from a dot within which a click is on it; a finger is wider. */
const REACH = { mouse: 6, touch: 14 };

/** Milliseconds without a step after which it is said where one is. */
const REST = 500;

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Draws the map of the test images, and follows pointer and keys on it. */
export function startMap(
  explorer: Explorer,
  pictures: Pictures,
  plane: Plane,
  walk: Walk,
): void {
  const canvas = byId<HTMLCanvasElement>("map");
  startLegend(explorer, pictures);
  /** The dots, which are many and seldom change. */
  const dots = make("canvas");
  let areDotsDrawn = false;
  const draw = inFrame(() => {
    const { context, width } = fitToScreen(canvas);
    if (width === 0) return; // out of the layout; the observer tells when not
    if (!areDotsDrawn) {
      drawDots(layer(dots, canvas), width, explorer, pictures, plane);
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
  explorer.onModel(redraw);
  explorer.onLabel(redraw);
  explorer.onMove(draw);
  walk.onEnds(draw);
  plane.onChange(redraw);
  pictures.onOnly(redraw);
  onTheme(redraw);
  new ResizeObserver(redraw).observe(canvas);
  takePointer(canvas, explorer, pictures, plane, walk);
  const nameRole = () => canvas.ariaRoleDescription = texts().map.role;
  nameRole();
  onLanguage(nameRole);
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
    say(whereOn(plane, explorer), REST);
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
  pictures: Pictures,
  plane: Plane,
  walk: Walk,
): void {
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.shiftKey) return walk.setNext(plane.pointAt(event));
    const { model: { labels, classCount } } = explorer;
    const dot = dotAt(event, explorer, pictures, plane);
    if (dot !== null && dot < pictures.count) {
      pictures.choose(dot);
      return;
    }
    canvas.setPointerCapture(event.pointerId);
    const label = dot === null || classCount === 0 ? null : labels![dot];
    if (label !== null) explorer.setLabel(label);
    explorer.moveTo(plane.pointAt(event));
    if (label !== null) say(texts().map.dotClass(explorer.nameOf(label)));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) {
      explorer.moveTo(plane.pointAt(event));
    }
  });
}

/**
 * The dot under a pointer: of those that have a picture the nearest or, where a
 * dot gives its class, of all.
 */
function dotAt(
  event: PointerEvent,
  { model: { mu, labels, classCount, options: { latentDim } } }: Explorer,
  pictures: Pictures,
  plane: Plane,
): number | null {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const reach = event.pointerType === "touch" ? REACH.touch : REACH.mouse;
  const nearest = (first: number, end: number) => {
    let best: number | null = null;
    let within = reach;
    for (let i = first; i < end; i++) {
      if (!pictures.isShown(i)) continue;
      const [x, y] = plane.place(mu, i * latentDim);
      const distance = Math.hypot(
        box.left + x * box.width - event.clientX,
        box.top + y * box.height - event.clientY,
      );
      if (distance > within) continue;
      best = i;
      within = distance;
    }
    return best;
  };
  const all = classCount > 0 && labels ? mu.length / latentDim : 0;
  return nearest(0, pictures.count) ?? nearest(pictures.count, all);
}

function drawPoints(
  context: CanvasRenderingContext2D,
  size: number,
  { z }: Explorer,
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
