/// <reference lib="dom" />
/**
 * Loss curves that grow.
 *
 * @module
 */
import { fitToScreen } from "./picture.ts";
import { color } from "./theme.ts";

/** Points of a curve: epochs and losses. */
export type Curve = readonly (readonly [epoch: number, loss: number])[];

const MARGIN = { left: 44, right: 14, top: 14, bottom: 30 };

/** Draws the training's curve and the held-out one, dashed. */
export function drawCurves(
  canvas: HTMLCanvasElement,
  epochs: number,
  training: Curve,
  heldOut: Curve,
): void {
  const { context, width, height } = fitToScreen(canvas);
  const losses = [...training, ...heldOut].map(([, loss]) => loss);
  const highest = Math.max(...losses, 1);
  const lowest = Math.min(...losses, highest / 2);
  // Losses fall by factors: each halving gets the same height.
  const x = (epoch: number) =>
    MARGIN.left + epoch / epochs * (width - MARGIN.left - MARGIN.right);
  const y = (loss: number) =>
    MARGIN.top + Math.log(highest / loss) / Math.log(highest / lowest) *
      (height - MARGIN.top - MARGIN.bottom);

  context.font = "12px system-ui, sans-serif";
  context.fillStyle = color("pale");
  context.strokeStyle = color("line");
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const loss of ticks(lowest, highest)) {
    context.fillText(String(loss), MARGIN.left - 8, y(loss));
    context.beginPath();
    context.moveTo(MARGIN.left, y(loss));
    context.lineTo(width - MARGIN.right, y(loss));
    context.stroke();
  }
  context.textAlign = "center";
  for (let epoch = 0; epoch <= epochs; epoch += 5) {
    context.fillText(
      epoch === 0 ? "epoch 0" : String(epoch),
      x(epoch),
      height - MARGIN.bottom / 2,
    );
  }

  context.lineJoin = "round";
  const line = (curve: Curve, style: "first" | "second", dash: number[]) => {
    context.strokeStyle = color(style);
    context.lineWidth = 2.5;
    context.setLineDash(dash);
    context.beginPath();
    curve.forEach(([epoch, loss]) => context.lineTo(x(epoch), y(loss)));
    context.stroke();
  };
  line(training, "first", []);
  line(heldOut, "second", [6, 4]);
}

/** Round numbers between two, at most a few to a factor of ten. */
function ticks(low: number, high: number): number[] {
  const all: number[] = [];
  for (let power = 1; power <= high; power *= 10) {
    all.push(...[1, 1.5, 2, 3, 5, 7].map((digit) => digit * power));
  }
  return all.filter((tick) => tick >= low && tick <= high);
}
