import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { engineOptions } from "../lib/engine/checks.ts";
import {
  convolutionFlops,
  linearFlops,
  STAGES,
  trainingFlops,
  usesMap,
} from "../lib/engine/stages.ts";
import { relativeError } from "../lib/engine_check.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { MemoryMap } from "../lib/engine/wasm/memory.ts";
import { Plan } from "../lib/engine/wasm/plan.ts";
import { compileKernels, SimdError } from "../lib/engine/wasm/threads.ts";
import { ADDRESS, SIZE } from "../lib/engine/wasm/words.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { fillNormal, fillUniform, streamKey } from "../lib/rng.ts";
import { testAgainstAutograd } from "./autograd.ts";
import { digits, engineSuite, hyper, inOrder, plain } from "./engine_suite.ts";
import { convolve, forEachTap } from "./plain.ts";
import { Bench, engineOf } from "./wasm.ts";

for (const variant of ["relaxed", "plain"] as const) {
  for (const threads of [1, 3]) {
    engineSuite(`wasm (${variant}, ${threads} threads)`, {
      create: (options) => engineOf({ ...options, threads, variant }),
      tolerance: { outputs: 1e-5, gradients: 1e-4, weights: 1e-5 },
      sizes: [
        { batch: 1, latentDim: 5 },
        { batch: 3, latentDim: 1 },
        { batch: 37, latentDim: 2 },
        { batch: 3, latentDim: 64 },
      ],
    });
  }
}

testAgainstAutograd(
  "wasm",
  (options) => engineOf({ ...options, threads: 2 }),
  [
    { ...plain, likelihood: "bce", capacity: 1e3, batch: 3, latentDim: 1 },
    { ...plain, autoencoder: true, capacity: 0, batch: 3, latentDim: 1 },
    { ...plain, capacity: 1, batch: 2, latentDim: 512 },
  ],
);

/** Runs `work` with a global replaced. */
async function withGlobal(
  name: "Worker" | "WebAssembly" | "process",
  value: unknown,
  work: () => unknown,
): Promise<void> {
  const original = Object.getOwnPropertyDescriptor(globalThis, name)!;
  Object.defineProperty(globalThis, name, { configurable: true, value });
  try {
    await work();
  } finally {
    Object.defineProperty(globalThis, name, original);
  }
}

Deno.test("WasmEngine gives the same bits on any number of threads", async () => {
  const results: unknown[] = [];
  const images = digits(2 * 75 + 11);
  for (const threads of [1, 2, 3, 5]) {
    const engine = await engineOf({ threads, batchSize: 75, latentDim: 5 });
    engine.setImages(images);
    engine.setOrder(inOrder(161));
    engine.trainStep({ first: 0, count: 75, step: 0 }, hyper);
    engine.trainStep({ first: 75, count: 75, step: 1 }, hyper);
    engine.trainStep({ first: 150, count: 11, step: 2 }, hyper);
    const losses = await engine.takeLosses();
    const state = await engine.readState();
    const evaluation = await engine.evaluate(images, 3, hyper);
    const { mu, logvar } = await engine.encode(images);
    const means = await engine.decode(mu);
    results.push({ losses, state, evaluation, mu, logvar, means });
    engine.dispose();
  }
  for (const result of results) assertEquals(result, results[0]);
});

Deno.test("WasmEngine gives an image the same bits alone and among others", async () => {
  const engine = await engineOf({ threads: 2 });
  const images = digits(13);
  const { mu } = await engine.encode(images);
  const means = await engine.decode(mu);
  const L = plain.latentDim;
  // So many at a time that a last part of one to three is left.
  for (const count of [1, 2, 3, 10]) {
    const one = await engine.encode(images.subarray(0, 784 * count));
    assertEquals(one.mu, mu.subarray(0, L * count));
    const pixels = await engine.decode(mu.subarray(0, L * count));
    assertEquals(pixels, means.subarray(0, 784 * count));
  }
  engine.dispose();
});

Deno.test("Program.units() counts what threads may share", () => {
  const options = engineOptions({ ...plain, batchSize: 128, draws: 4 });
  const { training, decoding } = new Plan(new MemoryMap(options, 2), options);
  assertEquals(decoding.units(8), 1);
  assertEquals(decoding.units(128), 16);
  assert(training.units(1) > 1);
  assertEquals(training.units(1024), 4 * 128);
});

