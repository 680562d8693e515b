/**
 * Damaged inputs, 20,000 for each reader: each is taken or refused with one
 * clear line, and what is taken can be written and read again.
 */
import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { createHash } from "node:crypto";
import { join as joinPath } from "node:path";
import { crc32, gzipSync } from "node:zlib";
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/checkpoint/codec.ts";
import { CheckpointError } from "../../lib/checkpoint/metadata.ts";
import {
  parseSafetensors,
  SafetensorsError,
  writeSafetensors,
} from "../../lib/formats/safetensors.ts";
import { decodeWeights, encodeWeights } from "../../lib/checkpoint/weights.ts";
import { fetchFile } from "../../lib/dataset/download.ts";
import { DownloadError } from "../../lib/files/mirrors.ts";
import { checkImages, checkLabels } from "../../lib/dataset/dataset.ts";
import { decodePng } from "../../lib/dataset/png_picture.ts";
import { FormatError } from "../../lib/formats/error.ts";
import { gunzipIdx, parseIdx, writeIdx } from "../../lib/formats/idx.ts";
import { ImportError } from "../../lib/interop/error.ts";
import { readPth } from "../../lib/interop/torch_pth.ts";
import {
  completeOptions,
  OptionError,
  parseOption,
} from "../../lib/options/table.ts";
import { dataOptions, trainingOptions } from "../../lib/options/run.ts";
import { flagOf, parseFlags } from "../../tasks/shared/flags.ts";
import { inFolder } from "../folder.ts";
import { tasks } from "../tasks.ts";
import { corpus, type Reader } from "./corpus.ts";
import { join, Mutator } from "./mutate.ts";
import {
  checkpoint,
  idxFiles,
  pickle,
  pthFile,
  safetensorsFiles,
} from "./seeds.ts";

const TRIES = 20_000;

/**
 * Bytes that the process may grow by. A failed `gunzipSync` alone holds 20 KB
 * until it is collected; one size that is believed without a check is more.
 */
const MAX_GROWTH = 2 ** 30;

type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * Runs `attempt` on an input; it may throw one of `errors` and nothing else.
 *
 * @returns Whether the input was taken.
 */
function survives(
  input: Uint8Array | string,
  errors: readonly ErrorClass[],
  attempt: () => void,
): boolean {
  const describe = () =>
    typeof input === "string" ? input : input.subarray(0, 20_000).toBase64();
  try {
    attempt();
    return true;
  } catch (error) {
    if (
      !(error instanceof Error) ||
      !errors.some((known) => error.constructor === known)
    ) {
      throw new Error(`${error} after input ${describe()}`, { cause: error });
    }
    assertMatch(
      error.message,
      /^[^\p{Cc}\u2028\u2029]{1,400}$/u,
      `a message of ${error.message.length} characters, ` +
        `${JSON.stringify(error.message.slice(0, 300))}, after input ` +
        describe(),
    );
    return false;
  }
}

/**
 * Damages and reads {@linkcode TRIES} times. Some inputs must be taken, or the
 * damage is such that the reader proper is never reached.
 */
function fuzz(
  seed: number,
  errors: readonly ErrorClass[],
  damage: (mutator: Mutator, i: number) => Uint8Array | string,
  read: (input: Uint8Array<ArrayBuffer>, i: number) => void,
): void {
  const mutator = new Mutator(seed);
  const before = memory();
  let taken = 0;
  for (let i = 0; i < TRIES; i++) {
    const input = damage(mutator, i) as Uint8Array<ArrayBuffer>;
    if (survives(input, errors, () => read(input, i))) taken++;
    if (i % 10 === 0) assertLess(memory() - before, MAX_GROWTH);
  }
  assert(taken > 0 && taken < TRIES, `${taken} of ${TRIES} inputs taken`);
}

/** Bytes in use, those that were never touched included. */
function memory(): number {
  const { rss, external } = Deno.memoryUsage();
  return rss + external;
}

const readers: Record<
  Reader,
  { errors: ErrorClass[]; read: (bytes: Uint8Array<ArrayBuffer>) => void }
> = {
  idx: { errors: [Error, FormatError], read: readIdx },
  safetensors: { errors: [SafetensorsError], read: readSafetensors },
  checkpoint: {
    errors: [SafetensorsError, CheckpointError],
    read: (bytes) => decodeCheckpoint(bytes),
  },
  weights: {
    errors: [SafetensorsError, CheckpointError],
    read: (bytes) => decodeWeights(bytes),
  },
  pth: {
    errors: [FormatError, ImportError],
    read: (bytes) => readPth(bytes),
  },
};

