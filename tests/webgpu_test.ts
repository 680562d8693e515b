import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { engineOptions } from "../lib/engine/checks.ts";
import type { Engine, EngineOptions } from "../lib/engine/engine.ts";
import { GpuError, requestGpu } from "../lib/engine/gpu.ts";
import { relativeError } from "../lib/engine_check.ts";
import {
  MAPPED,
  OUTPUT,
  type Stage,
  STAGES,
  usesMap,
} from "../lib/engine/stages.ts";
import { latentRow } from "../lib/engine/webgpu/latents.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { WebGpuEngine } from "../lib/engine/webgpu/engine.ts";
import { pipelinesOf, program, write } from "../lib/engine/webgpu/program.ts";
import {
  HARDWARE,
  SOFTWARE,
  type Tiling,
} from "../lib/engine/webgpu/tiling.ts";
import {
  blockOf,
  FEATURE_COUNT,
  IMAGE_PIXELS,
  modelSpec,
  offsetOf,
} from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { digits, engineSuite, hyper, inOrder, plain } from "./engine_suite.ts";
import { convolve, type Sides } from "./plain.ts";
import {
  timestampsAreMissing,
  webgpuIsMissing,
  webgpuTolerance,
} from "./webgpu.ts";

engineSuite("webgpu", {
  create: (options) => WebGpuEngine.create(options),
  tolerance: webgpuTolerance,
  sizes: [
    { batch: 1, latentDim: 3 },
    { batch: 3, latentDim: 1 },
    { batch: 9, latentDim: 3 },
  ],
  ignore: webgpuIsMissing,
});

