/// <reference lib="dom" />
/**
 * The encoded pictures as dots: one colour and shape to a class, those larger
 * whose picture the page holds, and the classes' names among them.
 *
 * @module
 */
import { placeApart } from "../../image/apart.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { traceMark } from "./class_marks.ts";
import type { Explorer } from "./explorer.ts";
import type { Pictures } from "./pictures.ts";
import type { Plane } from "./plane.ts";
import { classColor, color } from "./theme.ts";

/** Characters of a class's name on the map. */
const LONGEST = 18;
/** Height of such a name. */
const LINE = 18;
/** Radius of a dot that has its picture. */
const WITH_PICTURE = 4;
/** Smaller marks look like discs, and cost more. */
const SMALLEST_MARK = 2.5;

/** Draws all that seldom changes: the prior's circles, the dots and the names. */
export function drawDots(
  context: CanvasRenderingContext2D,
  size: number,
  explorer: Explorer,
  pictures: Pictures,
  plane: Plane,
): void {
  const { mu, images, labels, options: { latentDim } } = explorer.model;
  drawPrior(context, size, explorer);
  const n = mu.length / latentDim;
  const held = images.length / IMAGE_PIXELS;
  const radius = Math.max(1.3, Math.min(3, size / 8 / Math.sqrt(n + 1)));
  // Those with a picture come last, on top of the others.
  for (let i = n - 1; i >= 0; i--) {
    const [x, y] = plane.place(mu, i * latentDim);
    const share = shareOf(i, explorer, pictures);
    context.globalAlpha = share;
    context.fillStyle = labels ? classColor(labels[i]) : color("first");
    if (i < held) {
      traceMark(context, labels?.[i] ?? 0, x * size, y * size, WITH_PICTURE);
      context.globalAlpha = Math.min(1, share / 0.75);
      context.fill();
      context.strokeStyle = color("ink");
      context.lineWidth = 1;
      context.stroke();
    } else {
      const mark = radius < SMALLEST_MARK ? 0 : labels?.[i] ?? 0;
      traceMark(context, mark, x * size, y * size, radius);
      context.fill();
    }
  }
  context.globalAlpha = 1;
  // A model that is told of classes puts them all around the middle.
  if (labels && explorer.model.classCount === 0) {
    drawNames(context, size, explorer, pictures, plane);
  }
}

/** How much a dot stands out: others fade beside the class that is looked at. */
function shareOf(
  i: number,
  { model: { labels, classCount }, label }: Explorer,
  { only }: Pictures,
): number {
  if (only !== null) return labels?.[i] === only ? 0.75 : 0.06;
  return classCount === 0 || labels?.[i] === label ? 0.75 : 0.2;
}

/** One, two and three standard deviations of the prior, and its axes. */
function drawPrior(
  context: CanvasRenderingContext2D,
  size: number,
  { model: { range } }: Explorer,
): void {
  const middle = size / 2;
  context.strokeStyle = color("line");
  context.beginPath();
  context.moveTo(0, middle);
  context.lineTo(size, middle);
  context.moveTo(middle, 0);
  context.lineTo(middle, size);
  for (const sigma of [1, 2, 3]) {
    const radius = sigma / range * middle;
    context.moveTo(middle + radius, middle);
    context.arc(middle, middle, radius, 0, 2 * Math.PI);
  }
  context.stroke();
}

/** Writes each class where most of it is: colours alone do not reach all. */
function drawNames(
  context: CanvasRenderingContext2D,
  size: number,
  explorer: Explorer,
  { only }: Pictures,
  plane: Plane,
): void {
  const { mu, options: { latentDim } } = explorer.model;
  const labels = explorer.model.labels!;
  context.font = "600 15px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const classes = only === null ? [...new Set(labels)] : [only];
  const names = classes.map((label) => shorten(explorer.nameOf(label)));
  const halves = names.map((name) => context.measureText(name).width / 2 + 3);
  const homes = classes.map((label) => {
    const places = [...labels.keys()].filter((i) => labels[i] === label)
      .map((i) => plane.place(mu, i * latentDim));
    return [0, 1].map((axis) =>
      size * places.map((place) => place[axis])
        .sort((a, b) => a - b)[places.length >> 1]
    ) as [number, number];
  });
  const places = namesApart(homes, Math.max(...halves), size);
  const written: number[] = [];
  places.forEach(([x, y], i) => {
    const hides = (other: number) =>
      Math.abs(places[other][0] - x) < halves[other] + halves[i] &&
      Math.abs(places[other][1] - y) < LINE;
    if (written.some(hides)) return; // no room is left: the legend has it
    written.push(i);
    const [homeX, homeY] = homes[i];
    if (Math.hypot(homeX - x, homeY - y) > LINE) {
      context.strokeStyle = color("ink");
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(homeX, homeY);
      context.lineTo(x, y);
      context.stroke();
    }
  });
  context.strokeStyle = color("paper");
  context.fillStyle = color("ink");
  context.lineWidth = 4;
  for (const i of written) {
    context.strokeText(names[i], ...places[i]);
    context.fillText(names[i], ...places[i]);
  }
}

/** Moves names apart: in a plane where the widest is as wide as it is high. */
function namesApart(
  homes: readonly [number, number][],
  half: number,
  size: number,
): [number, number][] {
  const scale = LINE / (2 * half);
  const bounds = {
    left: half * scale,
    right: (size - half) * scale,
    top: LINE / 2,
    bottom: size - LINE / 2,
  };
  // So far apart two squares do not touch, whichever way they lie.
  return placeApart(
    homes.map(([x, y]) => [x * scale, y]),
    LINE * Math.SQRT2,
    bounds,
  ).map(([x, y]) => [x / scale, y]);
}

function shorten(name: string): string {
  const characters = [...name];
  return characters.length <= LONGEST
    ? name
    : `${characters.slice(0, LONGEST - 1).join("")}…`;
}