Deno.test("WasmEngine trains a batch of 2048", async () => {
  const images = digits(32);
  const engine = await engineOf({ threads: 2, batchSize: 2048 });
  engine.setImages(images);
  // The same 32 images over and over: the gradient of a batch of 32.
  engine.setOrder(Uint32Array.from({ length: 2048 }, (_, i) => i % 32));
  const epsilon = fillNormal(new Float32Array(32 * 3), [1, 2], 0);
  const step = async (count: number) => {
    const state = await engine.readState();
    const noise = new Float32Array(count * 3);
    for (let at = 0; at < noise.length; at += 96) noise.set(epsilon, at);
    engine.trainStep({ first: 0, count, step: 0, epsilon: noise }, hyper);
    const { expAvg } = await engine.readState();
    await engine.writeState(state);
    return expAvg;
  };
  assertLess(relativeError(await step(2048), await step(32)), 1e-5);
  engine.dispose();
});

Deno.test("WasmEngine.setImages() grows and replaces the data set", async () => {
  const engine = await engineOf({ threads: 1 });
  const step = async (images: Uint8Array) => {
    const state = await engine.readState();
    engine.setImages(images);
    engine.setOrder(inOrder(4));
    engine.trainStep({ first: 0, count: 4, step: 0 }, hyper);
    const { parameters } = await engine.readState();
    await engine.writeState(state);
    return parameters;
  };
  const many = digits(4000);
  const few = await step(many.subarray(0, 4 * 784));
  assertEquals(await step(many), few);
  assertEquals(await step(many.subarray(0, 4 * 784)), few);
  engine.dispose();
});

Deno.test("WasmEngine.setOrder() refuses an image that is not there", async () => {
  const engine = await engineOf({ threads: 1 });
  engine.setImages(digits(3));
  assertThrows(
    () => engine.setOrder(Uint32Array.of(0, 3)),
    RangeError,
    "image 3 of 3",
  );
  engine.dispose();
});

Deno.test("WasmEngine.profile() names every operation", async () => {
  for (
    const [objective, draws, latentDim, classCount = 0] of [
      ...[["elbo", 1, 3], ["elbo", 3, 3], ["elbo", 3, 300]] as const,
      ...[["btc", 1, 3], ["iwae", 3, 3], ["iwae", 3, 300]] as const,
      ...[["elbo", 1, 3, 10], ["iwae", 3, 3, 256]] as const,
    ]
  ) {
    const engine = await engineOf({
      ...{ threads: 2, batchSize: 64, objective, latentDim, classCount },
      ...objective === "iwae" ? { importanceSamples: draws } : { draws },
    });
    engine.setImages(digits(64), new Uint8Array(64));
    engine.setOrder(inOrder(64));
    const times = await engine.profile(() =>
      engine.trainStep({ first: 0, count: 64, step: 0 }, hyper)
    );
    const total = times.reduce((sum, { flops }) => sum + flops, 0);
    const expected = trainingFlops(
      ...[latentDim, 64, draws, objective, classCount] as const,
    );
    assertAlmostEquals(total, expected, 1);
    assert(times.every(({ name }) => name));
    engine.dispose();
  }
});

Deno.test("convolutionFlops() counts the taps that fall on the image", () => {
  for (const { shape } of STAGES) {
    let taps = 0;
    forEachTap(shape, 1, () => taps++);
    const channels = shape.large.channels * shape.small.channels;
    assertEquals(convolutionFlops(shape), 2 * taps * channels);
  }
  assertEquals(linearFlops(12, ["heads"]), 49152);
  assertEquals(linearFlops(12, ["fc_decode"]), 24576);
});

Deno.test("trainingFlops() counts three products for each layer", () => {
  // Nothing before the first learns. 167 million are of fc_decode and decoder.0
  // apart, 31 million of the map: 13 rows through decoder.0, 128 times 12 × 1568.
  assertEquals(Math.round(128 * trainingFlops(12, 10) / 1e6), 692);
  assertEquals(Math.round(128 * trainingFlops(12, 128) / 1e6), 692 - 167 + 31);
  // Of them 178 are the rest of the decoder's, which each draw takes again, and
  // 14 are 128 times 12 × 1568, the map's own.
  assertEquals(
    Math.round(128 * trainingFlops(12, 128, 3) / 1e6),
    692 - 167 + 31 + 2 * (178 + 14),
  );
  // Ten classes are ten rows more in the map, there and twice back.
  const rows = trainingFlops(12, 128, 1, "elbo", 10) - trainingFlops(12, 128);
  assertAlmostEquals(128 * rows, 3 * 10 * convolutionFlops(STAGES[3].shape), 1);
});

