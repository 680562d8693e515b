import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { WriteError } from "../lib/files/atomic_write.ts";
import {
  type BestEpoch,
  type Checkpoint,
  CheckpointError,
  loadCheckpoint,
  saveCheckpoint,
} from "../lib/checkpoint/checkpoint.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import {
  parseSafetensors,
  SafetensorsError,
  type Tensor,
  writeSafetensors,
} from "../lib/formats/safetensors.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { initialState } from "../lib/model/init.ts";
import { defaults } from "../lib/options/table.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import { train } from "../lib/train/trainer.ts";
import { useTfBackend } from "../lib/engine/tfjs/engine.ts";
import { VAE } from "../lib/vae.ts";
import { readGolden } from "./golden/read.ts";
import { inFolder } from "./folder.ts";

/** A run with 3 latent dimensions that stopped in its second epoch. */
function run(): Checkpoint {
  const state = initialState(modelSpec(3), 7);
  state.step = 600;
  state.parameters[0] = -0;
  state.parameters[1] = 2 ** -149;
  // Padding is not part of the model, and comes back as zeros.
  const isUsed = (_: number, i: number) => state.parameters[i] !== 0;
  state.expAvg = state.expAvg.map((_, i) => isUsed(0, i) ? Math.sin(i) : 0);
  state.expAvgSq = state.expAvgSq.map((_, i) => isUsed(0, i) ? i / 3 : 0);
  state.running = state.running.map((_, i) => i / 7);
  return {
    options: { ...defaults(trainingOptions), latentDim: 3, beta: 0.1 },
    data: {
      name: "synthetic",
      digest: "0123abcd",
      options: { ...defaults(dataOptions), limit: 55_000 },
    },
    state,
    history: [{
      epoch: 1,
      step: 430,
      beta: 0.1,
      capacity: 0,
      train: { total: 1 / 3, reconstruction: 30.1, kl: 1e-300 },
      validation: { total: 31, reconstruction: 29.5, kl: 9.25 },
      klPerDimension: [4, 5.25, 1e-17],
    }],
    partial: {
      images: 170 * 128,
      reconstruction: 650_000.125,
      klPerDimension: Float64Array.of(0.1, 0.2, 0.3),
      total: 700_000,
    },
  };
}

const BYTES = encodeCheckpoint(run());

/** The bytes of a checkpoint after `change` has been at its parts. */
function forged(
  change: (
    tensors: Map<string, Tensor>,
    metadata: Record<string, string>,
  ) => void,
): Uint8Array {
  const { tensors, metadata } = parseSafetensors(BYTES.slice());
  change(tensors, metadata);
  return writeSafetensors(tensors, metadata);
}

/** The bytes of a checkpoint with another value in one of its JSON texts. */
function forgedJson(
  key: string,
  // deno-lint-ignore no-explicit-any
  change: (value: any) => unknown,
): Uint8Array {
  return forged((_, metadata) => {
    const value = JSON.parse(metadata[key]);
    metadata[key] = JSON.stringify(change(value) ?? value);
  });
}

function refused(bytes: Uint8Array): string {
  return assertThrows(() => decodeCheckpoint(bytes), CheckpointError).message;
}

function bits(array: Float32Array): Uint32Array {
  return new Uint32Array(array.buffer, array.byteOffset, array.length);
}

Deno.test("decodeCheckpoint() gives every bit back", () => {
  const expected = run();
  const actual = decodeCheckpoint(BYTES);
  assertEquals(actual, expected);
  for (
    const arena of ["parameters", "running", "expAvg", "expAvgSq"] as const
  ) {
    assertEquals(bits(actual.state[arena]), bits(expected.state[arena]));
  }
});

Deno.test("decodeCheckpoint() reads a run before its first step", () => {
  const start: Checkpoint = {
    ...run(),
    state: initialState(modelSpec(3), 0),
    history: [],
    partial: null,
  };
  assertEquals(decodeCheckpoint(encodeCheckpoint(start)), start);
});

