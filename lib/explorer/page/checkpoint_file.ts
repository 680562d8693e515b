/// <reference lib="dom" />
/**
 * A checkpoint or a file of weights as a model to explore. Nothing in it is
 * trusted.
 *
 * @module
 */
import { decodeCheckpoint } from "../../checkpoint/codec.ts";
import type { Checkpoint } from "../../checkpoint/metadata.ts";
import { decodeWeights } from "../../checkpoint/weights.ts";
import { DIGITS } from "../../dataset/class_names.ts";
import { synthesize } from "../../dataset/synthetic.ts";
import { describeKind, kindOf } from "../../files/kind.ts";
import { parseSafetensors } from "../../formats/safetensors.ts";
import { klDivergences, type Posterior } from "../../metrics/posterior.ts";
import type { Engine } from "../../engine/engine.ts";
import { epochsOf } from "../../model/losses.ts";
import { IMAGE_PIXELS, type ModelOptions } from "../../model/spec.ts";
import { betaOf } from "../beta.ts";
import { subjectOf } from "../subject.ts";
import type { Texts } from "../texts/en.ts";
import { type Knowledge, type Model, modelOf, startEngine } from "./model.ts";

/** No model that the page can run takes more, with its moments and its best. */
const MAX_BYTES = 64 * 2 ** 20;
/** Bytes that tell a file's kind. */
const START = 512;
/** No number that a model shows may be further from 0, so that it can be read. */
const LARGEST = 1e6;
/** Digits that are drawn to be encoded where the page holds none. */
const DRAWN = 600;

/** Why a file is no model that runs here, in the page's language. */
export class ModelFileError extends Error {
  constructor(readonly reason: (texts: Texts["files"]) => string) {
    super("no model that runs here");
  }
}

/** What a file tells of a model. */
interface Opened extends ReturnType<typeof decodeWeights> {
  readonly run: Checkpoint | null;
  /** NaN where the file does not tell, or there is none. */
  readonly beta: number;
  /** Names of the classes of which it is told, where the file has them. */
  readonly classes?: readonly string[];
}

/**
 * Opens a file.
 *
 * @param original Whose pictures it is shown, if they are of its kind.
 * @throws {Error} If it is no model that runs here.
 */
export async function openModelFile(
  file: File,
  original: Model,
): Promise<Model> {
  const { size, name } = file;
  if (size > MAX_BYTES) {
    throw new ModelFileError(({ tooLarge }) => tooLarge(MAX_BYTES / 2 ** 20));
  }
  const bytes = await bytesOf(file);
  const kind = kindOf(bytes.subarray(0, START));
  if (kind !== "safetensors") {
    throw new ModelFileError(({ notModel, empty }) =>
      notModel(kind ? describeKind(kind) : empty)
    );
  }
  const { run, options, state, beta, classes } = decode(bytes);
  const { latentDim, likelihood, autoencoder, classCount = 0 } = options;
  const what = ({ files }: Texts) =>
    files.model(
      ...[latentDim, likelihood] as const,
      ...[autoencoder ? null : beta, classCount] as const,
    );
  const subject = run ? subjectOf(run.data) : original.subject;
  const engine = await startEngine(options, state);
  try {
    const pictures = picturesFor({ subject, classCount, classes }, original);
    const seen = await engine.encode(pictures.images, pictures.labels);
    // What an engine returns is its own, until it is asked again.
    const [mu, logvar] = [seen.mu.slice(), seen.logvar.slice()];
    const kl = autoencoder ? null : meanKl({ mu, logvar }, latentDim) ??
      run?.history.at(-1)?.klPerDimension ?? null;
    const shown = [mu, kl ?? [], await tryOut(engine, options, mu, pictures)];
    if (!shown.every((numbers) => numbers.every(isReadable))) {
      throw new ModelFileError(({ notFinite }) => notFinite);
    }
    return modelOf(engine, options, state, {
      ...{ ...pictures, subject, mu, kl },
      beta: autoencoder || Number.isNaN(beta) ? null : beta,
      description: (texts) =>
        run
          ? texts.files.run(
            ...[name, what(texts), run.data.name] as const,
            epochsOf(run.history, run.epochsBefore),
          )
          : texts.files.weights(name, what(texts)),
      classes: classes ?? (run ? undefined : original.classes),
    });
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

async function bytesOf(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new ModelFileError(({ unreadable }) => unreadable);
  }
}

/** Draws one picture, the first if there is one, and says what that costs. */
async function tryOut(
  engine: Engine,
  { latentDim }: ModelOptions,
  mu: Float32Array,
  { images, labels }: Pick<Knowledge, "images" | "labels">,
): Promise<number[]> {
  const z = new Float32Array(latentDim);
  z.set(mu.subarray(0, latentDim));
  const image = new Uint8Array(IMAGE_PIXELS);
  image.set(images.subarray(0, IMAGE_PIXELS));
  const label = Uint8Array.of(labels?.[0] ?? 0);
  const pixels = [...await engine.decode(z, label)];
  return [...pixels, ...await engine.score(z, image, label)];
}

function isReadable(value: number): boolean {
  return Math.abs(value) <= LARGEST;
}

function decode(bytes: Uint8Array): Opened {
  const { metadata } = parseSafetensors(bytes);
  if (metadata.vae_version === undefined) {
    const weights = decodeWeights(bytes);
    const { beta = NaN } = JSON.parse(metadata.options);
    const classes = JSON.parse(metadata.classes ?? "null");
    const areNames = Array.isArray(classes) &&
      classes.every((name) => typeof name === "string");
    return {
      ...{ ...weights, run: null, beta },
      ...(areNames && { classes }),
    };
  }
  const run = decodeCheckpoint(bytes);
  // How it was trained is nothing to an engine that does not train.
  const { latentDim, likelihood, autoencoder, classCount } = run.options;
  return {
    options: { latentDim, likelihood, autoencoder, classCount },
    ...{ state: run.state, run, classes: run.data.classes },
    beta: betaOf(run) ?? NaN,
  };
}

/** The KL of each dimension in nats, mean over pictures; null without any. */
function meanKl(posterior: Posterior, latentDim: number): number[] | null {
  if (posterior.mu.length === 0) return null;
  return klDivergences(posterior, latentDim).perDimension
    .map((kl) => kl.reduce((a, b) => a + b) / kl.length);
}

/** The page's pictures or, of digits, drawn ones; none where they are of others. */
function picturesFor(
  { subject, classCount, classes }: Pick<
    Model,
    "subject" | "classCount" | "classes"
  >,
  original: Model,
): Pick<Knowledge, "images" | "labels" | "synthetic"> {
  const { images, synthetic } = original;
  const count = images.length / IMAGE_PIXELS;
  const labels = original.labels && original.labels.slice(0, count);
  const isSame =
    String(classes ?? original.classes) === String(original.classes);
  if (subject === original.subject && count > 0) {
    if (classCount === 0) return { images, labels, synthetic };
    if (isSame && labels?.every((label) => label < classCount)) {
      return { images, labels, synthetic };
    }
  }
  if (subject === "digits" && [0, DIGITS.length].includes(classCount)) {
    return { ...synthesize(DRAWN, { seed: 0 }), synthetic: true };
  }
  return { images: new Uint8Array(), labels: new Uint8Array() };
}