Deno.test("usesMap() wants more rows than the map has", () => {
  assert(!usesMap(12, 13));
  assert(usesMap(12, 14));
  assert(usesMap(12, Infinity));
  assert(!usesMap(12, 23, 10));
  assert(usesMap(12, 24, 10));
  // With so many dimensions a row of the map costs more than the layers.
  assert(!usesMap(512, Infinity));
});

Deno.test("WasmEngine.trainStep() is the same with the map and without", async () => {
  for (const likelihood of ["mse", "bce"] as const) {
    const step = async (batchSize: number) => {
      assertEquals(usesMap(plain.latentDim, batchSize), batchSize > 4);
      const engine = await engineOf({ threads: 2, batchSize, likelihood });
      engine.setImages(digits(4));
      engine.setOrder(inOrder(4));
      engine.trainStep({ first: 0, count: 4, step: 0 }, hyper);
      const { expAvg } = await engine.readState();
      engine.dispose();
      return expAvg;
    };
    const apart = await step(4), together = await step(64);
    for (
      const { name, offset, shape } of modelSpec(plain.latentDim)
        .parameterBlocks
    ) {
      const end = offset + shape.reduce((a, b) => a * b);
      const error = relativeError(
        together.subarray(offset, end),
        apart.subarray(offset, end),
      );
      assertLess(error, 2e-5, name);
    }
  }
});

Deno.test("WasmEngine decodes with the weights of the last step", async () => {
  const engine = await engineOf({ threads: 2 });
  engine.setImages(digits(4));
  engine.setOrder(inOrder(4));
  const z = random(plain.latentDim, 9);
  const before = await engine.decode(z);
  engine.trainStep({ first: 0, count: 4, step: 0 }, hyper);
  const after = await engine.decode(z);
  const other = await engineOf({ threads: 1 });
  await other.writeState(await engine.readState());
  assertEquals(after, await other.decode(z));
  assert(relativeError(after, before) > 1e-4);
  engine.dispose();
  other.dispose();
});

/** (func (export "work") unreachable) */
const trapping = new WebAssembly.Module(Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0],
  ...[7, 8, 1, 4, 119, 111, 114, 107, 0, 0, 10, 5, 1, 3, 0, 0, 11],
));

