/** Inputs that once broke a reader, or may break one. All must be refused. */
import { encodeCheckpoint } from "../../lib/checkpoint/codec.ts";
import { parseSafetensors } from "../../lib/formats/safetensors.ts";
import { join } from "./mutate.ts";
import { checkpoint, pickle, pthFile } from "./seeds.ts";

/** Who reads an input. */
export type Reader = "idx" | "safetensors" | "checkpoint" | "weights" | "pth";

/** An input, and what is wrong with it. */
export interface Case {
  readonly reader: Reader;
  readonly what: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A safetensors file of a header alone. */
function headerFile(header: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(header);
  const length = BigUint64Array.of(BigInt(bytes.length));
  return join(new Uint8Array(length.buffer), bytes);
}

/** The good checkpoint's header with another text for its history. */
function withHistory(history: string): Uint8Array<ArrayBuffer> {
  const { metadata } = parseSafetensors(encodeCheckpoint(checkpoint));
  return headerFile(JSON.stringify({ __metadata__: { ...metadata, history } }));
}

const shape = Array(5000).fill(1);

/** The inputs. */
export const corpus: readonly Case[] = [
  {
    reader: "safetensors",
    what: "a shape of so many axes that the message had pages",
    bytes: headerFile(
      JSON.stringify({ a: { dtype: "F32", shape, data_offsets: [0, 0] } }),
    ),
  },
  {
    reader: "safetensors",
    what: "a name with control characters that JSON does not escape",
    bytes: headerFile('{"\u007f\u0085\u2028":{}}'),
  },
  {
    reader: "checkpoint",
    what: "a value that nests deeper than a stack",
    bytes: withHistory("[".repeat(20_000) + "]".repeat(20_000)),
  },
  {
    reader: "weights",
    what: "a layer of so many axes that the message had pages",
    bytes: headerFile(
      JSON.stringify({
        __metadata__: { options: '{"latentDim":1}' },
        "fc_mu.weight": {
          dtype: "F32",
          shape: [...shape, 0],
          data_offsets: [0, 0],
        },
      }),
    ),
  },
  {
    reader: "pth",
    what: "a storage whose name is a line break",
    bytes: pthFile(pickle.map((byte) => byte === 0x30 ? 0x0a : byte)),
  },
];
