import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import {
  digestTensors,
  loadRecord,
  RecordError,
  writeRecord,
} from "../lib/checkpoint/run_record.ts";
import { sha256 } from "../lib/dataset/split.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import { defaults } from "../lib/options/table.ts";
import { inFolder } from "./folder.ts";
import {
  refuses,
  runTask,
  runWell,
  snapshot,
  TINY,
  untrained,
} from "./process.ts";

const RECORDS = fileURLToPath(new URL("records/", import.meta.url));

/** A record that is right in all but the bytes. */
const GOOD = {
  format: 1,
  package: "0.1.0",
  engine: "wasm",
  options: { latentDim: 3, batchSize: 4, epochs: 1, limit: 4, valSize: 2 },
  seed: 7,
  data: { name: "mnist", digest: "ab".repeat(32) },
  tensors: "cd".repeat(32),
  testTotal: 50.5,
};

/** The digest as the documentation has it, made of a file's bytes alone. */
async function digestOf(file: Uint8Array): Promise<string> {
  const view = new DataView(file.buffer, file.byteOffset);
  const start = 8 + Number(view.getBigUint64(0, true));
  const { __metadata__: _, ...entries } = JSON.parse(
    new TextDecoder().decode(file.subarray(8, start)),
  );
  const parts = Object.keys(entries).sort().map((name) => {
    const { dtype, shape, data_offsets: [begin, end] } = entries[name];
    const line = `${name} ${dtype} [${shape.join(",")}]\n`;
    const bytes = file.subarray(start + begin, start + end);
    return new Blob([line, new Uint8Array(bytes)]);
  });
  return await sha256(
    new Uint8Array(await new Blob(parts).arrayBuffer()),
  );
}

Deno.test("digestTensors() is of names, types, shapes and bytes, and no metadata", async () => {
  const bytes = untrained();
  const checkpoint = decodeCheckpoint(bytes);
  const digest = digestTensors(checkpoint);
  assertEquals(digest, await digestOf(bytes));
  const renamed = {
    ...checkpoint,
    options: { ...checkpoint.options, beta: 4, epochs: 3 },
    data: { ...checkpoint.data, name: "other" },
  };
  assertNotEquals(encodeCheckpoint(renamed), bytes);
  assertEquals(digestTensors(renamed), digest);
  for (const part of ["parameters", "running", "expAvg", "expAvgSq"] as const) {
    const changed = decodeCheckpoint(untrained());
    const { state: { [part]: numbers } } = changed;
    numbers[0] += 2 ** -20;
    assertNotEquals(digestTensors(changed), digest, part);
  }
});

Deno.test("writeRecord() keeps what differs from the defaults, and loadRecord() reads it", () =>
  inFolder(async (folder) => {
    const checkpoint = decodeCheckpoint(untrained());
    const options = {
      ...defaults(trainingOptions),
      latentDim: 3,
      patience: 2,
      likelihood: "bce",
      binarize: "dynamic",
      autoencoder: true,
      lrSchedule: "cosine",
      seed: 5,
    } as const;
    const digest = "ef".repeat(32);
    const text = writeRecord({
      checkpoint: {
        ...checkpoint,
        options,
        data: {
          name: "kmnist",
          digest,
          options: {
            ...defaults(dataOptions),
            dataset: "kmnist",
            dataDir: "elsewhere",
            limit: 9,
          },
        },
      },
      testTotal: 1.25,
      package: "1.2.3",
    });
    const tensors = digestTensors(checkpoint);
    assertEquals(JSON.parse(text), {
      format: 1,
      package: "1.2.3",
      engine: "wasm",
      options: {
        latentDim: 3,
        lrSchedule: "cosine",
        likelihood: "bce",
        binarize: "dynamic",
        patience: 2,
        autoencoder: true,
        limit: 9,
      },
      seed: 5,
      data: { name: "kmnist", digest },
      tensors,
      testTotal: 1.25,
    });
    const path = join(folder, "a.json");
    await Deno.writeTextFile(path, text);
    assertEquals(await loadRecord(path), {
      package: "1.2.3",
      options,
      data: {
        name: "kmnist",
        digest,
        options: { limit: 9, valSize: 5000 },
      },
      tensors,
      testTotal: 1.25,
    });
  }));