Deno.test("WasmEngine reports a worker that fails", async () => {
  class Failing extends Worker {
    override postMessage({ memory }: { memory: WebAssembly.Memory }): void {
      super.postMessage({ memory, module: trapping });
    }
  }
  await withGlobal("Worker", Failing, () =>
    assertRejects(
      async () => {
        const engine = new WasmEngine({ ...plain, threads: 2 });
        engine.setImages(digits(4));
        engine.setOrder(inOrder(4));
        for (let step = 0; step < 1000; step++) {
          engine.trainStep({ first: 0, count: 4, step }, hyper);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
      Error,
      "a worker of the wasm engine failed",
    ));
});

Deno.test("WasmEngine reports a worker that vanishes", async () => {
  const script = `onmessage = ({ data: { memory } }) => {
    Atomics.add(new Int32Array(memory.buffer), ${ADDRESS.workers / 4}, 1);
    close();
  };`;
  class Vanishing extends Worker {
    constructor(_: string | URL, options?: WorkerOptions) {
      super(`data:text/javascript,${encodeURIComponent(script)}`, options);
    }
  }
  await withGlobal("Worker", Vanishing, () =>
    assertRejects(
      async () => {
        const engine = await engineOf({ threads: 2, patience: 200 });
        await engine.decode(new Float32Array(plain.latentDim));
      },
      Error,
      "fell silent",
    ));
});

Deno.test("WasmEngine works with Node's workers, and without any", async () => {
  const train = (engine: WasmEngine) => {
    engine.setImages(digits(4));
    engine.setOrder(inOrder(4));
    engine.trainStep({ first: 0, count: 4, step: 0 }, hyper);
    return engine.readState();
  };
  const engine = await engineOf({ threads: 2 });
  const trained = await train(engine);
  await withGlobal("Worker", undefined, async () => {
    const inNode = await engineOf({ threads: 2 });
    assertEquals(await train(inNode), trained);
    inNode.dispose();
    await withGlobal("process", undefined, async () => {
      const alone = new WasmEngine({ ...plain, threads: 2 });
      assertEquals(alone.description.endsWith("1 thread"), true);
      assertEquals(await train(alone), trained);
      alone.dispose();
    });
  });
  engine.dispose();
});

Deno.test("compileKernels() falls back, and fails in one line", async () => {
  assertEquals(compileKernels(true).variant, "relaxed");
  const without = (refused: number) => {
    let calls = 0;
    return {
      validate: () => ++calls > refused,
      Module: WebAssembly.Module,
    };
  };
  await withGlobal("WebAssembly", without(1), () => {
    assertEquals(compileKernels(false).variant, "plain");
  });
  await withGlobal("WebAssembly", without(2), () => {
    assertThrows(() => compileKernels(false), SimdError, "no SIMD");
  });
});

/** Random numbers from −1 to 1. */
function random(length: number, counter: number): Float32Array {
  return fillUniform(new Float32Array(length), [3, 4], counter)
    .map((x) => 2 * x - 1);
}

for (
  const { images, large, small, L, S } of [
    { images: 1, large: 5, small: 3, L: 8, S: 16 },
    { images: 21, large: 6, small: 3, L: 16, S: 8 },
    { images: 2, large: 6, small: 3, L: 8, S: 16 },
    { images: 6, large: 2, small: 1, L: 8, S: 8 },
    { images: 3, large: 10, small: 5, L: 1, S: 16 },
    { images: 17, large: 4, small: 2, L: 1, S: 32 },
  ]
) {
  const name = `${images} images, ${large}²×${L} and ${small}²×${S}`;
  const shape = {
    largeSize: large,
    largeChannels: L,
    smallSize: small,
    smallChannels: S,
  };
  const edge = L === 1;
  const largeRow = large * large * L, smallRow = small * small * S;
  const weights = random(9 * L * S, 1);
  const largeSide = random(images * largeRow, 2);
  const smallSide = random(images * smallRow, 3);
  const layer = {
    large: { size: large, channels: L },
    small: { size: small, channels: S },
  };
  const pack = { kernel: "pack", units: 1 } as const;

  Deno.test(`down() is the convolution (${name})`, () => {
    const bias = random(S, 4);
    const expected = new Float64Array(images * smallRow)
      .map((_, i) => bias[i % S]);
    convolve(layer, images, "small", {
      large: largeSide,
      small: expected,
      weight: weights,
    });

    const bench = new Bench();
    const from = bench.put(weights), to = bench.claim(expected.length);
    const packed = bench.claim(12 * L * S);
    bench.run(1, [], [{
      ...pack,
      from,
      to: packed,
      rows: 9 * L,
      columns: S,
      rowStep: S,
      columnStep: 1,
      panelStep: 32 * Math.ceil(9 * L / 4) * 4,
    }]);
    bench.run(images, [{
      kernel: edge ? "downEdge" : "down",
      ...shape,
      from: bench.put(largeSide),
      fromRow: 4 * largeRow,
      to,
      toRow: 4 * smallRow,
      weight: edge ? from : packed,
      bias: bench.put(bias),
    }]);
    assertLess(relativeError(bench.get(to, expected.length), expected), 1e-6);
  });

  Deno.test(`up() is the adjoint, with a ReLU where asked (${name})`, () => {
    const bias = random(Math.max(L, 8), 4);
    const expected = new Float64Array(images * largeRow)
      .map((_, i) => bias[i % L]);
    convolve(layer, images, "large", {
      large: expected,
      small: smallSide,
      weight: weights,
    });
    const rectified = edge ? expected : expected.map((x) => Math.max(x, 0));

    const bench = new Bench();
    const from = bench.put(weights);
    const weight = bench.claim(16 * Math.max(L, 8) * S);
    const to = bench.claim(expected.length);
    const taps = [8, 6, 7, 2, 0, 1, 5, 3, 4];
    bench.run(
      1,
      [],
      edge
        ? [{
          ...pack,
          from,
          to: weight,
          rows: S,
          columns: 9,
          rowStep: 1,
          columnStep: S,
          panelStep: 32 * S,
        }]
        : taps.map((tap, rank) => ({
          ...pack,
          from: from + 4 * tap * L * S,
          to: weight + 32 * rank * S,
          rows: S,
          columns: L,
          rowStep: 1,
          columnStep: S,
          panelStep: 32 * 9 * S,
        })),
    );
    bench.run(images, [{
      kernel: edge ? "upEdge" : "up",
      ...shape,
      from: bench.put(smallSide),
      fromRow: 4 * smallRow,
      to,
      toRow: 4 * largeRow,
      weight,
      bias: bench.put(bias),
      relu: 1,
    }]);
    assertLess(relativeError(bench.get(to, expected.length), rectified), 1e-6);
  });

  Deno.test(`filterGradient() sums over places (${name})`, () => {
    const expected = new Float64Array(weights.length);
    convolve(layer, images, "weight", {
      large: largeSide,
      small: smallSide,
      weight: expected,
    });

    const bench = new Bench();
    const shards = Math.ceil(images / SIZE.shard);
    const partial = bench.claim(shards * weights.length);
    const to = bench.claim(weights.length);
    bench.run(images, [{
      kernel: edge ? "edgeGradient" : "filterGradient",
      ...shape,
      from: bench.put(largeSide),
      fromRow: 4 * largeRow,
      other: bench.put(smallSide),
      otherRow: 4 * smallRow,
      partial,
      partialShard: 4 * weights.length,
    }]);
    bench.run(images, [], [{
      kernel: "reduce",
      units: 1,
      to,
      columns: weights.length,
      partial,
      partialShard: 4 * weights.length,
    }]);
    assertLess(relativeError(bench.get(to, weights.length), expected), 1e-6);
  });
}

for (const [images, inputs, outputs] of [[1, 16, 6], [5, 5, 42], [8, 12, 8]]) {
  Deno.test(`linear() is the matrix product (${images} × ${inputs} × ${outputs})`, () => {
    const k = Math.ceil(inputs / 4) * 4, row = Math.ceil(outputs / 8) * 8;
    const from = new Float32Array(images * k), x = random(images * inputs, 1);
    const weights = random(inputs * outputs, 2), bias = random(row, 3);
    const expected = new Float64Array(images * outputs);
    for (let i = 0; i < images; i++) {
      from.set(x.subarray(i * inputs, (i + 1) * inputs), i * k);
      for (let j = 0; j < outputs; j++) {
        let sum = bias[j];
        for (let n = 0; n < inputs; n++) {
          sum += x[i * inputs + n] * weights[n * outputs + j];
        }
        expected[i * outputs + j] = sum;
      }
    }

    const bench = new Bench();
    const weight = bench.claim(k * row), to = bench.claim(images * row);
    bench.run(1, [], [{
      kernel: "pack",
      units: 1,
      from: bench.put(weights),
      to: weight,
      rows: inputs,
      columns: outputs,
      rowStep: outputs,
      columnStep: 1,
      panelStep: 32 * k,
    }]);
    bench.run(images, [{
      kernel: "linear",
      from: bench.put(from),
      fromRow: 4 * k,
      to,
      toRow: 4 * row,
      weight,
      bias: bench.put(bias),
      rows: inputs,
      columns: outputs,
    }]);
    const result = bench.get(to, images * row)
      .filter((_, i) => i % row < outputs);
    assertLess(relativeError(result, expected), 1e-6);
  });
}

Deno.test("noise() is fillNormal() of lib/rng.ts", () => {
  const bench = new Bench();
  for (const [firstRow, rows] of [[0, 1], [77, 1], [5, 3]]) {
    const [key0, key1] = streamKey(9, "evaluation");
    const length = 100 * rows * 5, drawStep = 20;
    const to = bench.claim(length);
    const toRow = rows * drawStep;
    bench.run(100, [{ kernel: "noise", to, toRow, drawStep, rows }], [], {
      latent: 5,
      firstRow,
      key0,
      key1,
      counter: 123,
    });
    const expected = fillNormal(
      new Float32Array(length),
      [key0, key1],
      123,
      5 * rows * firstRow,
    );
    bench.get(to, length).forEach((x, i) =>
      assertAlmostEquals(x, expected[i], 1e-6 * Math.max(1, Math.abs(x)))
    );
  }
});
