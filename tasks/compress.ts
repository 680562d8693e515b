/**
 * `deno task compress`: compresses black-and-white images with a trained model.
 *
 * @module
 */
import {
  binaryPng,
  gzipOfBits,
  gzipOfBytes,
  WEBP_IMAGES,
  webpPictures,
} from "../lib/compression/baselines.ts";
import { CompressionError } from "../lib/compression/error.ts";
import { ImageCodec, whiteOf } from "../lib/compression/image_codec.ts";
import { binarize } from "../lib/dataset/binarize.ts";
import { checkImages } from "../lib/dataset/dataset.ts";
import { gunzipIdx, parseIdx } from "../lib/formats/idx.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted, firstLine } from "../lib/text.ts";
import {
  type Main,
  runTask,
  suggestNext,
  type Task,
  TaskError,
} from "./shared/cli.ts";
import { willWrite, writeOutput } from "./shared/files.ts";
import { about, readInput } from "./shared/inputs.ts";
import { describe, openCheckpoint } from "./shared/model.ts";
import {
  checkpointWords,
  common,
  engineOptions,
  outFile,
} from "./shared/options.ts";
import { Progress } from "./shared/progress.ts";
import { textTable } from "./shared/tables.ts";
import { say, tell } from "./shared/terminal.ts";

const flags = {
  file: {
    type: "text",
    default: null,
    metavar: "FILE.idx",
    positional: "required",
    help:
      "black-and-white images of 28×28 pixels in an IDX file, or gzip of one",
  },
  binarize: {
    type: "boolean",
    default: false,
    help: "make grey pixels black or white first: the greys are lost",
  },
  checkpoint: common.checkpoint,
  threads: engineOptions.threads,
  out: outFile("digits.vae", "the file to write"),
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task compress` does. */
export const task: Task = {
  name: "compress",
  summary: "Compresses black-and-white images with a model, without loss.",
  examples: ["data/mnist/t10k-images-idx3-ubyte --binarize"],
  options: flags,
};

const main: Main<typeof flags> = async (options) => {
  const { file, out } = options;
  const bytes = await readInput("compress", file);
  const given = await about("compress", file, [Error], () => {
    const idx = parseIdx(gunzipIdx(bytes));
    checkImages(idx);
    return idx.data;
  });
  const images = blackAndWhite(file, given, options.binarize);
  const checkpoint = await openCheckpoint(options.checkpoint);
  await willWrite(out, "vae");
  using codec = await about(
    "compress with",
    options.checkpoint,
    [CompressionError],
    () => ImageCodec.open(checkpoint, options.threads ?? undefined),
  );
  const started = performance.now();
  const progress = new Progress();
  const compressed = await about(
    "compress",
    file,
    [CompressionError],
    () =>
      codec.compress(images, (fraction) =>
        progress.update(
          fraction,
          `compressing ${Math.round(100 * fraction)} %`,
        )),
  ).finally(() => progress.clear());
  const seconds = (performance.now() - started) / 1000;
  await writeOutput(out, compressed, "vae");

  progress.update(null, "comparing with gzip, PNG and WebP");
  const count = images.length / IMAGE_PIXELS;
  const promised = await codec.promisedBits(images);
  const sizes = {
    compressed: compressed.length,
    gzip: gzipOfBytes(images).length,
    gzipOfBits: gzipOfBits(images).length,
    png: binaryPng(images).length,
    webp: await webpBytes(images, progress),
  };
  progress.clear();
  const bits = (bytes: number) => 8 * bytes / count;
  if (options.json) {
    console.log(JSON.stringify({
      file,
      out,
      images: count,
      binarized: images !== given,
      bytes: sizes,
      bitsPerImage: bits(compressed.length),
      promisedBitsPerImage: promised,
      seconds,
    }));
    return;
  }
  const row = (name: string, bytes: number | null) => [
    name,
    bytes?.toLocaleString("en") ?? "–",
    bytes === null ? "–" : bits(bytes).toFixed(2),
  ];
  tell(`${out}: ${counted(count, "image")} (${describe(checkpoint)})`);
  console.log(textTable(["", "bytes", "bits an image"], [
    row(out, sizes.compressed),
    ["−ELBO / ln 2", "", Number.isFinite(promised) ? promised.toFixed(2) : "–"],
    row("gzip", sizes.gzip),
    row("gzip, 8 pixels in a byte", sizes.gzipOfBits),
    row("PNG, all in one picture", sizes.png),
    row(
      `WebP, up to ${WEBP_IMAGES.toLocaleString("en")} in a picture`,
      sizes.webp,
    ),
  ]));
  suggestNext("decompress", [out, ...checkpointWords(options.checkpoint)]);
};

/**
 * Returns the images, drawn black or white if they are grey and that is wanted.
 *
 * @throws {TaskError} If they are grey and it is not.
 */
function blackAndWhite(
  file: string,
  images: Uint8Array<ArrayBuffer>,
  draw: boolean,
): Uint8Array<ArrayBuffer> {
  if (whiteOf(images) !== null) return images;
  if (!draw) {
    throw new TaskError(
      `cannot compress ${file}: it has greys, and only black and white can be ` +
        "compressed; --binarize draws each pixel black or white, by its " +
        "brightness",
    );
  }
  say(
    "note: the greys are lost: each pixel is drawn black or white, and these " +
      "are the images that are compressed",
  );
  return binarize(images, "static", "test");
}

/** Bytes of the images as WebP; null without its encoder, which is a download. */
async function webpBytes(
  images: Uint8Array,
  progress: Progress,
): Promise<number | null> {
  try {
    const pictures = await webpPictures(images);
    return pictures.reduce((sum, { length }) => sum + length, 0);
  } catch (error) {
    const reason = firstLine((error as Error).message);
    progress.clear();
    say(`note: WebP is left out: its encoder cannot be used (${reason})`);
    return null;
  }
}

if (import.meta.main) await runTask(task, flags, main);