Deno.test("loadRecord() refuses what is no record, and says why", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.json");
    const options = (values: Record<string, unknown>) => ({
      ...GOOD,
      options: values,
    });
    const lacking = (name: keyof typeof GOOD) => {
      const { [name]: _, ...rest } = GOOD;
      return rest;
    };
    const cases: [unknown, string][] = [
      ["", "it is not JSON"],
      ["{", "it is not JSON"],
      [Uint8Array.of(0x1f, 0x8b, 8), "it is gzip data, not a record"],
      [Uint8Array.of(0x22, 0xff, 0x22), "it is not JSON"],
      [" ".repeat(65_537), "its 65537 bytes are more than any record has"],
      [[], "it must be an object, not []"],
      ["null", "it must be an object, not null"],
      [{}, "format must be 1, not missing: is it a record?"],
      [{ ...GOOD, format: 2 }, "it has version 2 of the format"],
      [{ ...GOOD, format: "1" }, 'format must be 1, not "1"'],
      [{ ...GOOD, engine: "webgpu" }, 'it is of the engine "webgpu", and only'],
      [lacking("engine"), "it is of the engine missing"],
      [lacking("package"), "package must be a text, not missing"],
      [lacking("seed"), "seed must be a number, not missing"],
      [{ ...GOOD, seed: -1 }, "seed takes a whole number of 0 or more, not -1"],
      [{ ...GOOD, seed: "7" }, 'seed must be a number, not "7"'],
      [lacking("options"), "options must be an object, not missing"],
      [
        options({ momentum: 1 }),
        'this program knows no option "momentum" of a record: use version 0.1.0',
      ],
      [options({ seed: 1 }), 'this program knows no option "seed" of a record'],
      [
        options({ dataDir: "/" }),
        'this program knows no option "dataDir" of a record',
      ],
      [
        options({ images: "x" }),
        'this program knows no option "images" of a record',
      ],
      [
        options({ toString: 1 }),
        'this program knows no option "toString" of a record',
      ],
      [options({ epochs: 0 }), "epochs takes a number from 0.001 to"],
      [options({ epochs: "3" }), 'options.epochs must be a number, not "3"'],
      [options({ patience: null }), "options.patience must be a number"],
      [options({ autoencoder: 1 }), "options.autoencoder must be a boolean"],
      [options({ likelihood: "l2" }), "likelihood takes one of mse, bce"],
      [
        options({ lrWarmup: 0.1, lrSchedule: "one-cycle" }),
        "lrWarmup 0.1 does not go with lrSchedule one-cycle",
      ],
      [lacking("data"), "data must be an object, not missing"],
      [
        { ...GOOD, data: { ...GOOD.data, name: "auto" } },
        "data.name must be one of mnist, fashion-mnist, kmnist, " +
        "binarized-mnist, synthetic",
      ],
      [
        { ...GOOD, data: { name: "mnist", digest: "../x" } },
        "data.digest must be a SHA-256 of 64 hexadecimal digits",
      ],
      [lacking("tensors"), "tensors must be a SHA-256"],
      [{ ...GOOD, testTotal: null }, "testTotal must be a finite number"],
    ];
    for (const [content, message] of cases) {
      const bytes = content instanceof Uint8Array
        ? content
        : new TextEncoder().encode(
          typeof content === "string" ? content : JSON.stringify(content),
        );
      await Deno.writeFile(path, bytes);
      await assertRejects(
        () => loadRecord(path),
        RecordError,
        `record ${path}: ${message}`,
      );
    }
    await assertRejects(
      () => loadRecord(folder),
      RecordError,
      `record ${folder}: not a file`,
    );
    const absent = join(folder, "absent.json");
    await assertRejects(
      () => loadRecord(absent),
      RecordError,
      `there is no record ${absent}`,
    );
  }));

Deno.test("verify comes to the bytes of tests/records/synthetic.json, and writes nothing", () =>
  inFolder(async (folder) => {
    const path = join(RECORDS, "synthetic.json");
    const { tensors, testTotal } = await loadRecord(path);
    const { stdout, stderr } = await runWell(folder, "verify", [path]);
    assertEquals(
      stdout,
      `the bytes are the same: tensors ${tensors.slice(0, 8)}; ` +
        `test total ${testTotal.toFixed(3)}\n`,
    );
    assertMatch(stderr, /^training on synthetic, 128 images, with Web/);
    assertMatch(stderr, /^epoch 2\/2 +train +total/m);
    assertEquals(await snapshot(folder), new Map());
  }));

Deno.test("train --record writes what verify confirms on another number of threads", () =>
  inFolder(async (folder) => {
    const made = await runWell(folder, "train", [
      ...TINY,
      "--engine",
      "auto",
      "--record",
      "new/a.json",
    ]);
    assertMatch(made.stdout, /^record {5}new\/a\.json$/m);
    const before = await snapshot(folder);
    const options = ["new/a.json", "--threads", "2", "--json"];
    const { stdout } = await runWell(folder, "verify", options);
    const { engine, seconds, ...rest } = JSON.parse(stdout);
    assertEquals([engine, typeof seconds], [
      "WebAssembly on 2 threads",
      "number",
    ]);
    const checkpoint = before.get(join("checkpoints", "vae.safetensors"))!;
    const digest = await digestOf(checkpoint);
    const { testTotal } = JSON.parse(
      await Deno.readTextFile(join(folder, "new/a.json")),
    );
    assertEquals(rest, {
      record: "new/a.json",
      same: true,
      tensors: { recorded: digest, trained: digest },
      testTotal: { recorded: testTotal, trained: testTotal },
      package: { recorded: config.version, trained: config.version },
    });
    assertEquals(await snapshot(folder), before);
  }));

