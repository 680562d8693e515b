/// <reference lib="dom" />
/**
 * Samples for the pad, of each class: pictures that the page holds. Where it holds
 * none they are synthetic digits or, of other things, what the network draws of a
 * picture that it has encoded.
 *
 * @module
 */
import { DIGITS } from "../../dataset/class_names.ts";
import { synthesize } from "../../dataset/synthetic.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { byId, make } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, texts, write } from "./language.ts";
import type { Model } from "./model.ts";

const SYNTHETIC = 400;

/** Pictures to choose from; without labels they are of no class. */
interface Samples {
  readonly count: number;
  readonly labels: Uint8Array | null;
  readonly image: (index: number) => Uint8Array | Promise<Uint8Array>;
}

/**
 * Each choice of a class gives the next sample of it.
 *
 * @param use Takes it; `index` says which of the model's pictures it is, if any.
 */
export function startExamples(
  explorer: Explorer,
  use: (image: Uint8Array, label: number, index?: number) => void,
): void {
  const select = byId<HTMLSelectElement>("pad-example");
  let at = -1;
  const fill = () => {
    const { model } = explorer;
    const isDigits = model.subject === "digits";
    const source = sourceOf(model);
    const { chooseDigit, choose, any } = texts().pad;
    // Drawn digits are of all classes, and are not drawn before they are needed.
    const classes = source === "synthetic" && model.images.length === 0
      ? [...DIGITS.keys()]
      : classesOf(model);
    select.parentElement!.hidden = classes.length === 0;
    select.replaceChildren(
      make("option", {
        value: "",
        textContent: isDigits ? chooseDigit : choose,
      }),
      ...classes.map((label) =>
        make("option", {
          value: String(label),
          textContent: source === "synthetic" || model.labels
            ? explorer.nameOf(label)
            : any,
        })
      ),
    );
    write(byId("pad-sample"), ({ pad }) => pad.sample[source]);
  };
  explorer.onModel(() => {
    at = -1;
    fill();
  });
  onLanguage(() => {
    const { value } = select;
    fill();
    select.value = value;
  });
  select.addEventListener("change", async () => {
    const { value } = select;
    if (value === "") return;
    const label = Number(value);
    const { count, labels, image } = samplesOf(explorer);
    do at = (at + 1) % count; while (labels && labels[at] !== label);
    const isHeld = explorer.model.images.length > 0;
    use(await image(at), label, isHeld ? at : undefined);
    select.value = value;
  });
}

/** Where a model's samples are from. */
function sourceOf(
  { images, subject, synthetic }: Model,
): "held" | "synthetic" | "drawn" {
  if (images.length > 0) return synthetic ? "synthetic" : "held";
  return subject === "digits" ? "synthetic" : "drawn";
}

/** The classes that there are samples of; 0 for all if they have none. */
function classesOf({ images, labels, mu }: Model): number[] {
  if (!labels) return [0].slice(0, mu.length);
  const held = images.length / IMAGE_PIXELS;
  return [...new Set(held > 0 ? labels.subarray(0, held) : labels)]
    .sort((a, b) => a - b);
}

let synthetic: ReturnType<typeof synthesize> | undefined;

function samplesOf(explorer: Explorer): Samples {
  const { subject, images, labels, mu, options } = explorer.model;
  const of = (images: Uint8Array, labels: Uint8Array | null): Samples => {
    const count = images.length / IMAGE_PIXELS;
    return {
      count,
      labels: labels && labels.subarray(0, count),
      image: (index) =>
        images.slice(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS),
    };
  };
  if (images.length > 0) return of(images, labels);
  if (subject === "digits") {
    synthetic ??= synthesize(SYNTHETIC, { seed: 1 });
    return of(synthetic.images, synthetic.labels);
  }
  const { latentDim } = options;
  return {
    count: mu.length / latentDim,
    labels,
    image: async (index) => {
      const pixels = await explorer.decode(
        mu.slice(index * latentDim, (index + 1) * latentDim),
        Uint8Array.of(labels?.[index] ?? 0),
      );
      // The array rounds, and keeps within a byte what strays.
      const bytes = Uint8ClampedArray.from(pixels, (x) => 255 * x);
      return new Uint8Array(bytes.buffer);
    },
  };
}
