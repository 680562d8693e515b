/// <reference lib="dom" />
/**
 * Samples for the pad, of each class: synthetic digits, or, where the pictures are
 * others, what the network draws of one that it has encoded.
 *
 * @module
 */
import { DIGITS } from "../../dataset/class_names.ts";
import { synthesize } from "../../dataset/synthetic.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { byId, make } from "./dom.ts";
import type { Explorer } from "./explorer.ts";
import { onLanguage, texts } from "./language.ts";

const EXAMPLES = 400;

/** Each choice of a class gives the next sample of it. */
export function startExamples(
  explorer: Explorer,
  use: (image: Uint8Array, label: number) => void,
): void {
  const select = byId<HTMLSelectElement>("pad-example");
  let at = 0;
  const fill = () => {
    const { subject, labels, mu } = explorer.model;
    const isDigits = subject === "digits";
    const { chooseDigit, choose, any } = texts().pad;
    const classes = isDigits
      ? [...DIGITS.keys()]
      : labels
      ? [...new Set(labels)].sort((a, b) => a - b)
      : [0].slice(0, mu.length);
    select.parentElement!.hidden = classes.length === 0;
    select.replaceChildren(
      make("option", {
        value: "",
        textContent: isDigits ? chooseDigit : choose,
      }),
      ...classes.map((label) =>
        make("option", {
          value: String(label),
          textContent: isDigits || labels ? explorer.nameOf(label) : any,
        })
      ),
    );
  };
  explorer.onModel(fill);
  onLanguage(fill);
  select.addEventListener("change", async () => {
    const { value } = select;
    if (value === "") return;
    const label = Number(value);
    const { subject, labels, mu, options: { latentDim } } = explorer.model;
    if (subject === "digits") {
      const { images, labels } = synthesize(EXAMPLES, { seed: 1 });
      do at = (at + 1) % EXAMPLES; while (labels[at] !== label);
      use(images.slice(at * IMAGE_PIXELS, (at + 1) * IMAGE_PIXELS), label);
    } else {
      const count = mu.length / latentDim;
      do at = (at + 1) % count; while (labels && labels[at] !== label);
      const pixels = await explorer.decode(
        mu.slice(at * latentDim, (at + 1) * latentDim),
        Uint8Array.of(label),
      );
      // The array rounds, and keeps within a byte what strays.
      const bytes = Uint8ClampedArray.from(pixels, (x) => 255 * x);
      use(new Uint8Array(bytes.buffer), label);
    }
    select.value = value;
  });
}
