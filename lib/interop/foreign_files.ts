/**
 * Says what a file is that holds a model, or something else, that cannot be
 * imported.
 *
 * @module
 */
import { describeKind, kindOf } from "../files/kind.ts";
import { memorySource } from "../files/byte_source.ts";
import { FormatError } from "../formats/error.ts";
import { openZip } from "../formats/zip.ts";

/** What zip files hold, by the name of an entry. */
const ZIPPED: readonly (readonly [RegExp, string])[] = [
  [/^model\.weights\.h5$/, "a Keras model"],
  [/^[^/]+\/code\/__torch__/, "a program of TorchScript"],
  [/\.npy$/, "an archive of NumPy arrays"],
];

/**
 * Says what a file is, if neither PyTorch nor safetensors has written it.
 *
 * @param bytes The whole file.
 * @returns Nothing if one of them may have.
 */
export function describeFile(bytes: Uint8Array): string | undefined {
  const kind = kindOf(bytes);
  switch (kind) {
    case undefined:
      return "empty";
    case "safetensors":
    case "pickle":
      return;
    case "zip":
      return describeZip(bytes);
    case "json":
      return describeJson(bytes);
    case "binary":
      // Their readers say more of damaged ones.
      if (bytes[0] === 0x80 || bytes[8] === 0x7b) return;
      return isOnnx(bytes) ? describeKind("onnx") : describeKind(kind);
    default:
      return describeKind(kind);
  }
}

/** Says whether a file begins as ONNX models do: with its version, from 1 on. */
function isOnnx(bytes: Uint8Array): boolean {
  const [field, version, next] = bytes;
  return field === 0x08 && version < 0x20 && [0x12, 0x3a, 0x42].includes(next);
}

function describeZip(bytes: Uint8Array): string | undefined {
  try {
    const names = [...openZip(memorySource(bytes)).keys()];
    return ZIPPED.find(([pattern]) => names.some((name) => pattern.test(name)))
      ?.[1];
  } catch (error) {
    if (error instanceof FormatError) return;
    throw error;
  }
}

function describeJson(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 2 ** 16));
  if (/"modelTopology"\s*:/.test(text)) return "a TensorFlow.js model";
  return describeKind("json");
}
