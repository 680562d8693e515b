/**
 * The files of pictures and animations.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { encodeGif, type Frame } from "../../lib/image/gif.ts";
import type { Picture } from "../../lib/image/picture.ts";
import { encodePng } from "../../lib/image/png.ts";
import { writeOutput } from "./files.ts";
import { describe } from "./model.ts";

/** Writes a PNG whose metadata says what it shows, and of which model. */
export async function writePicture(
  path: string,
  picture: Picture,
  title: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const bytes = encodePng(picture, metadata(title, checkpoint));
  await writeOutput(path, bytes, "png");
}

/** Lists what a picture's file says about it. */
export function metadata(
  title: string,
  checkpoint: Checkpoint,
): Record<string, string> {
  return {
    Title: title,
    Software: "@vae/mnist",
    Description: describe(checkpoint),
    "Data set": checkpoint.data.name,
  };
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
  await writeOutput(path, encodeGif(frames, comment.join("\n")), "gif");
}

/** Names the animation beside a picture. */
export function animationPath(out: string): string {
  return out.replace(/\.png$/i, "") + ".gif";
}

/**
 * Moves there and back again: a frame for each number below `steps`, the ends
 * held, without a jump where it begins anew.
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
