/// <reference lib="dom" />
/**
 * The big digit at the current point.
 *
 * @module
 */
import { priorSample } from "../../model/prior.ts";
import { byId, inFrame, onClick } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { paint, savePng } from "./picture.ts";
import { onTheme } from "./theme.ts";

/** Starts it; the promise is there when it is drawn first. */
export async function startDigit(explorer: Explorer): Promise<void> {
  const canvas = byId<HTMLCanvasElement>("digit");
  const draw = async () => {
    paint(canvas, await explorer.model.engine.decode(explorer.z));
  };
  const redraw = inFrame(draw);
  explorer.onMove(redraw);
  onTheme(redraw);
  onClick("reset", () => explorer.moveTo(explorer.z.map(() => 0)));
  onClick("random", () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    explorer.moveTo(priorSample(1, explorer.z.length, seed));
  });
  onClick("save-digit", () => savePng(canvas, "digit.png", 16));
  await draw();
}
