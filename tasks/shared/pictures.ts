/**
 * What the tasks that draw digits have in common.
 *
 * @module
 */
import { atomicWrite } from "../../lib/files/atomic_write.ts";
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import type { ImageSet } from "../../lib/dataset/dataset.ts";
import { encodeGif, type Frame } from "../../lib/image/gif.ts";
import { IMAGE_PIXELS } from "../../lib/model/spec.ts";
import { commandOf, TaskError } from "./cli.ts";
import { metadata } from "./model.ts";

/**
 * One image of a set.
 *
 * @throws {TaskError} If it has no image of that number.
 */
export function imageAt(
  { images, count }: ImageSet,
  index: number,
): Uint8Array {
  if (index >= count) {
    throw new TaskError(
      `there is no image ${index}: the ${count} images are numbered from 0 ` +
        `to ${count - 1}`,
    );
  }
  return images.subarray(index * IMAGE_PIXELS, (index + 1) * IMAGE_PIXELS);
}

/** Arrays one after another. */
export function join<T extends Float32Array | Uint8Array>(
  parts: readonly T[],
): T {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const joined = new (parts[0].constructor as new (length: number) => T)(
    length,
  );
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Writes a GIF whose comment says what it shows, and of which model. */
export async function writeAnimation(
  path: string,
  frames: Iterable<Frame>,
  title: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const comment = Object.entries(metadata(title, checkpoint))
    .map(([key, text]) => `${key}: ${text}`);
  await atomicWrite(path, encodeGif(frames, comment.join("\n")));
}

/** Where the animation beside a picture goes. */
export function animationPath(out: string): string {
  return out.replace(/\.png$/i, "") + ".gif";
}

/**
 * There and back again: a frame for each number below `steps`, the ends held,
 * without a jump where it begins anew.
 */
export function* swing(
  steps: number,
  frame: (step: number) => Frame["picture"],
): Generator<Frame> {
  for (let i = 0; i < 2 * (steps - 1); i++) {
    const step = i < steps ? i : 2 * (steps - 1) - i;
    const delay = step === 0 || step === steps - 1 ? 900 : 130;
    yield { picture: frame(step), delay };
  }
}

/** A latent dimension and what it carries. */
export interface Dimension {
  /** Counted from 0. */
  readonly index: number;
  /** `z1` for index 0. */
  readonly name: string;
  /** Its KL in nats after the last epoch; null if it is not known. */
  readonly kl: number | null;
}

/** The latent dimensions, the most active first where their KL is known. */
export function dimensionsOf({ options, history }: Checkpoint): Dimension[] {
  const known = options.autoencoder ? undefined : history.at(-1);
  return Array.from({ length: options.latentDim }, (_, index) => ({
    index,
    name: `z${index + 1}`,
    kl: known?.klPerDimension[index] ?? null,
  })).sort((a, b) => (b.kl ?? 0) - (a.kl ?? 0));
}

/**
 * The two dimensions to draw a plane along: the most active ones, or the only.
 *
 * @throws {TaskError} If there is only one dimension.
 */
export function twoDimensions(checkpoint: Checkpoint): [Dimension, Dimension] {
  const { latentDim } = checkpoint.options;
  if (latentDim === 1) {
    throw new TaskError(
      "this model has one latent dimension, and the picture takes two: " +
        `\`${commandOf("traverse")}\` shows what it has learnt`,
    );
  }
  const [x, y] = dimensionsOf(checkpoint);
  // A plane that is all there is has its axes in their own order.
  return latentDim === 2 && x.index === 1 ? [y, x] : [x, y];
}

/**
 * Numbers with their signs and as many decimals, two at most, as one of them
 * needs: `–1.5`, `0` and `+1.0`.
 */
export function signed(values: readonly number[]): string[] {
  const decimals = Math.max(
    ...values.map((value) =>
      String(Number(Math.abs(value).toFixed(2))).split(".")[1]?.length ?? 0
    ),
  );
  return values.map((value) => {
    const digits = Math.abs(value).toFixed(decimals);
    return Number(digits) === 0 ? "0" : (value < 0 ? "–" : "+") + digits;
  });
}
