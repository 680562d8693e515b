/// <reference lib="dom" />
/**
 * A picture in a file as the network is given it.
 *
 * @module
 */
import type { Picture } from "../../dataset/picture_sets.ts";
import { chooseConversion, toImage } from "../../dataset/to_images.ts";
import { IMAGE_PIXELS, IMAGE_SIZE } from "../../model/spec.ts";
import { mnistFrame, photoInk } from "./mnist_frame.ts";
import type { Subject } from "../texts/about.ts";

const MAX_BYTES = 32 * 2 ** 20;
/** As many pixels as a good camera has; decoded they take 200 MB. */
const MAX_PIXELS = 50e6;
/** A larger picture is scaled to this first: 20 pixels to one of the network's. */
const SIDE = 20 * IMAGE_SIZE;

/** Why a file is no picture for the network. */
export type Refusal = "tooLarge" | "unreadable" | "empty";

/** A picture that was refused. */
export class PictureError extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal);
  }
}

/** A picture as the network is given it. */
export interface GivenPicture {
  /** [784] */
  readonly image: Uint8Array;
  /** Whether light and dark changed places. */
  readonly isInverted: boolean;
}

/**
 * Reads a file: light on dark, digits as MNIST's are, unless the picture is of 28×28
 * pixels already.
 *
 * @throws {PictureError} If it cannot be.
 */
export async function readPicture(
  file: Blob,
  subject: Subject,
): Promise<GivenPicture> {
  const picture = await decode(file);
  const how = await chooseConversion(
    [picture],
    { invert: "auto", centre: false },
  );
  const { isInverted } = how;
  const isFramed = picture.width === IMAGE_SIZE &&
    picture.height === IMAGE_SIZE;
  if (subject === "digits" && !isFramed) {
    const ink = photoInk(picture, how);
    const image = ink && mnistFrame(ink);
    if (!image) throw new PictureError("empty");
    return { image, isInverted };
  }
  const image = new Uint8Array(IMAGE_PIXELS);
  toImage(picture, how, image);
  return { image, isInverted };
}

/** Decodes a file, off this thread where the browser can, no larger than needed. */
async function decode(file: Blob): Promise<Picture> {
  if (file.size > MAX_BYTES) throw new PictureError("tooLarge");
  const { width, height } = await sizeOf(file);
  if (width * height > MAX_PIXELS) throw new PictureError("tooLarge");
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const [wide, high] = [bitmap.width, bitmap.height]
      .map((side) => Math.max(1, Math.round(scale * side)));
    const context = new OffscreenCanvas(wide, high).getContext("2d")!;
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, wide, high);
    bitmap.close();
    const { data } = context.getImageData(0, 0, wide, high);
    return {
      ...{ width: wide, height: high, channels: 4, values: data },
      ...{ black: 0, white: 255 },
    };
  } catch {
    throw new PictureError("unreadable");
  }
}

/** A picture's size by its header: what is too large is not decoded. */
async function sizeOf(
  file: Blob,
): Promise<{ width: number; height: number }> {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new PictureError("unreadable"));
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
