/**
 * Compresses images with a trained model, and restores them to the bit.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import { digestWeights } from "../checkpoint/run_record.ts";
import { sha256 } from "../dataset/split.ts";
import { WasmEngine } from "../engine/wasm/engine.ts";
import { SimdError } from "../engine/wasm/threads.ts";
import { IMAGE_PIXELS, type ModelOptions } from "../model/spec.ts";
import { Ans, StackError } from "./ans.ts";
import { formatArchive, parseArchive } from "./archive.ts";
import { type OnProgress, popImages, pushImages } from "./bits_back.ts";
import { CompressionError } from "./error.ts";

/** Digits of a digest that a person is shown. */
const SHOWN = 8;

/**
 * One model, ready to compress and to decompress. What it has compressed on one
 * machine it restores on any other.
 *
 * @example
 * ```ts
 * import { binarize, ImageCodec, syntheticDataset, train } from "@vae/mnist";
 * import { assertEquals } from "@std/assert";
 *
 * const dataset = await syntheticDataset({ limit: 64 });
 * const images = binarize(dataset.train.images, "static", "train");
 * const model = { latentDim: 2, likelihood: "bce" } as const;
 * for await (const event of train({ dataset, epochs: 1, ...model })) {
 *   if (event.type !== "end") continue;
 *   using codec = await ImageCodec.open(await event.checkpoint());
 *   const file = await codec.compress(images);
 *   assertEquals(await codec.decompress(file), images);
 * }
 * ```
 */
export class ImageCodec implements Disposable {
  readonly #engine: WasmEngine;
  readonly #digest: string;

  private constructor(engine: WasmEngine, digest: string) {
    this.#engine = engine;
    this.#digest = digest;
  }

  /**
   * Takes the model of a checkpoint. It runs on the kernels without fused
   * multiply-add, which not every machine rounds alike.
   *
   * @param checkpoint A VAE that was trained with the likelihood `bce`.
   * @param threads Threads that run it; by default one for each core.
   * @throws {CompressionError} If the model gives no probability to an image or
   * must be told its class, or WebAssembly has no SIMD here.
   * @throws {RangeError} If `threads` is out of range.
   */
  static async open(
    checkpoint: Checkpoint,
    threads?: number,
  ): Promise<ImageCodec> {
    const { latentDim, likelihood, autoencoder, classCount } =
      checkpoint.options;
    if (classCount > 0) {
      throw new CompressionError(
        "a conditional model is told the class of each image, which the file " +
          "would not hold: train one that is told of no classes",
      );
    }
    if (autoencoder) {
      throw new CompressionError(
        "an autoencoder has no distribution of z to compress with: train a VAE",
      );
    }
    if (likelihood !== "bce") {
      throw new CompressionError(
        `a model of the likelihood ${likelihood} says nothing of how likely ` +
          "black and white are: train one of the likelihood bce",
      );
    }
    const engine = exactEngine({ latentDim, likelihood, autoencoder }, threads);
    try {
      await engine.writeState(checkpoint.state);
      return new ImageCodec(engine, digestWeights(checkpoint));
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  /**
   * Compresses black-and-white images, and makes sure that the file gives them
   * back.
   *
   * @param images [n, 784] bytes, either all 0 or 255, or all 0 or 1.
   * @param onProgress Told how far the work is.
   * @returns The file.
   * @throws {CompressionError} If there are greys, or the model's numbers are
   * none.
   */
  async compress(
    images: Uint8Array<ArrayBuffer>,
    onProgress?: OnProgress,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const white = whiteOf(images);
    if (white === null) {
      throw new CompressionError(
        "the images have greys, and only black and white are compressed: make " +
          "each byte 0 or 255",
      );
    }
    const stack = Ans.empty();
    const { latentDim } = this.#engine.options;
    await pushImages(
      stack,
      this.#engine,
      scaled(images, 255 / white),
      latentDim,
      (fraction) => onProgress?.(fraction / 2),
    );
    const file = formatArchive({
      count: images.length / IMAGE_PIXELS,
      white,
      model: this.#digest,
      pixels: await sha256(images),
      head: stack.head,
      words: stack.words,
    });
    await this.decompress(file, (fraction) => onProgress?.((1 + fraction) / 2));
    return file;
  }

  /**
   * Restores what was compressed.
   *
   * @param file What {@linkcode compress} has returned.
   * @param onProgress Told how far the work is.
   * @returns [n, 784] bytes, as they were.
   * @throws {CompressionError} If another model has compressed it, or the file
   * is none or not whole.
   */
  async decompress(
    file: Uint8Array,
    onProgress?: OnProgress,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { count, white, model, pixels, head, words } = parseArchive(file);
    if (model !== this.#digest) {
      throw new CompressionError(
        "it was compressed with another model, whose tensors have the digest " +
          `${model.slice(0, SHOWN)}, and not ${this.#digest.slice(0, SHOWN)}`,
      );
    }
    const stack = Ans.of(head, words);
    const images = new Uint8Array(count * IMAGE_PIXELS);
    const { latentDim } = this.#engine.options;
    try {
      await popImages(stack, this.#engine, images, latentDim, onProgress);
    } catch (error) {
      if (error instanceof StackError) throw otherPixels(error);
      throw error;
    }
    const restored = scaled(images, white / 255);
    if (!stack.isSpent() || await sha256(restored) !== pixels) {
      throw otherPixels();
    }
    return restored;
  }

  /**
   * Returns −ELBO / ln 2 of black-and-white images, one draw of z for each: the
   * bits an image that bits back comes to.
   *
   * @param images As for {@linkcode compress}.
   */
  async promisedBits(images: Uint8Array<ArrayBuffer>): Promise<number> {
    const hyper = { beta: 1, capacity: 0, learningRate: 0 };
    const pixels = scaled(images, 255 / (whiteOf(images) ?? 255));
    const sums = await this.#engine.evaluate(pixels, 0, hyper);
    const kl = sums.klPerDimension.reduce((a, b) => a + b, 0);
    return (sums.reconstruction + kl) / sums.images / Math.LN2;
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#engine.dispose();
  }
}

/** Makes an engine that computes the same bits on every machine. */
function exactEngine(model: ModelOptions, threads?: number): WasmEngine {
  const options = { ...model, batchSize: 1, seed: 0, threads };
  try {
    return new WasmEngine({ ...options, variant: "plain" });
  } catch (error) {
    if (!(error instanceof SimdError)) throw error;
    throw new CompressionError(
      "this machine's WebAssembly has no SIMD, and by nothing else does the " +
        "model come to the same bits everywhere",
      { cause: error },
    );
  }
}

/**
 * Returns the byte of white pixels: 255, or 1 where no other but 0 comes; null
 * if there are greys.
 */
export function whiteOf(images: Uint8Array): 255 | 1 | null {
  const white = images.includes(1) ? 1 : 255;
  return images.every((byte) => byte === 0 || byte === white) ? white : null;
}

function scaled(
  images: Uint8Array<ArrayBuffer>,
  factor: number,
): Uint8Array<ArrayBuffer> {
  return factor === 1 ? images : images.map((byte) => byte * factor);
}

function otherPixels(cause?: Error): CompressionError {
  return new CompressionError(
    "it does not come to the pixels that were compressed: use the version of " +
      "the package that wrote it",
    { cause },
  );
}
