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
import { synthesize } from "../../dataset/synthetic.ts";
import { describeKind, kindOf } from "../../files/kind.ts";
import { parseSafetensors } from "../../formats/safetensors.ts";
import { klDivergences } from "../../metrics/posterior.ts";
import { epochsOf } from "../../model/losses.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { subjectOf } from "../subject.ts";
import type { Texts } from "../texts/en.ts";
import { type Knowledge, type Model, startModel } from "./model.ts";

/** No model that the page can run takes more, with its moments and its best. */
const MAX_BYTES = 64 * 2 ** 20;
/** Bytes that tell a file's kind. */
const START = 512;
/** Digits that are drawn to be encoded where the page holds none. */
const DRAWN = 600;

/** What a file tells of a model. */
interface Opened extends ReturnType<typeof decodeWeights> {
  readonly run: Checkpoint | null;
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
  const opened = decode(bytes);
  const { run, options, state } = opened;
  const beta = options.autoencoder
    ? null
    : run
    ? Number((run.history.at(-1)?.beta ?? run.options.beta).toPrecision(3))
    : NaN; // weights alone do not tell
  const { latentDim, likelihood, classCount = 0 } = options;
  const what = files.model(latentDim, likelihood, beta, classCount);
  const model = await startModel(options, state, {
    description: run
      ? files.run(
        ...[name, what, run.data.name] as const,
        epochsOf(run.history, run.epochsBefore),
      )
      : files.weights(name, what),
    subject: run ? subjectOf(run.data) : original.subject,
    ...pointless(original, opened),
  });
  try {
    return await withPoints(model, opened, original);
  } catch (error) {
    model.engine.dispose();
    throw error;
  }
}

function decode(bytes: Uint8Array): Opened {
  const { metadata } = parseSafetensors(bytes);
  if (metadata.vae_version === undefined) {
    const classes = metadata.classes && JSON.parse(metadata.classes);
    const isNames = Array.isArray(classes) &&
      classes.every((name) => typeof name === "string");
    return {
      ...decodeWeights(bytes),
      run: null,
      ...(isNames && { classes }),
    };
  }
  const run = decodeCheckpoint(bytes);
  // How it was trained is nothing to an engine that does not train.
  const { latentDim, likelihood, autoencoder, classCount } = run.options;
  return {
    options: { latentDim, likelihood, autoencoder, classCount },
    ...{ state: run.state, run, classes: run.data.classes },
  };
}

/** What is known of a model before any picture is encoded. */
function pointless(
  { classes }: Model,
  opened: Opened,
): Omit<Knowledge, "description" | "subject"> {
  return {
    kl: opened.options.autoencoder
      ? null
      : opened.run?.history.at(-1)?.klPerDimension ?? null,
    mu: new Float32Array(),
    labels: null,
    images: new Uint8Array(),
    classes: opened.classes ?? (opened.run ? undefined : classes),
  };
}

/** The model again, with pictures that it has encoded if there are any for it. */
async function withPoints(
  model: Model,
  { options, state, classes }: Opened,
  original: Model,
): Promise<Model> {
  const pictures = picturesFor(model, original, classes);
  if (!pictures) return model;
  const { images, labels } = pictures;
  const { mu, logvar } = await model.engine.encode(images, labels);
  const { latentDim, autoencoder } = options;
  const { perDimension } = klDivergences({ mu, logvar }, latentDim);
  const kl = perDimension.map((kl) => kl.reduce((a, b) => a + b) / kl.length);
  model.engine.dispose();
  return await startModel(options, state, {
    ...model,
    ...{ images, labels, mu: mu.slice() },
    classes: model.classes ?? original.classes,
    kl: autoencoder ? null : model.kl ?? kl,
    synthetic: pictures.synthetic,
  });
}

/** The page's pictures or, of digits, drawn ones; none where they are of others. */
function picturesFor(
  { subject, classCount = 0 }: Model,
  original: Model,
  classes?: readonly string[],
): Pick<Knowledge, "images" | "labels" | "synthetic"> | null {
  if (subject !== original.subject) return drawnFor(subject, classCount);
  const count = original.images.length / IMAGE_PIXELS;
  if (count === 0) return drawnFor(subject, classCount);
  const labels = original.labels && original.labels.slice(0, count);
  const fits = classCount === 0 ||
    labels !== null && labels.every((label) => label < classCount) &&
      (!classes || !original.classes ||
        String(classes) === String(original.classes));
  if (!fits) return null;
  const { images, synthetic } = original;
  return { images, labels, synthetic };
}

function drawnFor(
  subject: Knowledge["subject"],
  classCount: number,
): Pick<Knowledge, "images" | "labels" | "synthetic"> | null {
  if (subject !== "digits" || ![0, 10].includes(classCount)) return null;
  return { ...synthesize(DRAWN, { seed: 0 }), synthetic: true };
}
