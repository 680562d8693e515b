/// <reference lib="dom" />
/**
 * The big digit at the current point.
 *
 * @module
 */
import { fromUnits } from "../../latent/scale.ts";
import { priorSample } from "../../model/prior.ts";
import { byId, inFrame, onClick, say } from "./dom.ts";
import { type Explorer, middleOf } from "./explorer.ts";
import { texts } from "./language.ts";
import { paint, savePng } from "./picture.ts";
import { onTheme } from "./theme.ts";
import { nearestTo } from "./whereabouts.ts";

/** Starts it; the promise is there when it is drawn first. */
export async function startDigit(explorer: Explorer): Promise<void> {
  const canvas = byId<HTMLCanvasElement>("digit");
  const draw = async () => {
    paint(canvas, await explorer.decode(explorer.z));
  };
  const redraw = inFrame(draw);
  explorer.onMove(redraw);
  explorer.onLabel(redraw);
  onTheme(redraw);
  onClick("reset", () => {
    explorer.moveTo(middleOf(explorer.model));
    say(texts().point.isMiddle);
  });
  onClick("random", () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const z = priorSample(1, explorer.z.length, seed);
    explorer.moveTo(fromUnits(z, explorer.model.scale));
    say(`${texts().point.isRandom} ${nearestTo(explorer)}`.trim());
  });
  onClick("save-digit", () => savePng(canvas, "digit.png", 16));
  await draw();
}