Deno.test("encodeCheckpoint() gives the same bytes for the same run", () => {
  assertEquals(encodeCheckpoint(decodeCheckpoint(BYTES)), BYTES);
  const { options, ...others } = run();
  const reversed = Object.fromEntries(Object.entries(options).toReversed());
  assertEquals(
    encodeCheckpoint({ ...others, options: reversed as typeof options }),
    BYTES,
  );
});

Deno.test("encodeCheckpoint() copies the state", () => {
  const checkpoint = run();
  const bytes = encodeCheckpoint(checkpoint);
  checkpoint.state.parameters.fill(1);
  assertEquals(bytes, BYTES);
});

Deno.test("encodeCheckpoint() has the tensors of PyTorch and of Adam", () => {
  const golden = [...readGolden()].filter(([name]) => /^init\./.test(name))
    .map(([name, { dtype, shape }]) =>
      [name.slice(5), `${dtype} ${shape}`] as const
    );
  const adam = golden.filter(([name]) => !/running|tracked/.test(name));
  const { tensors } = parseSafetensors(encodeCheckpoint({
    ...run(),
    options: defaults(trainingOptions),
    state: initialState(modelSpec(12), 0),
    history: [],
    partial: null,
  }));
  assertEquals(
    Object.fromEntries(
      [...tensors].map(([name, { dtype, shape }]) => [
        name,
        `${dtype} ${shape}`,
      ]),
    ),
    Object.fromEntries([
      ...golden,
      ...adam.map(([name, type]) => [`optimizer.exp_avg.${name}`, type]),
      ...adam.map(([name, type]) => [`optimizer.exp_avg_sq.${name}`, type]),
    ]),
  );
});

Deno.test("encodeCheckpoint() writes metadata that other tools can read", () => {
  const { metadata } = parseSafetensors(BYTES);
  assertEquals(metadata.format, "pt");
  assertEquals(metadata.vae_version, "3");
  assertEquals(JSON.parse(metadata.options).beta, 0.1);
  assertEquals(JSON.parse(metadata.data).name, "synthetic");
  assertEquals(JSON.parse(metadata.progress).step, 600);
  assertEquals(JSON.parse(metadata.history)[0].klPerDimension.length, 3);
});

Deno.test("encodeCheckpoint() refuses what could not be loaded", () => {
  const cases: [(c: Checkpoint) => unknown, string][] = [
    [
      ({ state }) => state.parameters[1] = NaN,
      "tensor encoder.0.weight is NaN at element 9",
    ],
    [
      ({ state }) => state.expAvg[state.expAvg.length - 4] = -Infinity,
      "tensor optimizer.exp_avg.decoder.6.bias is -Infinity at element 0",
    ],
    [
      ({ state }) => state.expAvgSq[0] = -1,
      "tensor optimizer.exp_avg_sq.encoder.0.weight is -1 at element 0",
    ],
    [
      ({ state }) => state.step = 0.5,
      "step must be a whole number of 0 or more, not 0.5",
    ],
    [
      ({ options }) => options.beta = -1,
      "options: beta takes a number from 0 to 1000000, not -1",
    ],
    [
      ({ options }) => Object.assign(options, { draws: 2, autoencoder: true }),
      "options: draws 2 does not go with autoencoder, which draws no z and has " +
      "no KL term",
    ],
    [
      ({ partial }) => partial!.total = NaN,
      "partial.total must be a finite number, not NaN",
    ],
    [
      ({ partial }) => partial!.klPerDimension[2] = Infinity,
      "partial.klPerDimension[2] must be a finite number, not Infinity",
    ],
  ];
  for (const [change, message] of cases) {
    const checkpoint = run();
    change(checkpoint);
    const error = assertThrows(
      () => encodeCheckpoint(checkpoint),
      CheckpointError,
    );
    assertEquals(error.message, message);
  }
});

