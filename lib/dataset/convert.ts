/**
 * Reads pictures one after another and makes images of them: only one picture
 * is in memory at a time, however many there are.
 *
 * @module
 */
import { setImmediate as pause } from "node:timers/promises";
import { FormatError } from "../formats/error.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import { counted, oneLine } from "../text.ts";
import { rowName } from "./held_out.ts";
import type { Picture, Pictures } from "./picture_sets.ts";
import { type Conversion, toImage } from "./to_images.ts";

/** What watches pictures being read. */
export interface Watch {
  /** Stops it; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called now and then. */
  readonly onPicture?: (done: number, total: number) => void;
}

/** What has become of some pictures. */
export interface Converted {
  /** [n, 784] bytes. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** How many were not square. */
  readonly padded: number;
}

/** Milliseconds between two pauses, in which a signal or a bar has its turn. */
const PAUSE = 50;

/** Pictures that an error names. */
const NAMED = 5;

/** Says what the pictures of a set are called. */
export function nameOf({ names }: Pictures, index: number): string {
  return names?.[index] ?? rowName(index);
}

/**
 * Makes images of pictures.
 *
 * @param chosen Which pictures, in order.
 * @param all The pictures of all splits.
 * @throws {FormatError} If some cannot be read: after a look at all of them, in
 * all splits, so that it says how many.
 */
export async function convert(
  pictures: Pictures,
  chosen: Uint32Array,
  how: Conversion,
  watch: Watch,
  all: readonly Pictures[] = [pictures],
): Promise<Converted> {
  const images = new Uint8Array(chosen.length * IMAGE_PIXELS);
  const rest = pausing(chosen.length, watch);
  let padded = 0;
  for (const [done, index] of chosen.entries()) {
    await rest(done);
    let picture: Picture;
    try {
      picture = await pictures.picture(index);
    } catch (error) {
      await refuseUnreadable(all, watch);
      throw error;
    }
    const at = done * IMAGE_PIXELS;
    const image = images.subarray(at, at + IMAGE_PIXELS);
    if (toImage(picture, how, image).isPadded) padded++;
  }
  return { images, padded };
}

/** Reads all pictures, and lists those that cannot be read. */
async function refuseUnreadable(
  all: readonly Pictures[],
  watch: Watch,
): Promise<void> {
  const total = all.reduce((sum, { count }) => sum + count, 0);
  const rest = pausing(total, watch);
  const failures: string[] = [];
  let done = 0, failed = 0;
  for (const pictures of all) {
    for (let index = 0; index < pictures.count; index++) {
      await rest(done++);
      try {
        await pictures.picture(index);
      } catch (error) {
        if (failed++ >= NAMED) continue;
        const name = oneLine(nameOf(pictures, index), 200);
        failures.push(`${name} (${reasonOf(error)})`);
      }
    }
  }
  if (failed === 0) return;
  const more = failed > NAMED ? ` and ${failed - NAMED} more` : "";
  throw new FormatError(
    `${failed} of ${counted(total, "picture")} cannot be read: ` +
      failures.join(", ") + more,
  );
}

/** Returns what is to be called before each picture, or another part. */
export function pausing(
  total: number,
  { signal, onPicture }: Watch,
): (done: number) => void | Promise<void> {
  let last = performance.now();
  return (done) => {
    if (performance.now() - last <= PAUSE) return;
    onPicture?.(done, total);
    return pause().then(() => {
      signal?.throwIfAborted();
      last = performance.now();
    });
  };
}

/** Reads pictures to look at; those that cannot be read are left out. */
export async function* look(
  pictures: Pictures,
  chosen: Uint32Array,
  { signal }: Watch,
): AsyncGenerator<Picture> {
  for (const index of chosen) {
    await pause();
    signal?.throwIfAborted();
    try {
      yield await pictures.picture(index);
    } catch {
      // Converting says what is wrong with it, and with all others.
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it is gone";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "it may not be read";
  }
  return oneLine((error as Error).message, 400);
}
