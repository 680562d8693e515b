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
import { epochsOf } from "../../model/losses.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { subjectOf } from "../subject.ts";
import type { Texts } from "../texts/en.ts";
import { type Knowledge, type Model, modelOf, startEngine } from "./model.ts";

/** No model that the page can run takes more, with its moments and its best. */
const MAX_BYTES = 64 * 2 ** 20;
/** Bytes that tell a file's kind. */
const START = 512;
/** Digits that are drawn to be encoded where the page holds none. */
const DRAWN = 600;

/** What a file tells of a model. */
interface Opened extends ReturnType<typeof decodeWeights> {
  readonly run: Checkpoint | null;
  /** The last epoch's; NaN where the file does not tell. */
  readonly beta: number;
  /** Names of the classes of which it is told, where the file has them. */
  readonly classes?: readonly string[];
}

/**
 * Opens a file.
 *
 * @param original Whose pictures it is shown, if they are of its kind.
 * @throws {Error} If it is no model that runs here: the line to show.
 */
export async function openModelFile(
  file: File,
  original: Model,
  { files }: Texts,
): Promise<Model> {
  const { size, name } = file;
  if (size > MAX_BYTES) throw new Error(files.tooLarge(MAX_BYTES / 2 ** 20));
  const bytes = new Uint8Array(await file.arrayBuffer());
  const kind = kindOf(bytes.subarray(0, START));
  if (kind !== "safetensors") {
    throw new Error(files.notModel(kind ? describeKind(kind) : files.empty));
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
    const { mu, logvar } = await engine.encode(
      pictures.images,
      pictures.labels,
    );
    if (!mu.every(Number.isFinite)) throw new Error(files.notFinite);
    return modelOf(engine, options, state, {
      ...{ ...pictures, subject, mu: mu.slice() },
      beta: autoencoder || Number.isNaN(beta) ? null : beta,
      description: (texts) =>
        run
          ? texts.files.run(
            ...[name, what(texts), run.data.name] as const,
            epochsOf(run.history, run.epochsBefore),
          )
          : texts.files.weights(name, what(texts)),
      classes: classes ?? (run ? undefined : original.classes),
      kl: autoencoder ? null : run?.history.at(-1)?.klPerDimension ??
        meanKl({ mu, logvar }, latentDim),
    });
  } catch (error) {
    engine.dispose();
    throw error;
  }
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
  const beta = run.history.at(-1)?.beta ?? run.options.beta;
  return {
    options: { latentDim, likelihood, autoencoder, classCount },
    ...{ state: run.state, run, classes: run.data.classes },
    beta: Number(beta.toPrecision(3)),
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
