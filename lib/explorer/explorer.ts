/**
 * The explorer: one HTML file that holds a model and all that runs it.
 *
 * @module
 */
import { decodeWeights } from "../checkpoint/weights.ts";
import type { Credit } from "../dataset/mnist.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import { pack } from "./packed.ts";
import { bodyOf } from "./sections/body.ts";
import { Teller } from "./sections/teller.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import type { Subject, Summary } from "./texts/about.ts";
import { type Language, textOf, TEXTS } from "./texts/texts.ts";

/** What a page explores. */
export interface ExplorerModel {
  /** From `encodeWeights()`: a safetensors file with the model's options. */
  readonly weights: Uint8Array;
  /** What the model is; said as it stands, or in the language of the page. */
  readonly description: string | Summary;
  /**
   * KL of each latent dimension in nats, mean over the test images; null where it
   * is not known, or the model is an autoencoder, which has none.
   */
  readonly kl: readonly number[] | null;
  /** The β that it was trained with; unknown unless given. */
  readonly beta?: number | null;
  /** Posterior means of some images, [n, latentDim]. */
  readonly mu: Float32Array;
  /** The images' n classes, or null if they have none. */
  readonly labels: Uint8Array | null;
  /** The first of these images, [m, 784], m ≤ n; none unless given. */
  readonly images?: Uint8Array;
  /** Whether the images are synthetic digits; not unless given. */
  readonly synthetic?: boolean;
  /** What the classes are called; by their numbers unless given. */
  readonly classes?: readonly string[];
  /** What the pictures show; any things unless given. */
  readonly subject?: Subject;
  /** Whose images it was trained on, if they are published ones. */
  readonly credit?: Credit;
  /**
   * What the page speaks at first. Unless given it is the first of the browser's
   * languages that the page knows, or English.
   */
  readonly language?: Language;
}

/** What the page reads; what is packed is so by {@linkcode pack}. */
export interface Embedded {
  readonly description: string | Summary;
  readonly kl: readonly number[] | null;
  readonly beta: number | null;
  /** Packed, of four bytes each. */
  readonly weights: string;
  /** Packed little-endian int16, in steps of `muStep`. */
  readonly mu: string;
  readonly muStep: number;
  /** Packed, as the images are. */
  readonly labels: string | null;
  readonly images: string;
  readonly synthetic?: boolean;
  readonly classes?: readonly string[];
  readonly subject: Subject;
  readonly credit?: Credit;
}

/**
 * A page that needs nothing but itself: it works from disk, and its policy lets
 * it request nothing.
 *
 * @returns The HTML.
 * @throws {Error} If `kl`, `mu` or `labels` do not fit the weights.
 */
export async function explorerHtml(model: ExplorerModel): Promise<string> {
  checkSizes(model);
  const { subject = "pictures", language } = model;
  const { autoencoder } = decodeWeights(model.weights).options;
  const t = new Teller(TEXTS[language ?? "en"], {
    subject,
    autoencoder,
    hasKl: model.kl !== null,
    hasMap: model.mu.length > 0,
  });
  const policy = [
    "default-src 'none'",
    `script-src '${await hashOf(SCRIPT)}' 'wasm-unsafe-eval'`,
    "worker-src blob:",
    `style-src '${await hashOf(STYLE)}'`,
    "img-src data: blob:",
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  // A "<" could end the element that the text stands in.
  const embedded = JSON.stringify(await embed(model)).replaceAll(
    "<",
    "\\u003c",
  );
  return `<!doctype html>
<html ${language ? `lang="${language}" data-language` : 'lang="en"'}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${textOf(t.texts, "page.title", t.about)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${bodyOf(t, model.credit)}
<script type="application/json" id="model">${embedded}</script>
<script id="program">${SCRIPT}</script>
</body>
</html>
`;
}

function checkSizes(
  { weights, kl, mu, labels, images = new Uint8Array() }: ExplorerModel,
): void {
  const { latentDim } = decodeWeights(weights).options;
  const points = mu.length / latentDim;
  if (kl && kl.length !== latentDim) {
    throw new Error(`kl has ${kl.length} numbers for ${latentDim} dimensions`);
  }
  if (!Number.isInteger(points)) {
    throw new Error(`mu has ${mu.length} numbers for ${latentDim} dimensions`);
  }
  if (labels && labels.length !== points) {
    throw new Error(`there are ${labels.length} labels for ${points} points`);
  }
  const count = images.length / IMAGE_PIXELS;
  if (!Number.isInteger(count) || count > points) {
    throw new Error(`there are ${count} images for ${points} points`);
  }
}

async function embed(
  model: ExplorerModel,
): Promise<Embedded> {
  const { weights, description, kl, mu, labels, classes } = model;
  const { beta = null, images = new Uint8Array(), subject = "pictures" } =
    model;
  const { synthetic, credit } = model;
  const largest = mu.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
  const muStep = (largest || 1) / 32767;
  const steps = new DataView(new ArrayBuffer(2 * mu.length));
  mu.forEach((x, i) => steps.setInt16(2 * i, Math.round(x / muStep), true));
  return {
    description,
    kl,
    beta,
    weights: await pack(weights.slice(), 4),
    mu: await pack(new Uint8Array(steps.buffer), 2),
    muStep,
    labels: labels && await pack(labels.slice(), 1),
    images: await pack(images.slice(), 1),
    synthetic,
    classes,
    subject,
    credit,
  };
}

/** The name by which a policy allows one inline text. */
async function hashOf(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return `sha256-${new Uint8Array(hash).toBase64()}`;
}
