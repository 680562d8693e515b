// deno-lint-ignore-file no-control-regex -- the bytes of files are matched
/**
 * Tells from a file's first bytes what it is, whatever its name says.
 *
 * @module
 */

/** What a file is, in the words of messages. */
const KINDS = {
  png: "a PNG picture",
  gif: "a GIF animation",
  jpeg: "a JPEG picture",
  webp: "a WebP picture",
  pdf: "a PDF document",
  html: "an HTML page",
  safetensors: "a safetensors file",
  zip: "a zip archive, as torch.save() writes",
  pickle: "a pickle, as torch.save() once wrote",
  hdf5: "an HDF5 file, as Keras writes",
  npy: "a NumPy array",
  gzip: "gzip data",
  idx: "an IDX file like MNIST's",
  vae: "a file of compressed images",
  onnx: "an ONNX model",
  log: "the log of a run",
  json: "a JSON text",
  text: "a text",
  binary: "binary data of an unknown kind",
} as const;

/** The kind of a file. */
export type FileKind = keyof typeof KINDS;

/** Bytes that suffice to tell a file's kind. */
const ENOUGH = 512;

/** The longest header that a safetensors file may have. */
const MAX_HEADER = 100_000_000;

/** How the log of a run begins. */
export const LOG_START = '{"kind":"start"';

/** First bytes that are a kind's own. */
const SIGNATURES: readonly [FileKind, RegExp][] = [
  ["png", /^\x89PNG\r\n\x1a\n/],
  ["gif", /^GIF8[79]a/],
  ["jpeg", /^\xff\xd8\xff/],
  ["webp", /^RIFF[^]{4}WEBP/],
  ["pdf", /^%PDF-/],
  ["zip", /^PK(\x03\x04|\x05\x06)/],
  // Protocol 2 and later, then one of the codes that a saved object begins with.
  ["pickle", /^\x80[\x02-\x05][\x8a\x95}\](cq]/],
  ["hdf5", /^\x89HDF\r\n\x1a\n/],
  ["npy", /^\x93NUMPY/],
  ["vae", /^\x89VAE\r\n\x1a\n/],
  ["gzip", /^\x1f\x8b\x08/],
  ["idx", /^\0\0[\x08\x09\x0b-\x0e][\x01-\x04]/],
  // Field 1 is the version of the format, field 2 the producer's name.
  ["onnx", /^\x08[\x03-\x1f]\x12[\x01-\x7f]/],
];

/**
 * Tells the kind of a file from its first bytes.
 *
 * @param start The first 512 bytes, or all that there are.
 * @returns Nothing for an empty file, which is of no kind yet.
 */
export function kindOf(start: Uint8Array): FileKind | undefined {
  if (start.length === 0) return;
  const bytes = start.subarray(0, ENOUGH);
  const latin1 = Array.from(bytes, (byte) => String.fromCharCode(byte)).join(
    "",
  );
  const signed = SIGNATURES.find(([, pattern]) => pattern.test(latin1));
  if (signed) return signed[0];
  if (isSafetensors(bytes)) return "safetensors";
  const text = asText(bytes);
  if (text === undefined) return "binary";
  if (/^\s*<(!doctype|html|head|body)/i.test(text)) return "html";
  if (text.startsWith(LOG_START)) return "log";
  return /^\s*[{[]\s*["{[\d\]}-]/.test(text) ? "json" : "text";
}

/** Returns the kind of the file at `path`; nothing for an empty one. */
export async function fileKind(path: string): Promise<FileKind | undefined> {
  using file = await Deno.open(path);
  const start = new Uint8Array(ENOUGH);
  let length = 0;
  for (let count; (count = await file.read(start.subarray(length)));) {
    length += count;
  }
  return kindOf(start.subarray(0, length));
}

/** Words a kind, with its article. */
export function describeKind(kind: FileKind): string {
  return KINDS[kind];
}

/** A header's length in eight bytes, then the header, which is JSON. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 9 || bytes[8] !== 0x7b) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getBigUint64(0, true) <= MAX_HEADER;
}

/** Decodes UTF-8 whose last character may be cut off. */
function asText(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true })
      .decode(bytes, { stream: true });
    return /[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(text) ? undefined : text;
  } catch {
    return; // not UTF-8
  }
}