Deno.test("every reader refuses the corpus", () => {
  for (const { reader, what, bytes } of corpus) {
    const { errors, read } = readers[reader];
    const taken = survives(bytes, errors, () => read(bytes));
    assert(!taken, `${reader} takes ${what}`);
  }
});

function readIdx(bytes: Uint8Array<ArrayBuffer>): void {
  const idx = parseIdx(bytes);
  assertEquals(writeIdx(idx), bytes);
  if (idx.shape.length === 1) checkLabels(idx, 2);
  else checkImages(idx);
}

Deno.test("parseIdx() takes or refuses damaged files", () => {
  fuzz(
    1,
    [Error, FormatError],
    (m) => m.bytes(m.pick(idxFiles), m.pick(idxFiles)),
    readIdx,
  );
});

Deno.test("gunzipIdx() gives what was compressed, or refuses", () => {
  const files = idxFiles.map((file) => new Uint8Array(gzipSync(file)));
  // Zeros that shrink a thousandfold: a bomb would be.
  files.push(
    new Uint8Array(
      gzipSync(
        writeIdx({ shape: [100, 28, 28], data: new Uint8Array(78_400) }),
      ),
    ),
  );
  const hashes = new Set(
    files.map((file) => digest(gunzipIdx(file))),
  );
  fuzz(
    2,
    [Error, FormatError],
    (m) => m.bytes(m.pick(files), m.pick(files)),
    (bytes) => {
      const file = gunzipIdx(bytes);
      assertLess(file.length, 1032 * bytes.length + 65);
      parseIdx(file);
      if (bytes[0] === 0x1f) assert(hashes.has(digest(file)));
    },
  );
});

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function readSafetensors(bytes: Uint8Array): void {
  const { tensors, metadata } = parseSafetensors(bytes);
  const again = writeSafetensors(tensors, metadata);
  const { tensors: read, metadata: texts } = parseSafetensors(again);
  assertEquals(texts, metadata);
  assertEquals(writeSafetensors(read, texts), again);
}

Deno.test("parseSafetensors() takes or refuses damaged files", () => {
  fuzz(3, [SafetensorsError], (m, i) => {
    const file = m.pick(safetensorsFiles);
    if (i % 2) return m.bytes(file, m.pick(safetensorsFiles));
    const { header, data } = split(file);
    return withHeader(damageText(m, header), data);
  }, readSafetensors);
});

function split(
  file: Uint8Array,
): { header: string; data: Uint8Array } {
  const end = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = new TextDecoder().decode(file.subarray(8, end));
  return { header, data: file.subarray(end) };
}

function damageText(m: Mutator, text: string): Uint8Array<ArrayBuffer> {
  const damaged = m.below(8) ? m.json(text) : text;
  const bytes = new TextEncoder().encode(damaged);
  return m.below(8) ? bytes : m.bytes(bytes);
}

function withHeader(header: Uint8Array, data: Uint8Array): Uint8Array {
  const length = new Uint8Array(
    BigUint64Array.of(BigInt(header.length)).buffer,
  );
  return join(length, header, data);
}

/**
 * Damages a large file in its header and in a few of its numbers. The numbers
 * are where they were, so that only the header has to be written.
 */
function largeFile(file: Uint8Array): (m: Mutator) => Uint8Array<ArrayBuffer> {
  const { header, data } = split(file);
  const room = 1 << 16;
  const buffer = new Uint8Array(room + data.length);
  const numbers = buffer.subarray(room);
  const intact = new TextEncoder().encode(header);
  let restore = () => {};
  return (m) => {
    restore();
    let bytes = intact;
    if (m.below(8)) bytes = damageHeader(m, header);
    else {
      const at = 4 * m.below(m.below(2) ? 16 : data.length >> 2);
      restore = () => numbers.set(data.subarray(at, at + 4), at);
      const odd = m.pick([NaN, Infinity, -Infinity, -1, 3e38, 1e-45]);
      new DataView(buffer.buffer, room).setFloat32(at, odd, true);
    }
    // Where it is not aligned every tensor is copied, which takes its time.
    const padding = m.below(50) ? -bytes.length & 7 : 0;
    bytes = join(bytes, new Uint8Array(padding).fill(0x20));
    const begin = room - 8 - bytes.length;
    const claimed = m.below(50) ? bytes.length : bytes.length - m.below(10);
    new DataView(buffer.buffer).setBigUint64(begin, BigInt(claimed), true);
    buffer.set(bytes, begin + 8);
    const cut = m.below(20) ? 0 : m.below(20);
    return buffer.subarray(begin, buffer.length - cut);
  };
}