function test(
  name: string,
  fn: () => Promise<void>,
  ignore = webgpuIsMissing,
): void {
  Deno.test({
    name: `webgpu: ${name}`,
    ignore,
    // The device outlives a test.
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}

/** The classes of images, in no order; some may have no image. */
function labelsOf(count: number, classCount: number): Uint8Array {
  return Uint8Array.from(
    { length: count },
    (_, i) => (i * i + 255) % classCount,
  );
}

/** An engine with some images, in order. */
async function ready(
  count: number,
  options: Partial<Parameters<typeof WebGpuEngine.create>[0]> = {},
): Promise<WebGpuEngine> {
  const engine = await WebGpuEngine.create({ ...plain, ...options });
  const { classCount } = engine.options;
  engine.setImages(digits(count), labelsOf(count, classCount));
  engine.setOrder(inOrder(count));
  return engine;
}

/** Trains on batches of the plain size, over and over `count` images. */
async function train(
  engine: Engine,
  count: number,
  steps: number,
  first = 0,
): Promise<void> {
  for (let step = first; step < first + steps; step++) {
    const at = (plain.batchSize * step) % count;
    await engine.trainStep(
      { first: at, count: plain.batchSize, step },
      hyper,
    );
  }
}

/** Whether a step keeps the gradient before a stage's ReLU. */
function isKept(stage: Stage, isMapped: boolean): boolean {
  return stage.name !== "encoder.0" && !(isMapped && stage === MAPPED);
}

/** Everything an engine holds after one step, and the state before it. */
async function snapshot(
  engine: WebGpuEngine,
  images: number,
  options: Required<EngineOptions>,
) {
  const { latentDim, classCount, draws, adamBeta1 } = options;
  const rows = images * draws;
  const isMapped = usesMap(latentDim, rows, classCount);
  const { parameters, running } = await engine.readState();
  engine.trainStep({ first: 0, count: images, step: 4 }, {
    beta: 0.5,
    capacity: 1,
    learningRate: 1e-3,
  });
  const names = [
    "image",
    ...isMapped ? [] : ["fc_decode", "∂fc_decode"],
    ...STAGES.flatMap((stage) => [
      ...stage.name === OUTPUT ? [] : [stage.output],
      ...isKept(stage, isMapped) ? [`∂${stage.name}`] : [],
      ...stage.norm ? [`∂${stage.norm.name}`] : [],
    ]),
  ];
  const buffers = new Map<string, Float64Array>();
  for (const name of names) {
    const values = await engine.readBuffer(name);
    const count = /decode/.test(name) ? rows : images;
    const each = Math.floor(values.length / Math.max(count, 64));
    buffers.set(name, Float64Array.from(values.subarray(0, each * count)));
  }
  const { length, epsilon, kl, z, slopes } = latentRow(options, draws);
  const latents = Float64Array.from(
    (await engine.readBuffer("latents")).subarray(0, images * length),
  );
  const spec = modelSpec(latentDim, classCount);
  const labels = labelsOf(images, classCount);
  const part = (from: number, to: number) =>
    latents.filter((_, i) => i % length >= from && i % length < to);
  buffers.set("heads", part(0, 2 * latentDim));
  buffers.set("epsilon", part(epsilon, kl));
  buffers.set("z", part(z, slopes));
  buffers.set("∂heads", part(slopes, slopes + 2 * latentDim));
  if (isMapped) { // which has no such buffer
    const z = buffers.get("z")!;
    const weight = offsetOf(spec, "fc_decode.weight");
    const bias = offsetOf(spec, "fc_decode.bias");
    buffers.set(
      "fc_decode",
      Float64Array.from({ length: rows * FEATURE_COUNT }, (_, i) => {
        const b = Math.floor(i / FEATURE_COUNT), j = i % FEATURE_COUNT;
        let sum = parameters[bias + j];
        if (classCount > 0) {
          const row = labels[Math.floor(b / draws)] * FEATURE_COUNT;
          sum +=
            parameters[blockOf(spec, "fc_decode.classes").offset + row + j];
        }
        for (let d = 0; d < latentDim; d++) {
          sum += z[b * latentDim + d] *
            parameters[weight + d * FEATURE_COUNT + j];
        }
        return sum;
      }),
    );
  }
  const after = await engine.readState();
  const slice = (from: Float32Array, name: string, length: number) => {
    const first = /classes/.test(name)
      ? blockOf(spec, name).offset
      : offsetOf(spec, name);
    return Float64Array.from(from.subarray(first, first + length));
  };
  return {
    before: { parameters, running },
    after,
    isMapped,
    labels,
    set: (name: string, values: Float64Array) => buffers.set(name, values),
    get(name: string): Float64Array {
      const values = buffers.get(name);
      if (!values) throw new Error(`no buffer ${name} was read`);
      return values;
    },
    parameter: (name: string, length: number) =>
      slice(parameters, name, length),
    /** After one step the first moment is (1 − β₁)·gradient. */
    gradient: (name: string, length: number) =>
      slice(after.expAvg, name, length).map((m) => m / (1 - adamBeta1)),
    runningBefore: (name: string, length: number) =>
      slice(running, name, length),
    runningAfter: (name: string, length: number) =>
      slice(after.running, name, length),
  };
}

type Snapshot = Awaited<ReturnType<typeof snapshot>>;

/** Mean and 1/σ of each channel. */
function batchMoments(h: Float64Array, channels: number) {
  const n = h.length / channels;
  const mean = new Float64Array(channels),
    variance = new Float64Array(channels);
  h.forEach((x, i) => mean[i % channels] += x / n);
  h.forEach((x, i) =>
    variance[i % channels] += (x - mean[i % channels]) ** 2 / n
  );
  return {
    n,
    mean,
    variance,
    inverse: variance.map((v) => 1 / Math.sqrt(v + 1e-5)),
  };
}

/** What a stage reads: its input buffer, normalised by the batch's moments. */
function inputOf({ input, inputNorm }: Stage, state: Snapshot): Float64Array {
  if (!inputNorm) return state.get(input);
  const { name, channels: C } = inputNorm;
  const source = STAGES.find(({ norm }) => norm?.name === name)!;
  const h = state.get(source.output);
  const { mean, inverse } = batchMoments(h, C);
  const gamma = state.parameter(`${name}.weight`, C);
  const beta = state.parameter(`${name}.bias`, C);
  return h.map((x, i) => {
    const c = i % C;
    return (x - mean[c]) * inverse[c] * gamma[c] + beta[c];
  });
}

/** The gradient before the ReLU, with those of γ, β and the bias. */
function beforeRelu({ norm, output }: Stage, state: Snapshot) {
  const { name, channels: C } = norm!;
  const h = state.get(output), d = state.get(`∂${name}`);
  const { n, mean, inverse } = batchMoments(h, C);
  const gamma = state.parameter(`${name}.weight`, C);
  const dGamma = new Float64Array(C), dBeta = new Float64Array(C);
  const bias = new Float64Array(C);
  h.forEach((x, i) => {
    const c = i % C;
    dBeta[c] += d[i];
    dGamma[c] += d[i] * (x - mean[c]) * inverse[c];
  });
  const gradient = h.map((x, i) => {
    const c = i % C;
    if (x <= 0) return 0;
    const g = gamma[c] * inverse[c] *
      (d[i] - dBeta[c] / n - (x - mean[c]) * inverse[c] * dGamma[c] / n);
    bias[c] += g;
    return g;
  });
  return { gradient, dGamma, dBeta, bias };
}

function close(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance = 2e-5,
): void {
  assertLess(relativeError(actual, expected), tolerance, what);
}

for (
  const [kind, tiling, images, latentDim, more = {}] of [
    // More images than workgroups.
    ["software", { ...SOFTWARE, workgroups: 2 }, 3, 3],
    ["hardware", HARDWARE, 65, 3], // more images than a reduction has threads
    ["software", SOFTWARE, 2, 140], // more heads than threads
    // The map, of more rows than a thread takes; "hardware" has it, too.
    ["software", { ...SOFTWARE, workgroups: 2 }, 21, 13],
    // Draws of z, without the map and with it; the last of three has no pair.
    ["software", { ...SOFTWARE, workgroups: 2 }, 2, 5, {
      draws: 2,
      klGradient: "stl",
      headsLrFactor: 0.3,
      adamBeta1: 0,
      adamBeta2: 0.95,
    }],
    ["hardware", { ...HARDWARE, workgroups: 4 }, 3, 3, { draws: 3 }],
    // Told of classes, of which some have no image; then with the map.
    ["software", { ...SOFTWARE, workgroups: 2 }, 3, 3, {
      classCount: 256,
      draws: 2,
      headsLrFactor: 0.3,
    }],
    ["hardware", { ...HARDWARE, workgroups: 4 }, 33, 3, { classCount: 7 }],
  ] as [string, Tiling, number, number, Partial<EngineOptions>?][]
) {
  const size = [
    `batch ${images}, latent ${latentDim}`,
    ...Object.entries(more).map(([name, value]) => `${name} ${value}`),
  ].join(", ");
  test(`each program does what plain loops do (${kind}, ${size})`, async () => {
    const options = engineOptions({
      ...plain,
      batchSize: images,
      latentDim,
      ...more,
    });
    const { draws, klGradient, headsLrFactor, adamBeta1, adamBeta2 } = options;
    const { classCount } = options;
    const engine = await ready(images, { ...options, tiling });
    const state = await snapshot(engine, images, options);
    engine.dispose();
    close(
      state.get("image"),
      Array.from(digits(images), (byte) => byte / 255),
      "image",
      1e-6,
    );

    for (const stage of STAGES) {
      const { name, shape, direction, norm } = stage;
      const size = 9 * shape.large.channels * shape.small.channels;
      const [from, to] = direction === "down"
        ? ["large", "small"] as const
        : ["small", "large"] as const;
      const { channels } = shape[to];
      const rows = direction === "down" ? images : images * draws;
      const places = rows * shape[to].size ** 2;
      const weight = state.parameter(`${name}.weight`, size);
      const bias = state.parameter(`${name}.bias`, channels);
      const input = inputOf(stage, state);

      // Forward, with the bias and the ReLU; the last one has no ReLU, and its
      // output is seen through the gradient of the loss.
      const output = Float64Array.from(
        { length: places * channels },
        (_, i) => bias[i % channels],
      );
      convolve(shape, rows, to, {
        [from]: input,
        [to]: output,
        weight,
      } as Record<keyof Sides, Float64Array>);
      if (norm) {
        close(state.get(stage.output), output.map((x) => Math.max(x, 0)), name);
      } else {
        const x = state.get("image");
        const pixel = (i: number) =>
          Math.floor(i / IMAGE_PIXELS / draws) * IMAGE_PIXELS +
          i % IMAGE_PIXELS;
        const slope = output.map((y, i) => 2 * (y - x[pixel(i)]) / rows);
        close(state.get(`∂${name}`), slope, `∂${name}`);
        const total = slope.reduce((a, b) => a + b);
        close(state.gradient(`${name}.bias`, 1), [total], `∂${name}.bias`);
      }

      let gradient: Float64Array;
      if (!norm) gradient = state.get(`∂${name}`);
      else {
        const { name: normName, channels: C, places } = norm;
        const expected = beforeRelu(stage, state);
        close(
          state.gradient(`${normName}.weight`, C),
          expected.dGamma,
          `∂${normName}.weight`,
          1e-4,
        );
        close(
          state.gradient(`${normName}.bias`, C),
          expected.dBeta,
          `∂${normName}.bias`,
          1e-4,
        );
        close(
          state.gradient(`${name}.bias`, C),
          expected.bias,
          `∂${name}.bias`,
          1e-3,
        );
        if (isKept(stage, state.isMapped)) { // others are summed, never stored
          close(state.get(`∂${name}`), expected.gradient, `∂${name}`, 1e-4);
        }
        gradient = expected.gradient;

        const { mean, variance, n } = batchMoments(state.get(stage.output), C);
        assertEquals(n, rows * places);
        const follow = (statistic: string, values: Float64Array) =>
          close(
            state.runningAfter(`${normName}.${statistic}`, C),
            state.runningBefore(`${normName}.${statistic}`, C)
              .map((old, c) => 0.9 * old + 0.1 * values[c]),
            `${normName}.${statistic}`,
          );
        follow("running_mean", mean);
        follow("running_var", variance.map((v) => v * n / (n - 1)));
      }

      const filter = new Float64Array(size);
      convolve(shape, rows, "weight", {
        [from]: input,
        [to]: gradient,
        weight: filter,
      } as Record<keyof Sides, Float64Array>);
      close(
        state.gradient(`${name}.weight`, size),
        filter,
        `∂${name}.weight`,
        1e-4,
      );

      if (stage.input === "image") continue;
      const inputGradient = new Float64Array(input.length);
      convolve(shape, rows, from, {
        [from]: inputGradient,
        [to]: gradient,
        weight,
      } as Record<keyof Sides, Float64Array>);
      const into = `∂${stage.input}`;
      if (state.isMapped && stage === MAPPED) {
        state.set(into, inputGradient);
        continue;
      }
      close(state.get(into), inputGradient, into, 1e-4);
    }

    // The latent space.
    const features = inputOf({
      ...STAGES[3],
      input: "encoder.8",
      inputNorm: STAGES[2].norm,
    }, state);
    const N = 2 * latentDim, F = FEATURE_COUNT;
    const heads = state.get("heads"), z = state.get("z");
    const dHeads = state.get("∂heads"), dDecoded = state.get("∂fc_decode");
    const headWeight = state.parameter("fc_mu.weight", F * N);
    const headBias = state.parameter("fc_mu.bias", N);
    const weight = state.parameter("fc_decode.weight", F * latentDim);
    const bias = state.parameter("fc_decode.bias", F);
    const C = classCount, { labels } = state;
    const headClasses = C ? state.parameter("heads.classes", C * N) : [];
    const decodeClasses = C ? state.parameter("fc_decode.classes", C * F) : [];
    /** Element `n` of the row of weights that is an image's class's. */
    const rowOf = (rows: ArrayLike<number>, image: number, n: number) =>
      C ? rows[labels[image] * (rows.length / C) + n] : 0;
    const epsilon = state.get("epsilon");
    const sum = (n: number, term: (i: number) => number) => {
      let total = 0;
      for (let i = 0; i < n; i++) total += term(i);
      return total;
    };
    const matrix = (
      rows: number,
      columns: number,
      value: (row: number, column: number) => number,
    ) =>
      Float64Array.from(
        { length: rows * columns },
        (_, i) => value(Math.floor(i / columns), i % columns),
      );
    close(
      heads,
      matrix(images, N, (b, n) =>
        headBias[n] + rowOf(headClasses, b, n) +
        sum(F, (j) => features[b * F + j] * headWeight[j * N + n])),
      "heads",
    );
    const mu = (b: number, d: number) => heads[b * N + d];
    const logvar = (b: number, d: number) => heads[b * N + latentDim + d];
    const sigma = (b: number, d: number) => Math.exp(logvar(b, d) / 2);
    const rows = images * draws;
    /** ε of a row of the decoder, with the sign of its draw. */
    const noise = (row: number, d: number) => {
      const b = Math.floor(row / draws), k = row % draws;
      const pair = b * Math.ceil(draws / 2) + Math.floor(k / 2);
      return (k % 2 ? -1 : 1) * epsilon[pair * latentDim + d];
    };
    close(
      z,
      matrix(rows, latentDim, (row, d) => {
        const b = Math.floor(row / draws);
        return mu(b, d) + sigma(b, d) * noise(row, d);
      }),
      "z",
      1e-6,
    );
    close(
      state.get("fc_decode"),
      matrix(
        rows,
        F,
        (row, j) =>
          bias[j] + rowOf(decodeClasses, Math.floor(row / draws), j) +
          sum(latentDim, (d) => z[row * latentDim + d] * weight[d * F + j]),
      ),
      "fc_decode",
    );
    const kl = sum(images * latentDim, (i) => {
      const b = Math.floor(i / latentDim), d = i % latentDim;
      return (mu(b, d) ** 2 + Math.exp(logvar(b, d)) - 1 - logvar(b, d)) / 2;
    }) / images;
    const factor = 0.5 * Math.sign(kl - 1) / images;
    const dz = matrix(
      rows,
      latentDim,
      (row, d) => {
        const slope = sum(F, (j) => dDecoded[row * F + j] * weight[d * F + j]);
        const b = Math.floor(row / draws);
        return klGradient === "analytic" ? slope : slope + factor / draws *
            (z[row * latentDim + d] - noise(row, d) / sigma(b, d));
      },
    );
    close(
      dHeads,
      matrix(images, N, (b, n) => {
        const d = n % latentDim, isMu = n < latentDim;
        const along = sum(draws, (k) => {
          const row = b * draws + k, slope = dz[row * latentDim + d];
          return isMu ? slope : slope * noise(row, d) * sigma(b, d) / 2;
        });
        if (klGradient === "stl") return along;
        return along +
          factor * (isMu ? mu(b, d) : (sigma(b, d) ** 2 - 1) / 2);
      }),
      "∂heads",
    );
    close(
      state.get("∂encoder.8"),
      matrix(
        images,
        F,
        (b, j) => sum(N, (n) => dHeads[b * N + n] * headWeight[j * N + n]),
      ),
      "∂encoder.8",
    );
    close(
      state.gradient("fc_mu.weight", F * N),
      matrix(
        F,
        N,
        (j, n) => sum(images, (b) => features[b * F + j] * dHeads[b * N + n]),
      ),
      "∂heads.weight",
      1e-4,
    );
    close(
      state.gradient("fc_mu.bias", N),
      matrix(1, N, (_, n) => sum(images, (b) => dHeads[b * N + n])),
      "∂heads.bias",
    );
    close(
      state.gradient("fc_decode.weight", F * latentDim),
      matrix(
        latentDim,
        F,
        (d, j) =>
          sum(rows, (row) => z[row * latentDim + d] * dDecoded[row * F + j]),
      ),
      "∂fc_decode.weight",
    );
    close(
      state.gradient("fc_decode.bias", F),
      matrix(1, F, (_, j) => sum(rows, (row) => dDecoded[row * F + j])),
      "∂fc_decode.bias",
    );
    if (C) {
      /** Sums the rows of each class. */
      const byClass = (of: Float64Array, width: number, each = 1) =>
        matrix(
          C,
          width,
          (label, n) =>
            sum(of.length / width, (row) =>
              labels[Math.floor(row / each)] === label
                ? of[row * width + n]
                : 0),
        );
      close(
        state.gradient("heads.classes", C * N),
        byClass(dHeads, N),
        "∂heads.classes",
      );
      close(
        state.gradient("fc_decode.classes", C * F),
        byClass(dDecoded, F, draws),
        "∂fc_decode.classes",
      );
    }

    // Adam's first step moves each weight by almost the learning rate.
    const { parameters, expAvg, expAvgSq } = state.after;
    const gradient = expAvg.map((m) => m / (1 - adamBeta1));
    close(
      expAvgSq,
      gradient.map((g) => (1 - adamBeta2) * g * g),
      "expAvgSq",
      1e-5,
    );
    const spec = modelSpec(latentDim, classCount);
    const headsEnd = offsetOf(spec, "fc_decode.weight");
    const headsFirst = offsetOf(spec, "fc_mu.weight");
    parameters.forEach((p, i) => {
      const g = gradient[i];
      const rate = i >= headsFirst && i < headsEnd
        ? 1e-3 * headsLrFactor
        : 1e-3;
      const moved = state.before.parameters[i] -
        rate * g / (Math.abs(g) + 1e-8);
      assertAlmostEquals(p, moved, 1e-6, `parameter ${i}`);
    });
  });
}

test("trainStep() and evaluate() draw ε as lib/rng.ts does", async () => {
  const { latentDim, seed } = plain;
  const count = 201, draws = 3, pairs = 2;
  const engine = await ready(count, { batchSize: count, draws });
  const check = async (expected: Float32Array, draws: number) => {
    const { length, epsilon, kl } = latentRow(engine.options, draws);
    const actual = (await engine.readBuffer("latents"))
      .filter((_, i) => i % length >= epsilon && i % length < kl)
      .subarray(0, expected.length);
    actual.forEach((x, i) =>
      assertAlmostEquals(x, expected[i], 1e-6 * Math.max(1, Math.abs(x)))
    );
  };
  const n = count * latentDim;
  engine.trainStep({ first: 0, count, step: 7 }, hyper);
  await check(
    fillNormal(new Float32Array(pairs * n), streamKey(seed, "epsilon"), 7),
    draws,
  );
  // With one draw, whatever training has.
  await engine.evaluate(digits(count), 3, hyper);
  await check(
    fillNormal(new Float32Array(n), streamKey(seed, "evaluation"), 3),
    1,
  );
  engine.dispose();
});

test("trainStep() gives the same bits in two runs", async () => {
  const runs = [];
  for (let run = 0; run < 2; run++) {
    const engine = await ready(8);
    await train(engine, 8, 5);
    runs.push([await engine.readState(), await engine.takeLosses()]);
    engine.dispose();
  }
  assertEquals(runs[0], runs[1]);
});

test("setImages() splits what one buffer cannot hold", async () => {
  const states = [], dispatches = [];
  for (const bindingLimit of [undefined, 3 * IMAGE_PIXELS + 16]) {
    const engine = await ready(8, { bindingLimit });
    engine.setOrder(Uint32Array.of(7, 2, 5, 0, 1, 6, 3, 4));
    await train(engine, 8, 2);
    states.push(await engine.readState());
    dispatches.push(engine.dispatchesPerStep);
    engine.dispose();
  }
  assertEquals(states[0], states[1]);
  assertLess(dispatches[0], dispatches[1]);
});

test("takeLosses() has every step, however many there were", async () => {
  const steps = 515; // more than there are slots for records
  const engine = await ready(4, { batchSize: 1 });
  const weights = { ...hyper, learningRate: 0 };
  for (let step = 0; step < steps; step++) {
    engine.trainStep({ first: 0, count: 1, step: 0 }, weights);
  }
  const { images, reconstruction } = await engine.takeLosses();
  assertEquals(images, steps);
  engine.trainStep({ first: 0, count: 1, step: 0 }, weights);
  const one = await engine.takeLosses();
  assertAlmostEquals(reconstruction / steps / one.reconstruction, 1, 1e-6);
  engine.dispose();
});

test("an epoch ends where the wasm engine's does, also after a change of engine", async () => {
  const count = 2048, batchSize = 128;
  const options = { ...plain, batchSize };
  const wasm = new WasmEngine(options);
  const webgpu = await WebGpuEngine.create(options);
  const run = async (engine: Engine, from: number, to: number) => {
    engine.setImages(digits(count));
    engine.setOrder(inOrder(count));
    for (let step = from; step < to; step++) {
      await engine.trainStep(
        { first: step * batchSize, count: batchSize, step },
        hyper,
      );
    }
    const { total, images } = await engine.takeLosses();
    return total / images;
  };
  const steps = count / batchSize;
  const expected = await run(wasm, 0, steps);
  const first = await run(webgpu, 0, steps / 2);
  const handedOver = new WasmEngine(options);
  await handedOver.writeState(await webgpu.readState());
  const second = await run(webgpu, steps / 2, steps);
  const other = await run(handedOver, steps / 2, steps);
  assertAlmostEquals((first + second) / 2 / expected, 1, 1e-3);
  assertAlmostEquals(other / second, 1, 1e-3);
  for (const engine of [wasm, webgpu, handedOver]) engine.dispose();
});

test("profile() times every program of a step", async () => {
  const engine = await ready(4);
  const times = await engine.profile(() => train(engine, 4, 2));
  assertEquals(times.length, engine.dispatchesPerStep);
  assert(times.every(({ milliseconds }) => milliseconds >= 0));
  assert(times.some(({ milliseconds }) => milliseconds > 0));
  engine.dispose();
}, timestampsAreMissing);

test("compile() names a program that is wrong, and keeps its source", async () => {
  const { device } = (await requestGpu())!;
  const error = await assertRejects(
    () =>
      pipelinesOf(device).compile(program({
        name: "wrong",
        bindings: { to: write("to", "f32") },
        threads: 1,
        grid: () => [1],
        main: "to[0] = missing;",
      })),
    GpuError,
  );
  assertMatch(
    error.message,
    /^the program wrong does not compile: .*missing.*$/,
  );
  assertStringIncludes(error.detail!, "   8  to[0] = missing;");
});

test("compile() names the limit that a program passes", async () => {
  const { device } = (await requestGpu())!;
  const { maxComputeInvocationsPerWorkgroup: most } = device.limits;
  const error = await assertRejects(
    () =>
      pipelinesOf(device).compile(program({
        name: "wide",
        bindings: { to: write("to", "f32") },
        threads: most + 1,
        grid: () => [1],
        main: "to[0] = 1.0;",
      })),
    GpuError,
  );
  assertMatch(
    error.message,
    new RegExp(`^the program wide does not compile: .*\\b${most}\\b.*$`),
  );
});

// The last one: it takes the device with it.
test("a lost device ends the run with its name", async () => {
  const engine = await ready(8);
  await train(engine, 8, 2);
  const { device } = (await requestGpu())!;
  device.destroy();
  await assertRejects(
    async () => {
      await train(engine, 8, 1, 2);
      await engine.takeLosses();
    },
    GpuError,
    "the GPU device was lost: it was destroyed",
  );
  await assertRejects(() => train(engine, 8, 1, 3), GpuError, "was lost");
  engine.dispose();
  const next = await ready(8);
  await train(next, 8, 1);
  assertEquals((await next.takeLosses()).images, 4);
  next.dispose();
});
