/// <reference lib="dom" />
/**
 * One slider for each latent dimension.
 *
 * @module
 */
import {
  type DimensionName,
  nameDimensions,
} from "../../latent/named_dimensions.ts";
import { byId, inFrame, make, onClick } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, texts } from "./language.ts";
import { nameOf, numberOf } from "./names.ts";
import { number } from "./numbers.ts";

/** Sliders at first; the rest tell least. */
const SHOWN = 16;

interface Slider {
  readonly dimension: number;
  readonly row: HTMLElement;
  readonly input: HTMLInputElement;
  readonly output: HTMLOutputElement;
  /** What is seen to change along it. */
  readonly change: HTMLElement;
  /** How sure the encoder is of a drawing. */
  readonly bar: HTMLElement;
}

/** Starts them. */
export function startSliders(explorer: Explorer): void {
  const list = byId("sliders");
  const more = byId<HTMLButtonElement>("show-all");
  let sliders: Slider[] = [];
  let showsAll = false;
  let names: readonly (DimensionName | null)[] = [];

  const show = () => {
    sliders.forEach(({ row }, i) => row.hidden = !showsAll && i >= SHOWN);
    more.hidden = sliders.length <= SHOWN;
    more.textContent = showsAll
      ? texts().sliders.fewer(SHOWN)
      : texts().sliders.all(sliders.length);
  };
  const update = inFrame(() => {
    sliders.forEach((slider) => place(slider, explorer));
  });
  onClick("show-all", () => {
    showsAll = !showsAll;
    show();
  });
  explorer.onMove(update);
  const fill = () => {
    const { order, kl } = explorer.model;
    sliders = order.map((dimension) => makeSlider(dimension, explorer));
    list.replaceChildren(
      makeHeads(kl !== null),
      ...sliders.map(({ row }) => row),
    );
    sliders.forEach((slider) => place(slider, explorer));
    sliders.forEach((slider) => call(slider, explorer, names));
    show();
  };
  explorer.onModel(() => {
    showsAll = false;
    names = [];
    fill();
  });
  onLanguage(fill);
  const rename = inFrame(async () => {
    names = await findNames(explorer) ?? names;
    sliders.forEach((slider) => call(slider, explorer, names));
  });
  explorer.onModel(rename);
  explorer.onLabel(rename);
}

/**
 * Names the dimensions, one in each frame, so that nothing else has to wait;
 * null if another model or class is chosen meanwhile.
 */
async function findNames(
  explorer: Explorer,
): Promise<(DimensionName | null)[] | null> {
  const { model, label } = explorer;
  const isOld = () => explorer.model !== model || explorer.label !== label;
  const tick = async () => {
    await new Promise(requestAnimationFrame);
    if (isOld()) throw new Error("another model or class is chosen");
  };
  try {
    return await nameDimensions((z) => explorer.decode(z), model.scale, {
      tick,
    });
  } catch (error) {
    if (isOld()) return null;
    throw error;
  }
}

function makeHeads(hasKl: boolean): HTMLElement {
  const { value, kl } = texts().sliders;
  const heads = ["", "", "", value, hasKl ? kl : ""];
  const row = make("div", { className: "slider heads" });
  row.append(...heads.map((text) => make("span", {}, text)));
  row.children[1].className = "change";
  row.setAttribute("aria-hidden", "true");
  return row;
}

function makeSlider(dimension: number, explorer: Explorer): Slider {
  const { kl, range } = explorer.model;
  const input = make("input", {
    type: "range",
    min: String(-range),
    max: String(range),
    step: "0.01",
    id: nameOf(dimension),
  });
  input.dataset.dim = String(dimension);
  input.addEventListener("input", () => {
    explorer.turn([dimension, Number(input.value)]);
  });
  const output = make("output", { ariaLive: "off" });
  const bar = make("div", { className: "bar", hidden: true });
  const change = make("span", { className: "change" });
  // The slider's own name says it, too.
  change.setAttribute("aria-hidden", "true");
  const label = make("label", { htmlFor: input.id });
  label.append(make("i", {}, "z"), make("sub", {}, numberOf(dimension)));
  const row = make(
    "div",
    { className: "slider" },
    label,
    change,
    make(
      "div",
      { className: "track" },
      make("div", { className: "spread" }, bar),
      input,
    ),
    output,
  );
  if (kl !== null) {
    const share = make("i");
    share.style.width = `${100 * kl[dimension] / Math.max(...kl, 1e-9)}%`;
    row.append(
      make(
        "div",
        { className: "kl" },
        number(kl[dimension], 2),
        make("span", {}, share),
      ),
    );
  }
  return { dimension, row, input, output, change, bar };
}

/** Says what a slider is, and what is seen to change along it, if that is known. */
function call(
  { dimension, input, change }: Slider,
  { model: { kl } }: Explorer,
  names: readonly (DimensionName | null)[],
): void {
  const { sliders } = texts();
  const name = names[dimension];
  const text = name
    ? sliders.change(sliders.factors[name.factor], number(name.r2, 2))
    : "";
  change.textContent = text;
  input.ariaLabel = [
    kl === null
      ? sliders.name(numberOf(dimension))
      : sliders.nameWithKl(numberOf(dimension), number(kl[dimension], 2)),
    text,
  ].filter(Boolean).join(", ");
}

function place({ dimension, input, output, bar }: Slider, explorer: Explorer) {
  const { z, drawn, model: { range } } = explorer;
  input.value = String(z[dimension]);
  output.value = number(z[dimension], 2);
  bar.hidden = drawn === null;
  if (drawn === null) return;
  const { mu, sigma } = drawn;
  const percent = (x: number) => 50 + 50 * Math.max(-1, Math.min(1, x / range));
  const left = percent(mu[dimension] - sigma[dimension]);
  const right = percent(mu[dimension] + sigma[dimension]);
  bar.style.left = `${left}%`;
  bar.style.width = `${Math.max(0.5, right - left)}%`;
}
