/**
 * The files of pictures and animations.
 *
 * @module
 */
import type { Checkpoint } from "../../lib/checkpoint/checkpoint.ts";
import { encodeGif, type Frame } from "../../lib/image/gif.ts";
import type { Heading } from "../../lib/image/heading.ts";
import type { Picture } from "../../lib/image/picture.ts";
import { encodePng } from "../../lib/image/png.ts";
import { OptionError } from "../../lib/options/table.ts";
import { show } from "../../lib/text.ts";
import { willWrite, writeOutput } from "./files.ts";
import { describe } from "./model.ts";

/**
 * Words what stands above a picture: what it shows, and of which model.
 *
 * @param note What is to be known besides: a sentence without its full stop.
 */
export function headingOf(
  title: string,
  checkpoint: Checkpoint,
  note = "",
): Required<Heading> {
  const model = modelOf(checkpoint);
  return { title, subtitle: note ? `${model}. ${note}` : model };
}

/** Says what a model is and what it was fitted with. */
function modelOf(checkpoint: Checkpoint): string {
  const {
    likelihood,
    binarize,
    capacity,
    betaSchedule,
    freeBits,
    autoencoder,
  } = checkpoint.options;
  const loss = likelihood === "bce"
    ? `cross-entropy${binarize === "none" ? "" : " of binary pixels"}`
    : "squared error";
  const more = [
    ...(betaSchedule === "constant" ? [] : [`${betaSchedule} β`]),
    ...(capacity > 0 ? [`C = ${capacity} nats`] : []),
    ...(freeBits > 0 ? [`${freeBits} nats free in each`] : []),
  ];
  return [describe(checkpoint), loss, ...(autoencoder ? [] : more)].join(", ");
}

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
    Description: modelOf(checkpoint),
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

/**
 * Names the picture and, with `gif`, the animation beside it. `out` may be
 * either's name; the other's differs from it in the ending.
 *
 * @throws {OptionError} If `out` is an animation's name and none is wanted.
 * @throws {WriteError} If one of them cannot be written.
 */
export async function pictureFiles(
  { out, gif }: { out: string; gif: boolean },
): Promise<{ out: string; animation: string | null }> {
  const isAnimation = /\.gif$/i.test(out);
  if (isAnimation && !gif) {
    throw new OptionError(
      `--out takes a name that ends in .png, not ${show(out)}: --gif writes ` +
        "an animation, too",
    );
  }
  const stem = out.replace(/\.(png|gif)$/i, "");
  const files = {
    out: isAnimation ? `${stem}.png` : out,
    animation: !gif ? null : isAnimation ? out : `${stem}.gif`,
  };
  await willWrite(files.out, "png");
  if (files.animation !== null) await willWrite(files.animation, "gif");
  return files;
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