Deno.test("decodeCheckpoint() refuses wrong tensors", () => {
  const floats = (...shape: number[]): Tensor => ({
    dtype: "F32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  const cases: [(tensors: Map<string, Tensor>) => unknown, string][] = [
    [
      (tensors) => tensors.delete("fc_mu.bias"),
      "it lacks the tensor fc_mu.bias",
    ],
    [
      (tensors) => tensors.delete("optimizer.exp_avg_sq.decoder.6.bias"),
      "it lacks the tensor optimizer.exp_avg_sq.decoder.6.bias",
    ],
    [
      (tensors) => tensors.delete("encoder.5.num_batches_tracked"),
      "it lacks the tensor encoder.5.num_batches_tracked",
    ],
    [
      (tensors) => tensors.set("fc_mu.bias2\n", floats(3)),
      'it has a tensor too many: "fc_mu.bias2\\n"',
    ],
    [
      (tensors) => tensors.set("fc_mu.weight", floats(1024, 3)),
      "tensor fc_mu.weight has shape [1024, 3], not [3, 1024]",
    ],
    [
      (tensors) => tensors.set("decoder.6.bias", floats()),
      "tensor decoder.6.bias has shape [], not [1]",
    ],
    [
      (tensors) =>
        tensors.set("fc_mu.bias", {
          dtype: "I64",
          shape: [3],
          data: new BigInt64Array(3),
        }),
      "tensor fc_mu.bias is of type I64, not F32",
    ],
    [
      (tensors) => (tensors.get("fc_logvar.weight")!.data[1030] = Infinity),
      "tensor fc_logvar.weight is Infinity at element 1030",
    ],
    [
      (tensors) => (tensors.get("encoder.2.running_mean")!.data[3] = NaN),
      "tensor encoder.2.running_mean is NaN at element 3",
    ],
    [
      (tensors) => (tensors.get("decoder.5.running_var")!.data[3] = -0.5),
      "tensor decoder.5.running_var is -0.5 at element 3",
    ],
    [
      (
        tensors,
      ) => (tensors.get("decoder.2.num_batches_tracked")!.data[0] = 601n),
      "tensor decoder.2.num_batches_tracked is 601, but the step is 600",
    ],
  ];
  for (const [change, message] of cases) {
    assertEquals(refused(forged(change)), message);
  }
});

Deno.test("decodeCheckpoint() refuses wrong metadata", () => {
  const text = (key: string, value?: string) =>
    forged((_, metadata) => {
      if (value === undefined) delete metadata[key];
      else metadata[key] = value;
    });
  const cases: [Uint8Array, string][] = [
    [
      text("vae_version"),
      "it has no training state beside its tensors: it holds weights alone, " +
      "or is another program's file",
    ],
    [
      text("vae_version", "4"),
      "it has version 4 of the format, and this program knows 3: " +
      "use a newer one",
    ],
    [
      text("vae_version", "-1"),
      'vae_version must be a whole number, not "-1"',
    ],
    [text("history"), "its metadata lacks history"],
    [text("options", "{\n"), 'options is not JSON: "{\\n"'],
    [text("options", "3"), "options must be an object, not 3"],
    [text("data", "[]"), "data must be an object, not []"],
    [text("progress", "null"), "progress must be an object, not null"],
    [text("history", "{}"), "history must be a list, not {}"],
    [
      forgedJson("options", (o) => ({ ...o, latentDim: 4 })),
      "history[0].klPerDimension has 3 numbers, not 4",
    ],
    [
      forgedJson("options", (o) => ({ ...o, lr: 0 })),
      "options: lr takes a number from 1e-9 to 10, not 0",
    ],
    [
      forgedJson("options", (o) => ({ ...o, lr: null })),
      "options: lr takes a number from 1e-9 to 10, not null",
    ],
    [
      forgedJson("options", (o) => ({ ...o, likelihood: "l1" })),
      'options: likelihood takes one of mse, bce, not "l1"',
    ],
    [
      forgedJson("options", (o) => ({ ...o, "gam\nma\u001b": 1 })),
      "options: there is no option gam\\u000ama\\u001b",
    ],
    [
      forgedJson("options", (o) => ({ ...o, seed: { toString: 1 } })),
      'options.seed must be one value, not {"toString":1}',
    ],
    [
      forgedJson("data", ({ digest: _, ...d }) => d),
      "data lacks digest",
    ],
    [
      forgedJson("data", (d) => ({ ...d, name: "" })),
      'data.name must be a text, not ""',
    ],
    [
      forgedJson("data", (d) => ({ ...d, options: { dataset: "cifar" } })),
      "data.options: dataset takes one of auto, mnist, fashion-mnist, " +
      'kmnist, binarized-mnist, synthetic, not "cifar"',
    ],
    [
      forgedJson("progress", (p) => ({ ...p, step: -1 })),
      "step must be a whole number of 0 or more, not -1",
    ],
    [
      forgedJson("progress", ({ step }) => ({ step })),
      "progress lacks partial",
    ],
    [
      forgedJson("progress", (p) => void (p.partial.images = 0)),
      "partial.images must be a whole number of 1 or more, not 0",
    ],
    [
      forgedJson("options", (o) => void (o.objective = "btc")),
      "options: beta 0.1 does not go with objective btc, which weighs its " +
      "terms itself",
    ],
    [
      forgedJson("options", (o) => ({ ...o, binarize: "static" })),
      "options: binarize static does not go with likelihood mse: " +
      "black-and-white pixels take likelihood bce",
    ],
    [
      forgedJson("progress", (p) => void (p.partial.total = null)),
      "partial.total must be a finite number, not null",
    ],
    [
      forgedJson("progress", (p) => void p.partial.klPerDimension.pop()),
      "partial.klPerDimension has 2 numbers, not 3",
    ],
    [
      forgedJson("history", ([h]) => [h, h]),
      "history[1].epoch must be 2, not 1",
    ],
    [
      forgedJson("history", ([h]) => [{ ...h, step: 601 }]),
      "history[0].step must be at most 600, not 601",
    ],
    [
      forgedJson("history", ([h]) => [{ ...h, train: null }]),
      "history[0].train must be an object, not null",
    ],
    [
      forgedJson("history", ([h]) => [{ ...h, beta: "1" }]),
      'history[0].beta must be a finite number, not "1"',
    ],
    [
      forgedJson("history", ([h]) => [{ ...h, klPerDimension: [1, 2, null] }]),
      "history[0].klPerDimension[2] must be a finite number, not null",
    ],
    [
      forgedJson("history", ([h]) => [{ ...h, validation: { total: 1 } }]),
      "history[0].validation lacks reconstruction",
    ],
  ];
  for (const [bytes, message] of cases) {
    assertEquals(refused(bytes), message);
  }
});

Deno.test("decodeCheckpoint() refuses a latent size that its tensors lack", () => {
  const bytes = encodeCheckpoint({ ...run(), history: [], partial: null });
  const { tensors, metadata } = parseSafetensors(bytes);
  metadata.options = metadata.options.replace(
    '"latentDim":3',
    '"latentDim":4',
  );
  assertEquals(
    refused(writeSafetensors(tensors, metadata)),
    "tensor fc_mu.weight has shape [3, 1024], not [4, 1024]",
  );
});

Deno.test("decodeCheckpoint() gives an option newer than the file its default", () => {
  const bytes = forgedJson("options", (options) => {
    const { capacity: _, binarize: __, objective: ___, ...older } = options;
    return older;
  });
  assertEquals(decodeCheckpoint(bytes), decodeCheckpoint(BYTES));
});

/** A run with patience whose first epoch is its best. */
function patientRun(): Checkpoint {
  const { options, ...others } = run();
  const state = structuredClone(others.state);
  state.step = 430;
  state.parameters[0] = 0.5;
  state.expAvgSq[0] = 0.25;
  return {
    ...others,
    options: { ...options, patience: 3 },
    best: { epoch: 1, state },
  };
}

Deno.test("encodeCheckpoint() keeps the best epoch's tensors as best.NAME", () => {
  const patient = patientRun();
  const bytes = encodeCheckpoint(patient);
  assertEquals(decodeCheckpoint(bytes), patient);
  const { tensors, metadata } = parseSafetensors(bytes);
  assertEquals(JSON.parse(metadata.progress).best, 1);
  const names = [...parseSafetensors(BYTES).tensors.keys()];
  assertEquals(
    [...tensors.keys()].toSorted(),
    [...names, ...names.map((name) => `best.${name}`)].toSorted(),
  );
  const first = (name: string) => tensors.get(name)!.data[0];
  assertEquals(first("best.encoder.0.weight"), 0.5);
  assertEquals(first("best.optimizer.exp_avg_sq.encoder.0.weight"), 0.25);
  assertEquals(first("best.encoder.2.num_batches_tracked"), 430n);
});

/** The same run, ended within its second epoch. */
function partRun(): Checkpoint {
  const all = run();
  const [record] = all.history;
  return { ...all, history: [record, { ...record, epoch: 1.4, step: 600 }] };
}

Deno.test("encodeCheckpoint() keeps the record of a part of an epoch", () => {
  const part = partRun();
  assertEquals(decodeCheckpoint(encodeCheckpoint(part)), part);
});

Deno.test("decodeCheckpoint() reads format 2", () => {
  const bytes = forged((_, metadata) => void (metadata.vae_version = "2"));
  assertEquals(decodeCheckpoint(bytes), run());
});

Deno.test("encodeCheckpoint() refuses a part of an epoch where it cannot be", () => {
  const cases: [(run: Checkpoint) => Checkpoint, string][] = [
    [
      (run) => ({ ...run, partial: null }),
      "history[1].epoch must be 2, not 1.4",
    ],
    [
      ({ history: [first, last], ...run }) => ({
        ...run,
        history: [{ ...first, epoch: 0.5 }, { ...last, epoch: 2 }],
      }),
      "history[0].epoch must be 1, not 0.5",
    ],
    [
      ({ history: [first, last], ...run }) => ({
        ...run,
        history: [first, { ...last, epoch: 2.4 }],
      }),
      "history[1].epoch must be 2, not 2.4",
    ],
    [
      ({ history: [first, last], ...run }) => ({
        ...run,
        history: [first, { ...last, step: 599 }],
      }),
      "history[1].step must be 600, not 599",
    ],
    [
      (run) => ({ ...run, best: { epoch: 2, state: run.state } }),
      "best must be an epoch with validation losses, not 2",
    ],
    [
      (run) => ({ ...run, trained: 4 }),
      "trained must be of a run that has ended early, not 4",
    ],
  ];
  for (const [change, message] of cases) {
    const error = assertThrows(
      () => encodeCheckpoint(change(partRun())),
      CheckpointError,
    );
    assertEquals(error.message, message);
  }
});

Deno.test("encodeCheckpoint() notes where training ended early", () => {
  const ended = { ...run(), partial: null, trained: 4 };
  const bytes = encodeCheckpoint(ended);
  assertEquals(decodeCheckpoint(bytes), ended);
  const names = (
    bytes: Uint8Array,
  ) => [...parseSafetensors(bytes).tensors.keys()];
  assertEquals(names(bytes), names(BYTES));
});

Deno.test("encodeCheckpoint() refuses a best epoch that is not the run's", () => {
  const cases: [(best: BestEpoch) => BestEpoch, string][] = [
    [
      ({ state }) => ({ epoch: 2, state }),
      "best must be an epoch with validation losses, not 2",
    ],
    [
      ({ state }) => ({ epoch: 1, state: { ...state, step: 431 } }),
      "the best model is of step 431, and epoch 1 ended with step 430",
    ],
    [
      ({ epoch, state }) => {
        const expAvgSq = state.expAvgSq.with(0, -1);
        return { epoch, state: { ...state, expAvgSq } };
      },
      "tensor optimizer.exp_avg_sq.encoder.0.weight is -1 at element 0",
    ],
  ];
  for (const [change, message] of cases) {
    const patient = patientRun();
    const error = assertThrows(
      () => encodeCheckpoint({ ...patient, best: change(patient.best!) }),
      CheckpointError,
    );
    assertEquals(error.message, message);
  }
});

Deno.test("decodeCheckpoint() refuses a wrong best epoch", () => {
  const patient = encodeCheckpoint(patientRun());
  // deno-lint-ignore no-explicit-any
  const progress = (change: (value: any) => void) => {
    const { tensors, metadata } = parseSafetensors(patient.slice());
    const value = JSON.parse(metadata.progress);
    change(value);
    metadata.progress = JSON.stringify(value);
    return writeSafetensors(tensors, metadata);
  };
  const without = (name: string) => {
    const { tensors, metadata } = parseSafetensors(patient.slice());
    tensors.delete(name);
    return writeSafetensors(tensors, metadata);
  };
  const negative = () => {
    const { tensors, metadata } = parseSafetensors(patient.slice());
    tensors.get("best.optimizer.exp_avg_sq.fc_mu.bias")!.data[1] = -2;
    return writeSafetensors(tensors, metadata);
  };
  const version = () => {
    const { tensors, metadata } = parseSafetensors(patient.slice());
    return writeSafetensors(tensors, { ...metadata, vae_version: "1" });
  };
  const cases: [Uint8Array, string][] = [
    [
      progress((p) => void delete p.best),
      'it has a tensor too many: "best.encoder.2.num_batches_tracked"',
    ],
    [
      version(),
      'it has a tensor too many: "best.encoder.2.num_batches_tracked"',
    ],
    [
      without("best.fc_mu.bias"),
      "it lacks the tensor best.fc_mu.bias",
    ],
    [
      progress((p) => p.best = 0),
      "best must be a whole number of 1 or more, not 0",
    ],
    [
      progress((p) => p.best = 2),
      "best must be an epoch with validation losses, not 2",
    ],
    [
      progress((p) => p.trained = 4),
      "trained must be of a run that has ended early, not 4",
    ],
    [
      negative(),
      "tensor best.optimizer.exp_avg_sq.fc_mu.bias is -2 at element 1",
    ],
  ];
  for (const [bytes, message] of cases) assertEquals(refused(bytes), message);
});

/** A checkpoint that the code of format 1 has written: two epochs, patience. */
async function readFormat1(): Promise<Uint8Array> {
  const url = new URL(
    "fixtures/checkpoint-format-1.safetensors.gz",
    import.meta.url,
  );
  const { body } = await fetch(url);
  const unzipped = body!.pipeThrough(new DecompressionStream("gzip"));
  return await new Response(unzipped).bytes();
}

Deno.test("decodeCheckpoint() reads format 1, and training goes on from it", async () => {
  const checkpoint = decodeCheckpoint(await readFormat1());
  const { options, state, history, partial } = checkpoint;
  assertEquals([options.latentDim, options.patience, options.seed], [1, 3, 3]);
  assertEquals([options.betaSchedule, options.warmupEpochs], ["linear", 2]);
  assertEquals([history.length, partial, state.step], [2, null, 6]);
  assertEquals(history[1].validation!.total, 76.63468362068164);
  // The sums are those that the old code had of what it wrote.
  const sum = (numbers: Float32Array) => numbers.reduce((a, b) => a + b, 0);
  assertEquals(
    [state.parameters, state.running, state.expAvg, state.expAvgSq].map(sum),
    [
      186.37318694591522,
      99.74644756317139,
      -2047.808893442154,
      50151.98969620466,
    ],
  );
  const dataset = await syntheticDataset({ limit: 12, valSize: 6 });
  for await (
    const event of train({
      dataset,
      resume: checkpoint,
      epochs: 3,
      engine: { engine: "wasm", threads: 1 },
    })
  ) {
    if (event.type !== "epoch") continue;
    // What the old code came to in its third epoch, in sums of another order.
    assertAlmostEquals(event.record.validation!.total, 75.2055724, 1e-4);
    const { best } = await event.checkpoint();
    assertEquals(best?.epoch, 3);
  }
});

Deno.test("decodeCheckpoint() refuses a truncated file", () => {
  const header = 8 + Number(new DataView(BYTES.buffer).getBigUint64(0, true));
  const lengths = [0, 7, 8, 9, header - 1, header, header + 1, header + 8];
  for (const length of [...lengths, BYTES.length - 4, BYTES.length - 1]) {
    assertThrows(
      () => decodeCheckpoint(BYTES.subarray(0, length)),
      SafetensorsError,
    );
  }
});

Deno.test("loadCheckpoint() loads what saveCheckpoint() saved", () =>
  inFolder(async (folder) => {
    const path = join(folder, "new", "vae.safetensors");
    await saveCheckpoint(path, run());
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals(await loadCheckpoint(path), run());
  }));

Deno.test("loadCheckpoint() says in one line what is wrong with which file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "vae.safetensors");
    const fails = async (bytes: Uint8Array, message: string) => {
      await Deno.writeFile(path, bytes);
      const error = await assertRejects(
        () => loadCheckpoint(path),
        CheckpointError,
      );
      assertEquals(error.message, `checkpoint ${path}: ${message}`);
    };
    await fails(
      BYTES.subarray(0, 5),
      "the file has 5 bytes, fewer than the 8 of a header length",
    );
    const lying = BYTES.slice();
    new DataView(lying.buffer).setBigUint64(0, 2n ** 60n, true);
    await fails(
      lying,
      `a header of ${2n ** 60n} bytes does not fit in the file's ` +
        BYTES.length,
    );
    await fails(
      forged((tensors) => tensors.get("fc_mu.bias")!.data[2] = NaN),
      "tensor fc_mu.bias is NaN at element 2",
    );
    await fails(
      forged((_, metadata) => {
        for (const key of Object.keys(metadata)) delete metadata[key];
      }),
      "it has no training state beside its tensors: it holds weights alone, " +
        "or is another program's file",
    );
  }));

