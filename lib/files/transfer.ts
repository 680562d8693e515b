/**
 * Downloads files over HTTP: bounded, given up when the server falls silent,
 * and taken up again where they broke off.
 *
 * @module
 */
import { type Place, withoutSecrets } from "./place.ts";

/** How far the transfer of one file is. */
export interface FetchProgress {
  /** The file's name; of a data set's, decompressed. */
  readonly file: string;
  /** The URL or path it comes from, without what may be secret. */
  readonly url: string;
  /** Bytes received so far. */
  readonly loaded: number;
  /** Bytes to receive, or `null` where the server does not say. */
  readonly total: number | null;
}

/** How to transfer a file, how long to try, and what to do meanwhile. */
export interface TransferOptions {
  /** Stops the transfer; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called after every chunk. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** A server silent for so many milliseconds is given up. Default 10,000. */
  readonly timeoutMs?: number;
  /** Further rounds over the places that failed temporarily. Default 2. */
  readonly retries?: number;
  /** Pause before the first of these rounds; it doubles. Default 500. */
  readonly backoffMs?: number;
}

/** What is transferred. */
export interface Transferred {
  /** The file's name, for a person. */
  readonly name: string;
  /** Bytes that it has at most: a server that sends more is given up. */
  readonly limit: number;
}

/** A failure that may be gone a moment later. */
export class TransientError extends Error {
  /** The class's name, which survives minification. */
  override name = "TransientError";
}

/** A server that gives no answer at all. */
export class UnreachableError extends Error {
  /** The class's name, which survives minification. */
  override name = "UnreachableError";

  /**
   * @param message What the system says.
   * @param isTransient Whether it may answer a moment later.
   */
  constructor(message: string, readonly isTransient: boolean) {
    super(message);
  }
}

/** The bytes of a file that one server has sent so far. */
export interface Part {
  readonly chunks: Uint8Array<ArrayBuffer>[];
  /** How many bytes they are. */
  loaded: number;
  /** How many the whole has, or `null` where the server does not say. */
  readonly total: number | null;
  /** The server's name for this version of the file, or "" without one. */
  readonly etag: string;
}

/**
 * Downloads a file, or the rest of it where an earlier transfer from the same
 * URL broke off.
 *
 * @param place Where the file is: a server's.
 * @param file What it is, and how much of it is read.
 * @param parts What has come so far, by URL; takes the part of a transfer that
 * breaks off.
 * @returns The bytes as the server has them. They are doubtful where another
 * transfer may give others: where they come from two answers, or from one that
 * did not say how long it is, so that its end may be a lost connection.
 * @throws {TransientError} If it is worth another try.
 * @throws {UnreachableError} If the server does not answer.
 * @throws {Error} If it is not.
 */
export async function download(
  { at: url, shown, headers: asking }: Place,
  { name, limit }: Transferred,
  { signal, onProgress, timeoutMs = 10_000 }: TransferOptions,
  parts: Map<string, Part>,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; isDoubtful: boolean }> {
  const held = parts.get(url);
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), timeoutMs);
  let answered = held !== undefined;
  try {
    const response = await fetch(url, {
      headers: {
        ...asking,
        ...held && {
          range: `bytes=${held.loaded}-`,
          "if-range": held.etag,
          "accept-encoding": "identity",
        },
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
        file: name,
        url: shown,
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
      throw answered
        ? new TransientError(message)
        : new UnreachableError(message, false);
    }
    // Network failures are TypeErrors: https://fetch.spec.whatwg.org/#fetch-method
    if (!(error instanceof TypeError)) throw error;
    throw answered
      ? new TransientError(reason(error))
      : new UnreachableError(reason(error), true);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the empty part that an answer with the whole file fills. */
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

/** Says whether an answer is the rest of the very file of which a part is held. */
function continues(headers: Headers, held: Part | undefined): boolean {
  return held !== undefined && headers.get("etag") === held.etag &&
    !headers.has("content-encoding") &&
    headers.get("content-range") ===
      `bytes ${held.loaded}-${held.total! - 1}/${held.total}`;
}

/** Says what went wrong, in one line, without the URL and its secrets. */
export function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "not found";
  const { message, cause } = error as Error;
  const detail = error instanceof TypeError && cause instanceof Error
    ? cause.message
    : message;
  const text = detail
    .replace(/^error sending request.*?client error \(\w+\): /, "")
    .replaceAll(/\s+/g, " ");
  return withoutSecrets(text);
}
