/**
 * Takes a file from the first of several places that has the right one.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Place } from "./place.ts";
import {
  download,
  type Part,
  reason,
  type TransferOptions,
  type Transferred,
  TransientError,
  UnreachableError,
} from "./transfer.ts";

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

  /**
   * Makes the error of a download that failed everywhere.
   *
   * @param message Lists what was tried, and what was wrong with each.
   * @param summary What was wrong, in a few words.
   */
  constructor(message: string, readonly summary: string) {
    super(message);
  }
}

/**
 * Makes of the bytes of a file what is wanted.
 *
 * @throws {Error} If it is not the right file.
 */
export type Check<T> = (
  bytes: Uint8Array<ArrayBuffer>,
  place: Place,
) => T | Promise<T>;

/**
 * Takes a file from the first place that has the right one. Those that fail for
 * a moment are asked again, after a pause, for what has not come yet.
 *
 * @param file What it is; `title` names it in errors.
 * @param places Where it may be, best first.
 * @param check Says which is the right one.
 * @param options How to transfer it, and how long to try.
 * @param failures Places that were tried before, and what was wrong with each.
 * @returns Where it was, and what `check` made of it.
 * @throws {DownloadError} If none has it.
 */
export async function fetchFirst<T>(
  file: Transferred & { readonly title: string },
  places: readonly Place[],
  check: Check<T>,
  options: TransferOptions,
  failures: Map<string, string> = new Map(),
): Promise<{ readonly place: Place; readonly result: T }> {
  const { signal, retries = 2, backoffMs = 500 } = options;
  const parts = new Map<string, Part>();
  let isOffline = failures.size === 0;
  let left = places;
  for (let round = 0; left.length > 0 && round <= retries; round++) {
    if (round > 0) {
      await delay(backoffMs * 2 ** (round - 1), undefined, { signal })
        .catch(() => signal?.throwIfAborted());
    }
    const again: Place[] = [];
    for (const place of left) {
      try {
        const result = await read(file, place, check, options, parts);
        return { place, result };
      } catch (error) {
        signal?.throwIfAborted();
        failures.set(place.shown, reason(error));
        const isUnreachable = error instanceof UnreachableError;
        if (!isUnreachable) isOffline = false;
        if (
          isUnreachable ? error.isTransient : error instanceof TransientError
        ) again.push(place);
      }
    }
    left = again;
  }
  const tried = [...failures].map(([place, why]) => `${place}: ${why}`);
  throw new DownloadError(
    `cannot fetch ${file.title}: ${tried.join("; ")}`,
    isOffline ? "no network" : tried[0],
  );
}

/** Reads a file from one place and checks it. */
async function read<T>(
  file: Transferred,
  place: Place,
  check: Check<T>,
  options: TransferOptions,
  parts: Map<string, Part>,
): Promise<T> {
  if (!place.isRemote) {
    const bytes = await Deno.readFile(place.at, { signal: options.signal });
    const { length } = bytes;
    options.onProgress?.({
      file: file.name,
      url: place.shown,
      loaded: length,
      total: length,
    });
    return await check(bytes, place);
  }
  const { bytes, isDoubtful } = await download(place, file, options, parts);
  try {
    return await check(bytes, place);
  } catch (error) {
    throw isDoubtful ? new TransientError(reason(error)) : error;
  }
}
