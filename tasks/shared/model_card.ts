/**
 * The card of a model: what https://huggingface.co/docs/hub/model-cards shows of it,
 * and programs read.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { DataRecord } from "../../lib/checkpoint/metadata.ts";
import { type Credit, creditOf } from "../../lib/dataset/mnist.ts";
import { epochsOf, type Losses } from "../../lib/model/losses.ts";
import { trainingOptions } from "../../lib/options/run.ts";
import { markdownTable } from "../../lib/report/markdown.ts";
import { counted } from "../../lib/text.ts";
import { loadInDeno, loadInPyTorch } from "./card_programs.ts";
import { flagOf } from "./flags.ts";
import { describe } from "./model.ts";

/** The losses of a model, by what they were measured on. */
export type MeasuredLosses = readonly (readonly [split: string, Losses])[];

/**
 * Writes the card, in Markdown behind its metadata in YAML.
 *
 * @param measured What is known of the model's losses; what was held out first.
 */
export function modelCard(
  checkpoint: Checkpoint,
  measured: MeasuredLosses,
): string {
  const { options, data } = checkpoint;
  const title = isBetaKnown(checkpoint)
    ? describe(checkpoint)
    : describe(checkpoint).replace(/, β = [^,]+/, "");
  const credit = creditOf(data);
  const kind = options.autoencoder
    ? "A convolutional autoencoder"
    : "A convolutional variational autoencoder";
  const told = options.classCount > 0
    ? " It is told the class of each image, to encode and to draw it."
    : "";
  return `---
${yaml(metadataOf(checkpoint, credit, measured)).trimEnd()}
---

# ${title.replaceAll("<", "&lt;")}

${kind} of 28×28 grey images, ${
    originOf(checkpoint)
  }.${told} It takes pixels in [0, 1]${
    // MNIST's are, and so is what is read like it.
    isUnknown(data) ? "" : ", light on dark,"} and has ${
    counted(options.latentDim, "latent dimension")
  }; its decoder gives ${
    options.likelihood === "bce"
      ? "the logits of the pixels' means"
      : "the pixels' means"
  }.

![Samples of the model](samples.png)

## Use it

In Deno, with nothing installed (\`deno run --allow-read decode.ts\`):

\`\`\`ts
${loadInDeno(options)}
\`\`\`

In PyTorch, with \`pip install torch safetensors\`:

\`\`\`python
${loadInPyTorch(options)}
\`\`\`

## Measured

${lossesText(checkpoint, measured)}

## Trained on

${dataText(data, credit)}

${optionsText(checkpoint)}
`;
}

/** Says whether nothing of a model's training was here. */
export function isImported({ data, history }: Checkpoint): boolean {
  return data.digest === null && history.length === 0;
}

/**
 * Says whether β is known: of an imported model only if it is another than what is
 * taken where nobody says it.
 */
function isBetaKnown(checkpoint: Checkpoint): boolean {
  const { beta, autoencoder } = checkpoint.options;
  return !isImported(checkpoint) ||
    !autoencoder && beta !== trainingOptions.beta.default;
}

/** Says where a model was trained. */
function originOf(checkpoint: Checkpoint): string {
  const { state, epochsBefore = 0 } = checkpoint;
  const library = "[@vae/mnist](https://jsr.io/@vae/mnist)";
  const epochs = counted(epochsBefore, "epoch");
  if (isImported(checkpoint)) {
    const steps = state.step > 0 ? ` after ${counted(state.step, "step")}` : "";
    return `imported into ${library} from PyTorch` +
      (epochsBefore > 0 ? ` after ${epochs}` : steps);
  }
  const before = epochsBefore > 0 ? `begun in PyTorch (${epochs}) and ` : "";
  return `${before}trained with ${library}`;
}

/** The fields that the hub reads. */
function metadataOf(
  { options, data }: Checkpoint,
  credit: Credit | undefined,
  measured: MeasuredLosses,
): Record<string, unknown> {
  const { likelihood, autoencoder, classCount } = options;
  const [first] = measured;
  return {
    license: licenseOf(data, credit),
    library_name: "pytorch",
    pipeline_tag: "unconditional-image-generation",
    tags: [
      ...[autoencoder ? "autoencoder" : "vae", "safetensors", "deno"],
      ...(classCount > 0 ? ["conditional"] : []),
    ],
    ...(credit?.hub && { datasets: [credit.hub] }),
    ...(first && {
      metrics: [likelihood === "bce" ? "cross_entropy" : "squared_error"],
      "model-index": [{
        name: "@vae/mnist",
        results: [{
          task: { type: "unconditional-image-generation" },
          dataset: {
            name: credit?.title ?? data.name,
            type: credit?.hub ?? data.name,
            split: first[0],
          },
          metrics: Object.entries(first[1]).map(([name, value]) => ({
            ...{ type: name, name: NAMES[name as keyof Losses], value },
          })),
        }],
      }],
    }),
  };
}