Deno.test("loadCheckpoint() says how to get a missing checkpoint", () =>
  inFolder(async (folder) => {
    const path = join(folder, "none.safetensors");
    const error = await assertRejects(
      () => loadCheckpoint(path),
      CheckpointError,
    );
    assertEquals(
      error.message,
      `there is no checkpoint ${path}: train one first`,
    );
  }));

Deno.test("loadCheckpoint() refuses what is no file of a checkpoint's size", () =>
  inFolder(async (folder) => {
    const folderError = await assertRejects(
      () => loadCheckpoint(folder),
      CheckpointError,
    );
    assertEquals(folderError.message, `checkpoint ${folder}: not a file`);

    const path = join(folder, "huge");
    await Deno.writeFile(path, BYTES);
    await Deno.truncate(path, 2 ** 40); // sparse: it takes no space
    const error = await assertRejects(
      () => loadCheckpoint(path),
      CheckpointError,
    );
    assertEquals(
      error.message,
      `checkpoint ${path}: its 1099511627776 bytes are more than any ` +
        "checkpoint has (268435456)",
    );
  }));

Deno.test({
  name: "loadCheckpoint() says so where a task has no permission to read",
  permissions: { read: false },
  async fn() {
    const error = await assertRejects(
      () => loadCheckpoint("vae.safetensors"),
      CheckpointError,
    );
    assertMatch(
      error.message,
      /^checkpoint vae\.safetensors: cannot be read: Requires read access.*$/,
    );
  },
});

