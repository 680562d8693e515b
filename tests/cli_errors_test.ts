import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  parseSafetensors,
  writeSafetensors,
} from "../lib/formats/safetensors.ts";
import { writeIdx } from "../lib/formats/idx.ts";
import {
  refuses,
  runWell,
  snapshot,
  TINY,
  TINY_OWN,
  untrained,
} from "./process.ts";
import { inFolder } from "./folder.ts";

const GOOD = untrained();

/** The good checkpoint with NaN for a weight. */
function withNaN(): Uint8Array {
  const { tensors, metadata } = parseSafetensors(GOOD.slice());
  (tensors.get("fc_mu.weight")!.data as Float32Array)[5] = NaN;
  return writeSafetensors(tensors, metadata);
}

/** The good checkpoint with its first 8 bytes, the header's length, changed. */
function withHeaderLength(length: bigint): Uint8Array {
  const bytes = GOOD.slice();
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
}

type Entry = { shape: number[]; data_offsets: number[] };

/** The good checkpoint with another header, of the same length. */
function withHeader(
  change: (entries: Record<string, Entry>) => void,
): Uint8Array {
  const bytes = GOOD.slice();
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = bytes.subarray(8, 8 + length);
  const entries = JSON.parse(new TextDecoder().decode(header));
  change(entries);
  const text = JSON.stringify(entries).padEnd(length);
  assertEquals(text.length, length);
  new TextEncoder().encodeInto(text, header);
  return bytes;
}

const checkpoints: Record<string, [Uint8Array, RegExp]> = {
  "an empty checkpoint": [new Uint8Array(), /0 bytes/],
  "a truncated checkpoint": [GOOD.subarray(0, 100_000), /truncated/],
  "a checkpoint with bytes after its end": [
    new Uint8Array([...GOOD, 0]),
    /belong to no tensor/,
  ],
  "a checkpoint with NaN": [withNaN(), /fc_mu\.weight is NaN at element 5/],
  "a checkpoint with a header of 2^60 bytes": [
    withHeaderLength(2n ** 60n),
    /header of 1152921504606846976 bytes does not fit/,
  ],
  "a checkpoint whose header is cut off": [
    withHeaderLength(1000n),
    /header is not JSON/,
  ],
  "a checkpoint whose header lies about a shape": [
    withHeader((entries) => entries["fc_mu.bias"].shape = [9]),
    /"fc_mu\.bias" of type F32 and shape \[9\] cannot have 12 bytes/,
  ],
  "a checkpoint whose tensors overlap": [
    withHeader(({ "fc_mu.bias": entry }) => {
      entry.shape = [4];
      entry.data_offsets[0] -= 4;
    }),
    /"fc_mu\.bias" begins .* and overlaps tensor "fc_mu\.weight"/,
  ],
  "a picture in place of a checkpoint": [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0),
    /it is a PNG picture, not a checkpoint/,
  ],
  "a text in place of a checkpoint": [
    new TextEncoder().encode("# Title\n\nText."),
    /it is a text, not a checkpoint/,
  ],
  "a PyTorch file in place of a checkpoint": [
    Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0),
    /it is a zip archive.*, not a checkpoint: .*`deno task import --from bad\.st`/,
  ],
};

for (const [what, [bytes, message]] of Object.entries(checkpoints)) {
  Deno.test(`sample, reconstruct and train --resume refuse ${what}`, () =>
    inFolder(async (folder) => {
      await Deno.writeFile(join(folder, "bad.st"), bytes);
      await Deno.writeFile(join(folder, "out.png"), Uint8Array.of(1, 2, 3));
      const named = new RegExp(
        `^error: checkpoint bad.st: .*${message.source}`,
      );
      const use = ["--checkpoint", "bad.st", "--out", "out.png"];
      await refuses(named, folder, "sample", use);
      await refuses(named, folder, "reconstruct", use);
      await refuses(named, folder, "train", ["--resume", "bad.st"]);
    }));
}

Deno.test("sample, reconstruct and train --resume want a checkpoint", () =>
  inFolder(async (folder) => {
    const missing = (path: string) =>
      new RegExp(`there is no checkpoint ${path}: train one first`);
    const last = missing("checkpoints/vae\\.safetensors");
    await refuses(last, folder, "sample", []);
    await refuses(last, folder, "reconstruct", []);
    await refuses(missing("no.st"), folder, "train", ["--resume", "no.st"]);
    await refuses(
      /checkpoint \.: not a file/,
      folder,
      "sample",
      ["--checkpoint", "."],
    );
  }));

Deno.test("train --resume refuses what would make it another run", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "a.st"), GOOD);
    const resume = ["--resume", "a.st"];
    const changes: [string[], RegExp][] = [
      [["--latent-dim", "5"], /--latent-dim 5 does not fit a\.st.* 3/],
      [["--batch-size", "5"], /--batch-size 5 does not fit a\.st.* 128/],
      [["--seed", "5"], /--seed 5 does not fit a\.st.* 0/],
      [["--likelihood", "bce"], /--likelihood bce does not fit a\.st.* mse/],
      [["--autoencoder"], /--autoencoder true does not fit a\.st.* false/],
      [
        [],
        /a\.st was trained on other images than synthetic has now: .*--fine-tune$/m,
      ],
    ];
    for (const [args, message] of changes) {
      await refuses(message, folder, "train", [...resume, ...args]);
    }
  }));

