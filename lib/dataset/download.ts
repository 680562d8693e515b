/**
 * Verified copies of the public data sets, from mirrors or from a folder.
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

/** How far the transfer of one file is. */
export interface FetchProgress {
  /** The file's name, decompressed. */
  readonly file: string;
  /** The URL or path it comes from. */
  readonly url: string;
  /** Bytes received so far. */
  readonly loaded: number;
  /** Bytes to receive, or `null` where the server does not say. */
  readonly total: number | null;
}

/** Where to keep files, where to get them, and how long to try. */
export interface FetchOptions {
  /** Files are kept, decompressed, in the folder `<dataDir>/<name>`. */
  readonly dataDir: string;
  /**
   * A folder, or an http, https or file URL of one, to use instead of the
   * public mirrors. Its files may be named with or without `.gz`.
   */
  readonly from?: string;
  /** Stops the transfer; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called after every chunk. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** A server silent for so many milliseconds is given up. Default 10,000. */
  readonly timeoutMs?: number;
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
  /** Tells it from other errors. */
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

/** The URLs and paths that may have a file, best first. */
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

/** The decompressed file, if it is the right one. */
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

/** A failure that may be gone a moment later. */
class TransientError extends Error {}

/** The decompressed file from one place, if it is the right one. */
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

/** What has come of a file from one server so far. */
interface Part {
  readonly chunks: Uint8Array<ArrayBuffer>[];
  /** How many bytes they are. */
  loaded: number;
  /** How many the whole has, or `null` where the server does not say. */
  readonly total: number | null;
  /** The server's name for this version of the file, or "" without one. */
  readonly etag: string;
}

/**
 * What a server sends, or the rest of it where an earlier transfer broke off:
 * its part is in `parts` then. The bytes are doubtful where another transfer
 * may give others: they come from two answers, or from one that did not say
 * how long it is, so that its end may be a lost connection.
 */
async function download(
  url: string,
  file: SourceFile,
  { signal, onProgress, timeoutMs = 10_000 }: FetchOptions,
  parts: Map<string, Part>,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isDoubtful: boolean }> {
  // Incompressible bytes grow by gzip's framing; the rest is a wide margin.
  const limit = file.shape.reduce((a, b) => a * b) * 1.01 + 65_536;
  const held = parts.get(url);
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), timeoutMs);
  let answered = held !== undefined;
  try {
    const response = await fetch(url, {
      headers: held && {
        range: `bytes=${held.loaded}-`,
        "if-range": held.etag,
        "accept-encoding": "identity",
      },
      signal: AbortSignal.any([silence.signal, ...(signal ? [signal] : [])]),
    });
    answered = true;
    const { status, statusText, headers, body } = response;
    const isBusy = status === 429 || status >= 500;
    if (!isBusy) parts.delete(url);
    if (!response.ok || body === null) {
      await body?.cancel();
      const message = `HTTP ${status} ${statusText}`.trim();
      // 416: the server's file is shorter than the part that is held.
      throw isBusy || (held && status === 416)
        ? new TransientError(message)
        : new Error(message);
    }
    const isRest = status === 206;
    if (isRest && !continues(headers, held)) {
      await body.cancel();
      throw new TransientError("it sends another part than it was asked for");
    }
    const part = isRest ? held! : begin(headers);
    if (part.etag && part.total) parts.set(url, part);
    for await (const chunk of body) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), timeoutMs);
      part.chunks.push(chunk);
      part.loaded += chunk.length;
      if (part.loaded > limit) {
        throw new Error(
          `it sends more than ${
            Math.floor(limit)
          } bytes, too many for this file`,
        );
      }
      onProgress?.({
        file: file.name,
        url,
        loaded: part.loaded,
        total: part.total,
      });
    }
    parts.delete(url);
    return {
      bytes: new Uint8Array(await new Blob(part.chunks).arrayBuffer()),
      isDoubtful: isRest || part.total === null,
    };
  } catch (error) {
    if (silence.signal.aborted) {
      const message = `no bytes for ${timeoutMs / 1000} s`;
      // Offline behind a firewall, waiting once for nothing is enough.
      throw answered ? new TransientError(message) : new Error(message);
    }
    // Network failures are TypeErrors: https://fetch.spec.whatwg.org/#fetch-method
    if (error instanceof TypeError) throw new TransientError(reason(error));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The part that a whole file begins with. */
function begin(headers: Headers): Part {
  const etag = headers.get("etag") ?? "";
  return {
    chunks: [],
    loaded: 0,
    // Where the transfer itself is compressed, the length counts other bytes.
    total: headers.has("content-encoding")
      ? null
      : Number(headers.get("content-length")) || null,
    // A weak one, W/"…", may stand for other bytes of the same meaning.
    etag: etag.startsWith('"') ? etag : "",
  };
}

/** Whether an answer is the rest of the very file of which a part is held. */
function continues(headers: Headers, held: Part | undefined): boolean {
  return held !== undefined && headers.get("etag") === held.etag &&
    !headers.has("content-encoding") &&
    headers.get("content-range") ===
      `bytes ${held.loaded}-${held.total! - 1}/${held.total}`;
}

/** What went wrong, in one line and without repeating the URL. */
function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "not found";
  const { message, cause } = error as Error;
  const detail = error instanceof TypeError && cause instanceof Error
    ? cause.message
    : message;
  return detail.replace(/^error sending request.*?client error \(\w+\): /, "")
    .replaceAll(/\s+/g, " ");
}