Deno.test("save() of a model that was not trained names no images", () =>
  inFolder(async (folder) => {
    await useTfBackend("cpu");
    const path = join(folder, "vae.safetensors");
    const model = new VAE({ latentDim: 2, seed: 3 });
    await model.save(path);
    const { data, options, history } = await loadCheckpoint(path);
    assertEquals(data.digest, null);
    assertEquals([options.latentDim, options.seed, history], [2, 3, []]);
    model.dispose();
  }));

Deno.test("saveCheckpoint() keeps the good file when it refuses the new one", () =>
  inFolder(async (folder) => {
    const path = join(folder, "vae.safetensors");
    await saveCheckpoint(path, run());
    const broken = run();
    broken.state.parameters[5] = NaN;
    const error = await assertRejects(
      () => saveCheckpoint(path, broken),
      CheckpointError,
    );
    assertMatch(error.message, /vae\.safetensors: tensor encoder.*is NaN/);
    assert(error.message.startsWith(`checkpoint ${path}: `));
    assertInstanceOf(error.cause, CheckpointError);
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  }));

Deno.test("saveCheckpoint() keeps the good file when the disk fails", () =>
  inFolder(async (folder) => {
    const path = join(folder, "vae.safetensors");
    await saveCheckpoint(path, run());
    const { sync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.sync = () => Promise.reject(new Error("no disk"));
    try {
      const next = run();
      next.state.parameters[5] = 1;
      await assertRejects(() => saveCheckpoint(path, next), WriteError);
    } finally {
      Deno.FsFile.prototype.sync = sync;
    }
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  }));