/** Damages a tensor's entry or, as often, what is said of the model. */
function damageHeader(m: Mutator, header: string): Uint8Array<ArrayBuffer> {
  if (m.below(2)) return damageText(m, header);
  const { __metadata__: texts, ...entries } = JSON.parse(header);
  const damaged = JSON.parse(m.json(JSON.stringify(texts)) || "null");
  const text = JSON.stringify({ __metadata__: damaged, ...entries });
  return new TextEncoder().encode(text);
}

Deno.test("decodeCheckpoint() takes or refuses damaged files", () => {
  const damage = largeFile(encodeCheckpoint(checkpoint));
  const { errors } = readers.checkpoint;
  fuzz(4, errors, damage, (bytes, i) => {
    const read = decodeCheckpoint(bytes);
    if (i % 16) return; // writing it takes as long as all else
    const again = encodeCheckpoint(read);
    assertEquals(
      digest(encodeCheckpoint(decodeCheckpoint(again))),
      digest(again),
    );
  });
});

Deno.test("decodeWeights() takes or refuses damaged files", () => {
  const damage = largeFile(encodeWeights(checkpoint));
  const { errors } = readers.weights;
  fuzz(5, errors, damage, (bytes) => {
    const { options, state } = decodeWeights(bytes);
    assertEquals(options.latentDim, 1);
    assertEquals(state.step, 0);
  });
});

Deno.test("readPth() takes or refuses damaged files", () => {
  const file = pthFile(pickle);
  fuzz(6, [FormatError, ImportError], (m, i) => {
    return i % 4 ? pthFile(m.bytes(pickle)) : m.bytes(file);
  }, (bytes) => {
    for (const { shape, data } of readPth(bytes).values()) {
      assertEquals(shape.reduce((a, b) => a * b, 1), data.length);
      assertLess(data.length, 5); // the storage has no more
    }
  });
});

/** Makes the checksums of a PNG file's chunks right, as far as it has chunks. */
function checksummed(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 8; at + 12 <= file.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > file.length) break;
    view.setUint32(end - 4, crc32(file.subarray(at + 4, end - 4)));
    at = end;
  }
  return file;
}

Deno.test("decodePng() takes or refuses damaged files", () => {
  const folder = new URL("../fixtures/pictures/png/", import.meta.url);
  const files = [...Deno.readDirSync(folder)]
    .filter(({ name }) => name.endsWith(".png"))
    .map(({ name }) => Deno.readFileSync(new URL(name, folder)));
  fuzz(9, [FormatError], (m, i) => {
    const file = m.bytes(m.pick(files), m.pick(files));
    return i % 4 ? checksummed(file) : file;
  }, (bytes) => {
    const { width, height, channels, white, values } = decodePng(bytes);
    assertEquals(values.length, width * height * channels);
    assert(Array.from(values).every((value) => value <= white));
  });
});

/** Words that a command line may hold but should not. */
const WORDS = [
  "",
  "-",
  "--",
  "-1",
  "1e999",
  "NaN",
  "0x10",
  "1,2,,3",
  " 1 ",
  "1".repeat(2000),
  "\x1b[31m\n",
  "\u0085\u2028",
  "--__proto__",
  "--__proto__.polluted=1",
  "--constructor.prototype.polluted",
  "--beta.x=1",
  "--no-beta",
  "--no-help",
  "--help=",
  "--help=false",
  "-abc=1",
  "--=",
  "true",
  "mse",
  "\ud800",
  "7",
];