Deno.test("train refuses options that do not go together, by their flags", () =>
  inFolder(async (folder) => {
    const cases: [string, RegExp][] = [
      [
        "--epochs 0.33 --patience 2",
        /--patience 2 does not go with --epochs 0\.33: it compares whole epochs/,
      ],
      [
        "--lr-warmup 0.1 --lr-schedule one-cycle",
        /--lr-warmup 0\.1 does not go with --lr-schedule one-cycle, which has/,
      ],
      [
        "--lr-schedule one-cycle --recipe fast",
        /--recipe fast with --lr-warmup 0\.1 does not go with --lr-schedule one-/,
      ],
      [
        "--draws 64 --batch-size 128",
        /--draws 64 times --batch-size 128 is 8192 rows, and a step takes 2048/,
      ],
      ["--autoencoder --draws 2", /--draws 2 does not go with --autoencoder/],
    ];
    for (const [words, message] of cases) {
      await refuses(message, folder, "train", words.split(" "));
    }
    // Tasks that have such options by a recipe alone name the recipe.
    for (const task of ["sweep", "compare"] as const) {
      await refuses(
        /--recipe fast with --draws 2 times --batch-size 2048 is 4096 rows/,
        folder,
        task,
        ["--recipe", "fast", "--batch-size", "2048"],
      );
    }
    assertEquals((await snapshot(folder)).size, 0);
  }));

const images = writeIdx({ shape: [3, 28, 28], data: new Uint8Array(3 * 784) });
const foreign: Record<string, [Uint8Array, RegExp]> = {
  "an empty file": [
    new Uint8Array(),
    /it is empty, and images come in a folder of PNGs, or /,
  ],
  "a web page": [
    new TextEncoder().encode("<!DOCTYPE html><title>404</title>"),
    /HTML page/,
  ],
  "a wrong magic number": [
    Uint8Array.of(1, ...images.subarray(1)),
    /it is binary data of an unknown kind, and images come/,
  ],
  "truncated floats": [
    Uint8Array.of(0, 0, 0x0d, ...images.subarray(3)),
    /truncated: .*3×28×28 float32/,
  ],
  "labels": [
    writeIdx({ shape: [3], data: new Uint8Array(3) }),
    /its shape is 3: pictures are N×H×W/,
  ],
  "no images": [
    writeIdx({ shape: [0, 28, 28], data: new Uint8Array() }),
    /it has no pictures/,
  ],
  "a truncated file": [images.subarray(0, 999), /truncated.*is 999/],
  "a file with bytes after its end": [
    Uint8Array.of(...images, 0),
    /trailing bytes/,
  ],
  "truncated gzip": [gzipSync(images).subarray(0, 30), /truncated/],
  "corrupt gzip": [
    Uint8Array.of(...gzipSync(images).subarray(0, -8), 1, 2, 3, 4, 16, 9, 0, 0),
    /corrupt gzip data/,
  ],
};

for (const [what, [bytes, message]] of Object.entries(foreign)) {
  Deno.test(`train --images refuses ${what}`, () =>
    inFolder(async (folder) => {
      await Deno.writeFile(join(folder, "my.idx"), bytes);
      const named = new RegExp(
        `^error: cannot use my.idx as images: .*${message.source}`,
        "m",
      );
      await refuses(named, folder, "train", [
        ...TINY_OWN,
        "--images",
        "my.idx",
      ]);
    }));
}

Deno.test("train --images wants pictures", () =>
  inFolder(async (folder) => {
    const use = (path: string) => [...TINY_OWN, "--images", path];
    await Deno.mkdir(join(folder, "empty"));
    await refuses(/no\.idx as images: no such/, folder, "train", use("no.idx"));
    await refuses(
      /as images: it is a folder without PNG pictures/,
      folder,
      "train",
      use("empty"),
    );
    await refuses(
      /cannot write checkpoints\/vae.*: it is among the images in \.: choose/,
      folder,
      "train",
      use("."),
    );
  }));

Deno.test("train --dataset falls back without a network only where it may", async () => {
  const refused = inFolder(async (folder) => {
    const message = /fetch mnist.*googleapis.*refused.*amazonaws.*refused/;
    await refuses(message, folder, "train", [...TINY, "--dataset", "mnist"]);
  });
  const countsDiffer = inFolder(async (folder) => {
    const dir = join(folder, "data", "kmnist");
    await Deno.mkdir(dir, { recursive: true });
    const labels = writeIdx({ shape: [2], data: new Uint8Array(2) });
    await Deno.writeFile(join(dir, "train-images-idx3-ubyte"), images);
    await Deno.writeFile(join(dir, "train-labels-idx1-ubyte"), labels);
    await refuses(
      /data\/kmnist\/train-images-idx3-ubyte: the shape is 3×28×28, not 60000/,
      folder,
      "train",
      [...TINY, "--dataset", "kmnist"],
    );
  });
  const fallsBack = inFolder(async (folder) => {
    const { stdout, stderr } = await runWell(
      folder,
      "train",
      [...TINY, "--dataset", "auto"],
    );
    assertMatch(
      stderr,
      /^note: MNIST could not be downloaded \(no network\): using synthetic digits instead\n/,
    );
    assertMatch(stderr, /\ntraining on synthetic, 4 images/);
    assertMatch(stdout, /^checkpoint checkpoints\/vae\.safetensors$/m);
    assertEquals(
      [...(await snapshot(folder)).keys()],
      ["checkpoints/vae.safetensors"],
    );
  });
  await Promise.all([refused, countsDiffer, fallsBack]);
});
