/// <reference lib="dom" />
/**
 * The digits all over the map's plane.
 *
 * @module
 */
import { IMAGE_PIXELS, IMAGE_SIZE } from "../../model/spec.ts";
import { byId, inFrame, make } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { drawMarker } from "./map.ts";
import { paint } from "./picture.ts";
import type { Plane } from "./plane.ts";
import { onTheme } from "./theme.ts";

/** Digits along each side. */
const SIDE = 15;
/** Pixels of the canvas to one of a digit. */
const SCALE = 2;
/** Milliseconds without a move after which the plane is decoded. */
const STILL = 120;

/** Draws the manifold, and again when the model or the plane changes. */
export function startManifold(explorer: Explorer, plane: Plane): void {
  const canvas = byId<HTMLCanvasElement>("manifold");
  canvas.width = canvas.height = SIDE * IMAGE_SIZE * SCALE;
  const digits = make("canvas");
  const context = canvas.getContext("2d")!;
  const pixels = new Float32Array(SIDE * SIDE * IMAGE_PIXELS);

  const mark = inFrame(() => {
    context.drawImage(digits, 0, 0, canvas.width, canvas.height);
    const [x, y] = plane.place(explorer.z);
    drawMarker(context, [x * canvas.width, y * canvas.height], 20);
  });
  /** The plane that is drawn: its dimensions, and where it lies in others. */
  let drawn = "";
  const decode = inFrame(async () => {
    const { model, z, label } = explorer;
    const [right, up] = plane.dimensions;
    const key = [...z.with(right, 0).with(up, 0), right, up, label].join();
    if (key === drawn) return;
    // While the point moves the frames are the digit's; a move asks again.
    await new Promise((resolve) => setTimeout(resolve, STILL));
    if (explorer.z !== z || explorer.label !== label) return;
    drawn = key;
    const labels = new Uint8Array(SIDE).fill(label);
    for (let row = 0; row < SIDE; row++) {
      const line = new Float32Array(SIDE * z.length);
      for (let column = 0; column < SIDE; column++) {
        const at = column * z.length;
        line.set(z, at);
        line[at + up] = model.range * (1 - (2 * row + 1) / SIDE);
        line[at + right] = model.range * ((2 * column + 1) / SIDE - 1);
      }
      pixels.set(
        await model.engine.decode(line, labels),
        row * SIDE * IMAGE_PIXELS,
      );
      // The whole takes several frames: let what is moved move.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (explorer.model !== model) return;
    }
    paint(digits, pixels, SIDE);
    mark();
  });
  explorer.onModel(() => {
    drawn = "";
    decode();
  });
  explorer.onMove(() => {
    decode();
    mark();
  });
  explorer.onLabel(decode);
  plane.onChange(decode);
  onTheme(() => {
    paint(digits, pixels, SIDE);
    mark();
  });
  // A click, not a touch: a thumb that scrolls the page goes over it, too.
  canvas.addEventListener("click", (event) => {
    explorer.moveTo(plane.pointAt(event));
  });
}
