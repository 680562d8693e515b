/**
 * `deno task decompress`: restores the images that `compress` has compressed.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { CompressionError } from "../lib/compression/error.ts";
import { ImageCodec } from "../lib/compression/image_codec.ts";
import { writeIdx } from "../lib/formats/idx.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../lib/model/spec.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { willWrite, writeOutput } from "./shared/files.ts";
import { about, readInput } from "./shared/inputs.ts";
import { describe, openCheckpoint } from "./shared/model.ts";
import { common, engineOptions, outFile } from "./shared/options.ts";
import { Progress } from "./shared/progress.ts";
import { tell } from "./shared/terminal.ts";

const flags = {
  file: {
    type: "text",
    default: null,
    metavar: "FILE.vae",
    positional: "required",
    help: "what compress has written",
  },
  checkpoint: {
    ...common.checkpoint,
    help: "the checkpoint that it was compressed with",
  },
  threads: engineOptions.threads,
  out: outFile("digits.idx", "the IDX file to write, or FILE.gz"),
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task decompress` does. */
export const task: Task = {
  name: "decompress",
  summary: "Restores the images that compress has compressed, to the bit.",
  examples: ["digits.vae --out digits.idx.gz"],
  options: flags,
};

const main: Main<typeof flags> = async (options) => {
  const { file, out } = options;
  const compressed = await readInput("decompress", file);
  const checkpoint = await openCheckpoint(options.checkpoint);
  const kind = /\.gz$/i.test(out) ? "gzip" : "idx";
  await willWrite(out, kind);
  const started = performance.now();
  const progress = new Progress();
  const images = await about(
    "decompress",
    file,
    [CompressionError],
    async () => {
      using codec = await ImageCodec.open(
        checkpoint,
        options.threads ?? undefined,
      );
      return await codec.decompress(compressed, (fraction) =>
        progress.update(
          fraction,
          `decompressing ${Math.round(100 * fraction)} %`,
        ));
    },
  ).finally(() => progress.clear());
  const seconds = (performance.now() - started) / 1000;
  const count = images.length / IMAGE_PIXELS;
  const idx = writeIdx({
    shape: [count, IMAGE_SIZE, IMAGE_SIZE],
    data: images,
  });
  await writeOutput(out, kind === "gzip" ? gzipSync(idx) : idx, kind);
  if (options.json) {
    console.log(JSON.stringify({ file, out, images: count, seconds }));
  } else {
    const restored = `${counted(count, "image")}, every pixel as it was`;
    tell(`${out}: ${restored} (${describe(checkpoint)})`);
  }
};

if (import.meta.main) await runTask(task, flags, main);