Deno.test("verify confirms a run of a part of an epoch and two draws", () =>
  inFolder(async (folder) => {
    const words = "--limit 40 --epochs 0.33 --draws 2 --kl-gradient stl " +
      "--lr-schedule linear --lr-warmup 0.1 --adam-beta1 0.8 " +
      "--heads-lr-factor 0.3 --record a.json";
    await runWell(folder, "train", [...TINY, ...words.split(" ")]);
    const record = await loadRecord(join(folder, "a.json"));
    const { epochs, draws, klGradient, lrWarmup, adamBeta1 } = record.options;
    assertEquals([epochs, draws, klGradient], [0.33, 2, "stl"]);
    assertEquals([lrWarmup, adamBeta1], [0.1, 0.8]);
    const { stdout, stderr } = await runWell(folder, "verify", [
      "a.json",
      "--json",
    ]);
    assertEquals(JSON.parse(stdout).same, true);
    assertMatch(stderr, /^epoch 0\.33\/0\.33 /m);
  }));

Deno.test("verify says which bytes differ, and exits with 1", () =>
  inFolder(async (folder) => {
    await runWell(folder, "train", [...TINY, "--record", "a.json"]);
    const path = join(folder, "a.json");
    const record = JSON.parse(await Deno.readTextFile(path));
    const other = {
      ...record,
      seed: record.seed + 1,
      package: "0.0.1",
    };
    await Deno.writeTextFile(path, JSON.stringify(other));
    const { code, stdout, stderr } = await runTask(folder, "verify", [
      "a.json",
    ]);
    assertEquals(code, 1, stderr);
    const recorded = `${record.tensors.slice(0, 8)}; test total `;
    assertMatch(
      stdout,
      RegExp(
        `^the bytes differ: tensors [0-9a-f]{8}, not ${recorded}[^\n]+\n$`,
      ),
    );
    assertMatch(
      stdout,
      RegExp(` [0-9.]+, not ${record.testTotal.toFixed(3)}\n$`),
    );
    assertMatch(
      stderr,
      RegExp(`^note: version 0\\.0\\.1 of .+ this is ${config.version}$`, "m"),
    );
    const json = await runTask(folder, "verify", ["a.json", "--json"]);
    assertEquals([json.code, JSON.parse(json.stdout).same], [1, false]);
  }));

Deno.test("verify refuses images that are not there, and others than the record's", () =>
  inFolder(async (folder) => {
    const write = (data: unknown) =>
      Deno.writeTextFile(
        join(folder, "a.json"),
        JSON.stringify({ ...GOOD, data }),
      );
    await write(GOOD.data);
    await refuses(
      /mnist is not in data: get it with `deno task fetch --dataset mnist`/,
      folder,
      "verify",
      ["a.json"],
    );
    await write({ ...GOOD.data, name: "kmnist" });
    await refuses(
      /kmnist is not in d: .*`deno task fetch --dataset kmnist --data-dir d`/,
      folder,
      "verify",
      ["a.json", "--data-dir", "d"],
    );
    await write({ ...GOOD.data, name: "synthetic" });
    await refuses(
      /images of synthetic have the digest [0-9a-f]{64}, .* (ab){32}: /,
      folder,
      "verify",
      ["a.json"],
    );
    await refuses(/no record b\.json/, folder, "verify", ["b.json"]);
  }));

Deno.test("train --record is refused for a run that nobody could train again", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "a.st"), untrained());
    const before = await snapshot(folder);
    const cases: [string[], RegExp][] = [
      [["--engine", "tfjs"], /--engine tfjs, whose bits differ/],
      [["--engine", "webgpu"], /--engine webgpu, whose bits differ/],
      [["--resume", "a.st"], /--resume: it says how to train from the first/],
      [["--fine-tune", "a.st"], /--fine-tune: it says how to train from/],
      [["--images", "a.idx"], /--images, which others do not have/],
    ];
    for (const [args, message] of cases) {
      const words = ["--record", "r.json", ...args];
      const { code, stdout, stderr } = await runTask(folder, "train", words);
      assertMatch(stderr, /^error: --record does not go with /);
      assertMatch(stderr, message);
      assertEquals({ code, stdout }, { code: 2, stdout: "" });
    }
    await refuses(
      /cannot write a\.st: /,
      folder,
      "train",
      [...TINY, "--checkpoint", "b.st", "--record", "a.st"],
    );
    assertEquals(await snapshot(folder), before);
  }));

Deno.test("tests/records/README.md lists every record with its test total", async () => {
  const text = await Deno.readTextFile(join(RECORDS, "README.md"));
  const listed = [
    ...text.matchAll(/^\| `([\w-]+)\.json` +\|.* ([0-9.]+) +\|$/gm),
  ]
    .map(([, name, total]) => [name, total]);
  const made = await Array.fromAsync(
    Array.from(Deno.readDirSync(RECORDS), ({ name }) => name)
      .filter((name) => name.endsWith(".json")),
    async (name) => {
      const { testTotal } = await loadRecord(join(RECORDS, name));
      return [name.replace(".json", ""), testTotal.toFixed(2)];
    },
  );
  assertEquals(listed.sort(), made.sort());
});
