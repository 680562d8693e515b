/**
 * Fetches the public data sets, from mirrors or from a folder, and verifies
 * every file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { atomicWrite } from "../files/atomic_write.ts";
import { fetchFirst } from "../files/mirrors.ts";
import { type Place, placeIn } from "../files/place.ts";
import { reason, type TransferOptions } from "../files/transfer.ts";
import { parseAmat, writeAmat } from "../formats/amat.ts";
import { gunzipIdx, parseIdx, writeIdx } from "../formats/idx.ts";
import { IMAGE_PIXELS } from "../model/spec.ts";
import {
  filesOf,
  type Source,
  type SourceFile,
  type SourceName,
  sources,
} from "./mnist.ts";
import { sha256 } from "./split.ts";

/** Where to keep files, where to get them, and how. */
export interface FetchOptions extends TransferOptions {
  /** Files are kept, decompressed, in the folder `<dataDir>/<name>`. */
  readonly dataDir: string;
  /**
   * A folder, or an http, https or file URL of one, to use instead of the
   * public mirrors. Its files may be named with or without `.gz`. A query of an
   * http URL goes with each request; a user's name and password are sent, never
   * shown.
   */
  readonly from?: string;
}

/** A file that is in the data folder. */
export interface FetchedFile {
  /** Where it is now. */
  readonly path: string;
  /**
   * Where it came from, without a URL's query, user and password; or `null` if
   * it was there already.
   */
  readonly url: string | null;
  /**
   * How it was checked: by a digest; or by its format, shape and length alone,
   * as a decompressed file is whose digest is known of its gzip file only.
   */
  readonly checkedBy: "digest" | "format";
}

/**
 * Makes sure that a data set is in the data folder and right. Files that are
 * there and right are not fetched again.
 *
 * @param source A data set's name, or a description of another one.
 * @param options Where to keep the files and where to get them.
 * @returns Its files: training images and labels, validation images, test images
 * and labels, those of them that it has.
 * @throws {DownloadError} If a file cannot be had from anywhere.
 * @throws {WriteError} If it cannot be written to the data folder.
 *
 * @example
 * ```ts ignore
 * import { fetchDataset } from "@vae/mnist";
 *
 * await fetchDataset("mnist", { dataDir: "data" });
 * ```
 */
export async function fetchDataset(
  source: SourceName | Source,
  options: FetchOptions,
): Promise<FetchedFile[]> {
  const known = typeof source === "string" ? sources[source] : source;
  const fetched: FetchedFile[] = [];
  for (const file of filesOf(known)) {
    const { bytes: _, ...found } = await fetchFile(known, file, options);
    fetched.push(found);
  }
  return fetched;
}

/**
 * Makes sure that one file of a data set is in the data folder and right.
 *
 * @param source The data set.
 * @param file Which of its files.
 * @param options Where to keep it and where to get it.
 * @returns Where it is, and its bytes, decompressed.
 * @throws {DownloadError} If it cannot be had from anywhere.
 * @throws {WriteError} If it cannot be written to the data folder.
 */
export async function fetchFile(
  source: Source,
  file: SourceFile,
  options: FetchOptions,
): Promise<FetchedFile & { bytes: Uint8Array<ArrayBuffer> }> {
  const { signal } = options;
  const path = join(options.dataDir, source.name, file.name);
  const failures = new Map<string, string>();
  // One that was copied there by hand may be compressed still.
  for (const kept of [path, `${path}.gz`]) {
    try {
      const verified = await verify(
        await Deno.readFile(kept, { signal }),
        file,
      );
      return { path: kept, url: null, ...verified };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Deno.errors.NotFound)) {
        failures.set(kept, reason(error));
      }
    }
  }
  const { place, result } = await fetchFirst(
    {
      name: file.name,
      title: `${source.name}/${file.name}`,
      limit: limitOf(file),
    },
    placesOf(source, file, options.from),
    async (bytes, { isRemote }) => {
      const verified = await verify(toIdx(bytes, file), file);
      if (
        isRemote && file.gzip && verified.checkedBy === "format" &&
        !options.from
      ) {
        throw new Error("it came decompressed, and its digest is not known so");
      }
      return verified;
    },
    options,
    failures,
  );
  await atomicWrite(path, result.bytes);
  return { path, url: place.shown, ...result };
}

/** Bytes that a mirror's file may have. */
function limitOf({ shape, amat }: SourceFile): number {
  // Incompressible bytes grow by gzip's framing; the rest is a wide margin.
  const size = shape.reduce((a, b) => a * b) * (amat ? 2 : 1);
  return size * 1.01 + 65_536;
}

/** Lists the places that may have a file, best first. */
function placesOf(source: Source, file: SourceFile, from?: string): Place[] {
  const names = file.amat ? [file.amat] : [`${file.name}.gz`, file.name];
  return from === undefined
    ? source.mirrors.map((base) => placeIn(base, names[0]))
    : names.map((name) => placeIn(from, name));
}

/** A file that has been checked. */
type Verified = Pick<FetchedFile, "checkedBy"> & {
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** Decompresses a file and checks that it is the right one. */
async function verify(
  given: Uint8Array<ArrayBuffer>,
  { amat, shape, sha256: digest, gzip }: SourceFile,
): Promise<Verified> {
  const bytes = gunzipIdx(given, shape);
  const { data } = parseIdx(bytes);
  if (digest !== undefined) {
    const actual = await sha256(amat ? writeAmat(data, IMAGE_PIXELS) : bytes);
    if (actual === digest) return { bytes, checkedBy: "digest" };
    throw new Error(`the SHA-256 is ${actual}, not ${digest}`);
  }
  if (gzip === undefined) return { bytes, checkedBy: "format" };
  if (bytes !== given) {
    const [actual, ...others] = ["sha256", "md5"].map((algorithm) =>
      createHash(algorithm).update(given).digest("hex")
    );
    if ([actual, ...others].some((digest) => gzip.includes(digest))) {
      return { bytes, checkedBy: "digest" };
    }
    throw new Error(
      `the SHA-256 of the gzip file is ${actual}, not ${gzip[0]}`,
    );
  }
  const other = await knownAs(bytes);
  if (other) throw new Error(`it is a file of ${other}`);
  return { bytes, checkedBy: "format" };
}

/** Names the data set that a decompressed file is known to be of. */
async function knownAs(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<SourceName | undefined> {
  const digest = await sha256(bytes);
  return Object.values(sources).find((source) =>
    filesOf(source).some(({ sha256 }) => sha256 === digest)
  )?.name as SourceName | undefined;
}

/** Makes the file of what a place has of it. */
function toIdx(
  bytes: Uint8Array<ArrayBuffer>,
  { amat, shape }: SourceFile,
): Uint8Array<ArrayBuffer> {
  if (!amat) return bytes;
  return writeIdx({ shape, data: parseAmat(bytes, shape[0], IMAGE_PIXELS) });
}