/**
 * The licence by the hub's name: that of the images, which may be asked of what is
 * made of them; of drawn digits this package's.
 */
function licenseOf(data: DataRecord, credit: Credit | undefined): string {
  if (credit) return credit.license.toLowerCase();
  return isSynthetic(data) ? "mit" : "unknown";
}

function isSynthetic({ name, options }: DataRecord): boolean {
  return options.images === null && name === "synthetic";
}

/** Says whether nobody knows what a model was trained on. */
export function isUnknown({ digest, options }: DataRecord): boolean {
  return digest === null && options.images === null &&
    options.dataset === "auto";
}

const NAMES: Record<keyof Losses, string> = {
  total: "Total",
  reconstruction: "Reconstruction",
  kl: "KL",
};

function lossesText(
  { options, data, history, epochsBefore }: Checkpoint,
  measured: MeasuredLosses,
): string {
  if (measured.length === 0) {
    return "No losses are known.";
  }
  const { likelihood, autoencoder } = options;
  const names = Object.keys(NAMES) as (keyof Losses)[];
  const rows = measured.map(([split, losses]) => [
    split,
    ...names.map((name) => losses[name].toFixed(2)),
  ]);
  const unit = likelihood === "bce"
    ? "cross-entropy in nats"
    : "squared error, summed over pixels";
  const table = markdownTable(
    ["images", ...names.map((name) => NAMES[name])],
    rows,
  );
  const epochs = epochsOf(history, epochsBefore);
  return `${table}

Means per image${epochs > 0 ? ` after ${counted(epochs, "epoch")}` : ""}${
    data.options.limit === null ? "" : `, of the first ${data.options.limit}`
  }. The reconstruction is the ${unit}${
    autoencoder ? "." : ", the KL is in nats."
  }${
    measured.some(([split]) => split === "train")
      ? " What is said of the training images was measured while it learned."
      : ""
  }`;
}

function dataText(data: DataRecord, credit: Credit | undefined): string {
  if (credit) {
    const { title, authors, url, license } = credit;
    return `[${title}](${url}) by ${authors}, licence ` +
      `[${license}](https://spdx.org/licenses/${license}.html). This model is ` +
      "passed on under the same terms.";
  }
  return isSynthetic(data)
    ? "Synthetic digits, which the package draws itself."
    : isUnknown(data)
    ? "Images that nobody has named. Say here which they are and what they permit, " +
      "and in the metadata above which licence the model has."
    : "Images of its maker's own. Say here whose they are and what they permit, " +
      "and in the metadata above which licence the model has.";
}

/** The options that are not as they are by themselves. */
function optionsText(checkpoint: Checkpoint): string {
  const rows = Object.entries(knownOptions(checkpoint)).flatMap(
    ([name, value]) => {
      const option = trainingOptions[name as keyof typeof trainingOptions];
      const isShown = value !== option.default || SHOWN.includes(name);
      return isShown
        ? [[flagOf(name).slice(2), String(value), option.help]]
        : [];
    },
  );
  return markdownTable(["option", "value", "what it is"], rows);
}

/**
 * The options that a model was trained with; of an imported one those of the model
 * alone are known.
 */
export function knownOptions(
  checkpoint: Checkpoint,
): Partial<Checkpoint["options"]> {
  const { options } = checkpoint;
  return isImported(checkpoint)
    ? Object.fromEntries(
      [...OF_MODEL, ...isBetaKnown(checkpoint) ? ["beta" as const] : []]
        .map((name) => [name, options[name]]),
    )
    : options;
}

/** Options that everybody asks for. */
const SHOWN = ["latentDim", "beta", "epochs", "batchSize", "lr", "likelihood"];

/** Options that say what a model is, however it was trained. */
const OF_MODEL = [
  ...["latentDim", "likelihood", "autoencoder", "classCount"] as const,
];

/** Writes plain values as YAML, of which JSON's texts and numbers are a part. */
function yaml(value: unknown, indent = ""): string {
  if (typeof value !== "object" || value === null) {
    return ` ${JSON.stringify(value)}\n`;
  }
  const entries = Array.isArray(value)
    ? value.map((item) => ["-", item])
    : Object.entries(value).map(([key, item]) => [`${key}:`, item]);
  const isList = Array.isArray(value);
  return (indent ? "\n" : "") + entries.map(([key, item]) => {
    const inner = yaml(item, `${indent}  `);
    // What a list holds begins beside its dash.
    return indent + key + (isList ? inner.replace(/^\n\s*/, " ") : inner);
  }).join("");
}
