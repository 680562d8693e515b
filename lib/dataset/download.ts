/**
 * Fetches the public data sets, from mirrors or from a folder, and verifies
 * every file.
 *
 * @module
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { atomicWrite } from "../files/atomic_write.ts";
import { gunzipIdx, parseIdx } from "../formats/idx.ts";
import {
  type Source,
  type SourceFile,
  type SourceName,
  sources,
} from "./mnist.ts";
import { sha256 } from "./split.ts";
import {
  download,
  type Part,
  reason,
  type TransferOptions,
  TransientError,
} from "./transfer.ts";

/** Where to keep files, where to get them, and how long to try. */
export interface FetchOptions extends TransferOptions {
  /** Files are kept, decompressed, in the folder `<dataDir>/<name>`. */
  readonly dataDir: string;
  /**
   * A folder, or an http, https or file URL of one, to use instead of the
   * public mirrors. Its files may be named with or without `.gz`.
   */
  readonly from?: string;
  /** Further rounds over the mirrors that failed temporarily. Default 2. */
  readonly retries?: number;
  /** Pause before the first of these rounds; it doubles. Default 500. */
  readonly backoffMs?: number;
}

/** A verified file. */
export interface FetchedFile {
  /** Where it is now. */
  readonly path: string;
  /** Where it came from, or `null` if it was there already. */
  readonly url: string | null;
}

/**
 * A file cannot be had: every place failed, or gave something else. The message
 * lists what was tried and what was wrong with each.
 *
 * @example
 * ```ts
 * import { DownloadError, fetchDataset } from "@vae/mnist";
 * import { assertRejects } from "@std/assert";
 *
 * const dataDir = await Deno.makeTempDir();
 * await assertRejects(
 *   () => fetchDataset("mnist", { dataDir, from: dataDir }),
 *   DownloadError,
 * );
 * ```
 */
export class DownloadError extends Error {
  /** The class's name, which survives minification. */
  override name = "DownloadError";
}

/**
 * Makes sure that a data set is in the data folder and right. Files that are
 * there and right are not fetched again.
 *
 * @param source A data set's name, or a description of another one.
 * @param options Where to keep the files and where to get them.
 * @returns The four files: training images and labels, test images and labels.
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
  for (
    const file of [
      known.trainImages,
      known.trainLabels,
      known.testImages,
      known.testLabels,
    ]
  ) {
    const { path, url } = await fetchFile(known, file, options);
    fetched.push({ path, url });
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
  const { signal, retries = 2, backoffMs = 500 } = options;
  const path = join(options.dataDir, source.name, file.name);
  const failures = new Map<string, string>();
  const parts = new Map<string, Part>();
  try {
    const bytes = await verify(await Deno.readFile(path, { signal }), file);
    return { path, url: null, bytes };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Deno.errors.NotFound)) {
      failures.set(path, reason(error));
    }
  }

  let places = placesOf(source, file, options.from);
  for (let round = 0; places.length > 0 && round <= retries; round++) {
    if (round > 0) {
      await delay(backoffMs * 2 ** (round - 1), undefined, { signal })
        .catch(() => signal?.throwIfAborted());
    }
    const again: string[] = [];
    for (const url of places) {
      let bytes;
      try {
        bytes = await read(url, file, options, parts);
      } catch (error) {
        signal?.throwIfAborted();
        failures.set(url, reason(error));
        if (error instanceof TransientError) again.push(url);
        continue;
      }
      await atomicWrite(path, bytes);
      return { path, url, bytes };
    }
    places = again;
  }
  const tried = [...failures].map(([place, why]) => `${place}: ${why}`);
  throw new DownloadError(
    `cannot fetch ${source.name}/${file.name}: ${tried.join("; ")}`,
  );
}

/** Lists the URLs and paths that may have a file, best first. */
function placesOf(source: Source, file: SourceFile, from?: string): string[] {
  if (from === undefined) {
    return source.mirrors.map((base) => `${base}${file.name}.gz`);
  }
  const names = [`${file.name}.gz`, file.name];
  const scheme = from.match(/^([a-z][a-z0-9+.-]*):\/\//i)?.[1].toLowerCase();
  const base = from.replace(/\/*$/, "/");
  switch (scheme) {
    case undefined:
      return names.map((name) => join(from, name));
    case "file":
      return names.map((name) => join(fileURLToPath(base), name));
    case "http":
    case "https":
      return names.map((name) => base + name);
    default:
      throw new Error(
        `cannot fetch from ${from}: it must be a folder or an http, https or file URL`,
      );
  }
}

/** Decompresses a file and checks that it is the right one. */
async function verify(
  bytes: Uint8Array<ArrayBuffer>,
  { shape, sha256: digest }: SourceFile,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = gunzipIdx(bytes, shape);
  parseIdx(file);
  const actual = digest && await sha256(file);
  if (actual !== digest) {
    throw new Error(`the SHA-256 is ${actual}, not ${digest}`);
  }
  return file;
}

/** Reads a file from one place, decompresses it and checks it. */
async function read(
  url: string,
  file: SourceFile,
  options: FetchOptions,
  parts: Map<string, Part>,
): Promise<Uint8Array<ArrayBuffer>> {
  if (/^https?:/i.test(url)) {
    const { bytes, isDoubtful } = await download(url, file, options, parts);
    return await verify(bytes, file).catch((error) => {
      throw isDoubtful ? new TransientError(reason(error)) : error;
    });
  }
  const bytes = await Deno.readFile(url, { signal: options.signal });
  const { length } = bytes;
  options.onProgress?.({ file: file.name, url, loaded: length, total: length });
  return await verify(bytes, file);
}