Deno.test("parseFlags() takes or refuses damaged command lines", () => {
  const all = [...tasks.values()];
  const text = (m: Mutator, word: string) =>
    m.below(4)
      ? word
      : new TextDecoder().decode(m.bytes(new TextEncoder().encode(word)));
  let args: string[] = [];
  let [{ options }] = all;
  fuzz(7, [OptionError], (m) => {
    const task = m.pick(all);
    options = task.options;
    const flags = Object.keys(options).map(flagOf);
    args = Array.from({ length: m.below(5) }, () => {
      switch (m.below(4)) {
        case 0:
          return [m.pick(WORDS)];
        case 1:
          return [`${m.pick(flags)}=${m.pick(WORDS)}`];
        case 2:
          return [m.pick(flags)];
        default:
          return [m.pick(flags), m.pick(["1", "2", "7", ...WORDS])];
      }
    }).flat().map((word) => text(m, word));
    return JSON.stringify([task.name, ...args]);
  }, () => {
    const parsed = parseFlags(options, args);
    assert(!("polluted" in {}));
    if (parsed === "help") {
      // Also among short flags that are written as one word.
      return assert(args.some((arg) => /^(--help|--h|-h.*)$/s.test(arg)));
    }
    const values: Record<string, unknown> = parsed.values;
    assertEquals(Object.keys(values), Object.keys(options));
    for (const key of parsed.given) {
      assertEquals(parseOption(options[key], key, values[key]), values[key]);
    }
  });
});

Deno.test("parseFlags() refuses what it once took", () => {
  for (const line of ["--help=false", "--json=-1", "--json -1", "--help -1"]) {
    assertThrows(
      () => parseFlags(tasks.get("sample")!.options, line.split(" ")),
      OptionError,
      "takes no value",
    );
  }
});

const endless: unknown[] = [];
endless.push(endless);

/** Values that code may pass but should not. */
const ODD: readonly unknown[] = [
  undefined,
  null,
  NaN,
  -Infinity,
  2 ** 64,
  10n,
  Symbol("s"),
  Object.create(null),
  [Object.create(null)],
  [[1]],
  endless,
  [Symbol("s")],
  () => 1,
  { toString: () => assert(false) },
  new Date(NaN),
  new Uint8Array(9),
  "x".repeat(5000),
  "\x1b\n\u2028",
  true,
  1,
  "2",
  "mse",
];

Deno.test("completeOptions() takes or refuses odd values", () => {
  const table = { ...trainingOptions, ...dataOptions };
  const names = [
    ...Object.keys(table),
    ...["", "toString", "__proto__", "\n", "x".repeat(1000)],
  ];
  let values = {};
  fuzz(8, [OptionError], (m) => {
    values = Object.fromEntries(
      Array.from({ length: m.below(4) }, () => [m.pick(names), m.pick(ODD)]),
    );
    return Deno.inspect(values);
  }, () => {
    const complete = completeOptions(table, values);
    assertEquals(completeOptions(table, complete), complete);
  });
});

Deno.test("fetchFile() never takes a file of another digest", async () => {
  const [bytes] = idxFiles;
  const file = { name: "x", shape: [2, 28, 28], sha256: digest(bytes) };
  const source = {
    name: "s",
    mirrors: [],
    trainImages: file,
    trainLabels: file,
    testImages: file,
    testLabels: file,
  };
  const zipped = new Uint8Array(gzipSync(bytes));
  const mutator = new Mutator(9);
  await inFolder(async (folder) => {
    const from = joinPath(folder, "from");
    const dataDir = joinPath(folder, "data");
    const kept = joinPath(dataDir, "s", "x");
    await Deno.mkdir(joinPath(dataDir, "s"), { recursive: true });
    await Deno.mkdir(from);
    let taken = 0;
    for (let i = 0; i < 600; i++) {
      const isCached = i % 2 === 0;
      const input = mutator.bytes(i % 4 < 2 ? bytes : zipped, zipped);
      if (isCached) await Deno.writeFile(kept, input);
      else {
        await Deno.writeFile(joinPath(from, "x"), input);
        await Deno.remove(kept).catch(() => {});
      }
      try {
        const fetched = await fetchFile(source, file, {
          dataDir,
          from: isCached ? undefined : from,
        });
        assertEquals(fetched.bytes, bytes);
        if (!isCached) assertEquals(await Deno.readFile(kept), bytes);
        taken++;
      } catch (error) {
        const { constructor, message } = error as Error;
        assertEquals(constructor, DownloadError, message);
        assertMatch(message, /^[^\p{Cc}]{1,900}$/u);
      }
    }
    assert(taken > 0 && taken < 600, `${taken} of 600 taken`);
  });
});
