/// <reference lib="dom" />
/**
 * Fresh samples: of the prior, or normal as an autoencoder's codes.
 *
 * @module
 */
import { fromUnits } from "../../latent/scale.ts";
import { priorSample } from "../../model/prior.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { followArrows } from "./arrow_keys.ts";
import { byId, inFrame, make, onClick } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, texts } from "./language.ts";
import { number } from "./numbers.ts";
import { paint, savePng } from "./picture.ts";
import { onTheme } from "./theme.ts";

/** Samples of one class, and of each class where all are shown. */
const COUNT = 24, OF_EACH = 12;

/** Largest number that gives samples of its own. */
const LAST_SEED = 2 ** 32 - 1;

/** What makes the samples the same again, and who wants to know. */
export interface Samples {
  readonly seed: number;
  readonly temperature: number;
  /** Draws them with another seed, from 0 to 2³² − 1, and temperature. */
  set(seed: number, temperature: number): void;
  /** Runs when either has changed. */
  onChange(listener: () => void): void;
}

/** Starts them. */
export function startSamples(explorer: Explorer): Samples {
  const temperature = byId<HTMLInputElement>("temperature");
  const seedField = byId<HTMLInputElement>("sample-seed");
  const output = byId<HTMLOutputElement>("temperature-value");
  const choice = byId<HTMLSelectElement>("sample-classes");
  const listeners: (() => void)[] = [];
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
    output.value = number(Number(temperature.value), 2);
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
  followArrows(byId("samples"));
  explorer.onModel(fill);
  onLanguage(fill);
  choice.addEventListener("change", fill);
  explorer.onLabel(() => {
    if (!rows()) draw();
  });
  onTheme(show);
  const change = (to: number) => {
    seed = to;
    seedField.value = String(seed);
    draw();
    listeners.forEach((listener) => listener());
  };
  temperature.addEventListener("input", () => change(seed));
  seedField.addEventListener("change", () => {
    const { value, validity } = seedField;
    change(validity.valid && value !== "" ? Number(value) : seed);
  });
  onClick("new-samples", () => change(seed === LAST_SEED ? 0 : seed + 1));
  onClick("save-samples", () => {
    const sheet = make("canvas");
    paint(sheet, pixels, rows() ? OF_EACH : 6);
    savePng(sheet, "samples.png", 4);
  });
  return {
    get seed() {
      return seed;
    },
    get temperature() {
      return Number(temperature.value);
    },
    set: (to, degree) => {
      temperature.value = String(degree);
      change(to);
    },
    onChange: (listener) => listeners.push(listener),
  };
}
