/** Files of arrays, and what is read of them. */
import { assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readArrays } from "../lib/dataset/array_pictures.ts";
import type { Picture, Pictures } from "../lib/dataset/picture_sets.ts";
import { FormatError } from "../lib/formats/error.ts";
import { encodeNpy } from "../lib/formats/npy.ts";
import { inFolder } from "./folder.ts";
import { bytesOf, zip } from "./pth.ts";

export const fixture = (name: string) =>
  fileURLToPath(new URL(`fixtures/pictures/${name}`, import.meta.url));

export const ANY = { array: null, labels: null };

/** An `.npz` file, as numpy.savez() makes it. */
export function npz(
  arrays: Record<string, Uint8Array>,
): Uint8Array<ArrayBuffer> {
  return zip(
    Object.entries(arrays).map(([name, content]) => ({
      name: `${name}.npy`,
      content,
    })),
  );
}

/** An array of bytes of this shape, each 0 to 250 by its place. */
export function bytes(...shape: number[]): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((a, b) => a * b, 1);
  return encodeNpy(shape, Uint8Array.from({ length: count }, byteAt));
}

const byteAt = (_: unknown, i: number) => (i * 7) % 251;

/** An IDX file of this element type; the data are as they are given. */
export function idx(
  shape: readonly number[],
  data: Uint8Array,
  type = 8,
): Uint8Array<ArrayBuffer> {
  const sizes = new Uint8Array(4 * shape.length);
  const view = new DataView(sizes.buffer);
  shape.forEach((size, axis) => view.setUint32(4 * axis, size));
  return bytesOf(0, 0, type, shape.length, sizes, data);
}

export const idxBytes = (...shape: number[]) =>
  idx(
    shape,
    Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, byteAt),
  );

/** Writes files into a folder and calls with their paths. */
export function withFiles(
  files: Readonly<Record<string, Uint8Array>>,
  body: (path: (name: string) => string, folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    for (const [name, content] of Object.entries(files)) {
      await Deno.writeFile(path(name), content);
    }
    await body(path, folder);
  });
}

export async function values(
  pictures: Pictures | undefined,
  index: number,
): Promise<number[]> {
  return Array.from((await pictures!.picture(index)).values);
}

/** Shape and scale of a picture. */
export function frame(
  { width, height, channels, black, white }: Picture,
): number[] {
  return [width, height, channels, black, white];
}

/** Reads one file, whose name is its key. */
export async function read(
  file: Uint8Array,
  { name = "a.npz", array = null as string | null } = {},
) {
  let sets: Awaited<ReturnType<typeof readArrays>> | undefined;
  await withFiles({ [name]: file }, async (path) => {
    sets = await readArrays(path(name), { array, labels: null });
    // What is large is read later: here it must be before the folder goes.
    await sets.train.picture(0);
    await sets.test?.picture(0);
  });
  return sets!;
}

export async function refused(
  file: Uint8Array,
  reason: string,
  options: Parameters<typeof read>[1] = {},
): Promise<void> {
  const { message } = await assertRejects(
    () => read(file, options),
    FormatError,
  );
  assertStringIncludes(message, reason);
}
