/// <reference lib="dom" />
/**
 * A bar for each dimension: what the network tells through it.
 *
 * @module
 */
import { INACTIVE_KL } from "../../model/losses.ts";
import { number } from "./numbers.ts";
import { fitToScreen } from "./picture.ts";
import { color } from "./theme.ts";

const MARGIN = { top: 22, bottom: 24 };

/** Returns how many dimensions tell anything. */
export function inUse(kl: readonly number[]): number {
  return kl.filter((nats) => nats >= INACTIVE_KL).length;
}

/**
 * Draws the bars. A dimension that tells nothing has a hollow one: not its
 * colour alone shows it.
 *
 * @param top The nats of the highest bar that there can be.
 */
export function drawKl(
  canvas: HTMLCanvasElement,
  kl: readonly number[],
  top: number,
): void {
  const { context, width, height } = fitToScreen(canvas);
  const bottom = height - MARGIN.bottom;
  const step = (width - 16) / kl.length;
  const thick = Math.min(44, 0.7 * step);
  context.textAlign = "center";
  context.strokeStyle = color("line");
  context.beginPath();
  context.moveTo(8, bottom + 0.5);
  context.lineTo(width - 8, bottom + 0.5);
  context.stroke();
  kl.forEach((nats, d) => {
    const middle = 8 + (d + 0.5) * step;
    const high = nats / top * (bottom - MARGIN.top);
    const tells = nats >= INACTIVE_KL;
    context.fillStyle = color("second");
    context.fillRect(middle - thick / 2, bottom - high, thick, high);
    context.strokeStyle = context.fillStyle = color("pale");
    if (!tells) {
      context.setLineDash([3, 3]);
      context.strokeRect(middle - thick / 2, bottom - 10, thick, 10);
      context.setLineDash([]);
    }
    context.font = "11px system-ui, sans-serif";
    context.fillText(
      tells ? number(nats, nats < 1 ? 2 : 1) : "0",
      middle,
      bottom - Math.max(high, tells ? 0 : 10) - 6,
    );
    context.font = "italic 13px system-ui, sans-serif";
    context.fillStyle = color(tells ? "ink" : "pale");
    context.fillText(`z${subscript(d + 1)}`, middle, height - 7);
  });
}

/** Writes a number below the line. */
export function subscript(number: number): string {
  return String(number).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]);
}
