/// <reference lib="dom" />
/**
 * Fresh samples: of the prior, or normal as an autoencoder's codes.
 *
 * @module
 */
import { fromUnits } from "../../latent/scale.ts";
import { priorSample } from "../../model/prior.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { byId, inFrame, make, onClick } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { paint, savePng } from "./picture.ts";
import { onTheme } from "./theme.ts";

const COUNT = 24;

/** Starts them. */
export function startSamples(explorer: Explorer): void {
  const temperature = byId<HTMLInputElement>("temperature");
  const output = byId<HTMLOutputElement>("temperature-value");
  let seed = 1;
  let pixels = new Float32Array(COUNT * IMAGE_PIXELS);
  const latents = () => {
    const d = explorer.z.length;
    const z = priorSample(COUNT, d, seed, Number(temperature.value));
    return fromUnits(z, explorer.model.scale);
  };

  const canvases = Array.from({ length: COUNT }, (_, i) => {
    const canvas = make("canvas");
    const button = make("button", { type: "button" }, canvas);
    button.ariaLabel = `Go to sample ${i + 1}`;
    button.addEventListener("click", () => {
      const d = explorer.z.length;
      explorer.moveTo(latents().slice(i * d, (i + 1) * d));
    });
    byId("samples").append(button);
    return canvas;
  });
  const show = () =>
    canvases.forEach((canvas, i) =>
      paint(canvas, pixels.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS))
    );
  const draw = inFrame(async () => {
    output.value = Number(temperature.value).toFixed(2);
    pixels = Float32Array.from(await explorer.model.engine.decode(latents()));
    show();
  });
  explorer.onModel(draw);
  onTheme(show);
  temperature.addEventListener("input", draw);
  onClick("new-samples", () => {
    seed++;
    draw();
  });
  onClick("save-samples", () => {
    const sheet = make("canvas");
    paint(sheet, pixels, 6);
    savePng(sheet, "samples.png", 4);
  });
}
