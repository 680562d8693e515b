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
import { onLanguage, texts } from "./language.ts";
import { paint, savePng } from "./picture.ts";
import { onTheme } from "./theme.ts";

/** Samples of one class, and of each class where all are shown. */
const COUNT = 24, OF_EACH = 12;

/** Starts them. */
export function startSamples(explorer: Explorer): void {
  const temperature = byId<HTMLInputElement>("temperature");
  const output = byId<HTMLOutputElement>("temperature-value");
  const choice = byId<HTMLSelectElement>("sample-classes");
  let seed = 1;
  let pixels = new Float32Array();
  let canvases: HTMLCanvasElement[] = [];

  /** The classes of the rows, each of which has the same latents, or null. */
  const rows = () => {
    const { classCount } = explorer.model;
    return classCount > 0 && choice.value === "all"
      ? Array.from({ length: classCount }, (_, label) => label)
      : null;
  };
  const latents = () => {
    const d = explorer.z.length;
    const n = rows() ? OF_EACH : COUNT;
    const z = priorSample(n, d, seed, Number(temperature.value));
    return fromUnits(z, explorer.model.scale);
  };
  const makeSample = (i: number, label: number | null) => {
    const canvas = make("canvas");
    const button = make("button", { type: "button" }, canvas);
    button.ariaLabel = label === null
      ? texts().samples.goTo(i + 1)
      : texts().samples.goToOf(i + 1, explorer.nameOf(label));
    button.addEventListener("click", () => {
      const d = explorer.z.length;
      if (label !== null) explorer.setLabel(label);
      explorer.moveTo(latents().slice(i * d, (i + 1) * d));
    });
    canvases.push(canvas);
    return button;
  };
  const makeRow = (count: number, label: number | null) =>
    Array.from({ length: count }, (_, i) => makeSample(i, label));
  const fill = () => {
    canvases = [];
    byId("samples").replaceChildren(
      ...rows()?.flatMap((label) => [
        make("p", {}, explorer.nameOf(label)),
        ...makeRow(OF_EACH, label),
      ]) ?? makeRow(COUNT, null),
    );
    draw();
  };
  const show = () =>
    canvases.forEach((canvas, i) =>
      paint(canvas, pixels.subarray(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS))
    );
  const draw = inFrame(async () => {
    output.value = Number(temperature.value).toFixed(2);
    const { model } = explorer;
    const z = latents();
    const n = z.length / explorer.z.length;
    const classes = rows() ?? [explorer.label];
    const decoded = new Float32Array(classes.length * n * IMAGE_PIXELS);
    for (const [row, label] of classes.entries()) {
      const labels = new Uint8Array(n).fill(label);
      const digits = await model.engine.decode(z, labels);
      decoded.set(digits, row * digits.length);
      // Many classes take several frames: let what is moved move.
      if (classes.length > 1) await new Promise((done) => setTimeout(done, 0));
      if (explorer.model !== model) return;
    }
    pixels = decoded;
    show();
  });
  explorer.onModel(fill);
  onLanguage(fill);
  choice.addEventListener("change", fill);
  explorer.onLabel(() => {
    if (!rows()) draw();
  });
  onTheme(show);
  temperature.addEventListener("input", draw);
  onClick("new-samples", () => {
    seed++;
    draw();
  });
  onClick("save-samples", () => {
    const sheet = make("canvas");
    paint(sheet, pixels, rows() ? OF_EACH : 6);
    savePng(sheet, "samples.png", 4);
  });
}
