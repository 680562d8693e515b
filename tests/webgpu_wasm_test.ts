/** The GPU engine beside the wasm engine, from the same seed, step by step. */
import { assertLess } from "@std/assert";
import { relativeError } from "../lib/engine_check.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { WebGpuEngine } from "../lib/engine/webgpu/engine.ts";
import { HARDWARE } from "../lib/engine/webgpu/tiling.ts";
import { arenaIndices, modelSpec, type TensorSpec } from "../lib/model/spec.ts";
import { fillNormal } from "../lib/rng.ts";
import { digits, inOrder, plain } from "./engine_suite.ts";
import { webgpuIsMissing } from "./webgpu.ts";

const STEPS = 2;

function pick(arena: Float32Array, tensor: TensorSpec): number[] {
  return Array.from(arenaIndices(tensor), (at) => arena[at]);
}
// A β that counts beside the reconstruction, while latents are still small.
const hyper = { beta: 50, capacity: 0.5, learningRate: 1e-3 };

for (
  const options of [
    { batchSize: 128, latentDim: 12 },
    { batchSize: 9, latentDim: 64, likelihood: "bce" },
    { batchSize: 7, latentDim: 1, autoencoder: true },
    {
      batchSize: 9,
      latentDim: 12,
      draws: 3,
      klGradient: "stl",
      headsLrFactor: 0.3,
      adamBeta1: 0.8,
      adamBeta2: 0.97,
    },
  ] as const
) {
  Deno.test({
    name: `webgpu: each step gives what wasm gives (${
      JSON.stringify(options)
    })`,
    ignore: webgpuIsMissing,
    // The device outlives a test.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      const { batchSize, latentDim } = options;
      const all = { ...plain, ...options };
      const gpu = await WebGpuEngine.create({ ...all, tiling: HARDWARE });
      const cpu = new WasmEngine({ ...all, threads: 1 });
      const images = digits(batchSize);
      const spec = modelSpec(latentDim);
      for (const engine of [gpu, cpu]) {
        engine.setImages(images);
        engine.setOrder(inOrder(batchSize));
      }
      for (let step = 0; step < STEPS; step++) {
        // From the same bits, so that rounding does not pile up; the last batch
        // of an epoch is a smaller one.
        await gpu.writeState(await cpu.readState());
        const count = step === 0 ? batchSize : Math.ceil(batchSize / 3);
        const seen = [];
        for (const engine of [gpu, cpu]) {
          await engine.trainStep({ first: 0, count, step }, hyper);
          const sums = await engine.takeLosses();
          seen.push({
            losses: [sums.total, sums.reconstruction, ...sums.klPerDimension],
            ...await engine.readState(),
          });
        }
        // A ReLU whose input is within rounding of 0 may go either way.
        const [a, b] = seen;
        const check = (
          name: string,
          bound: number,
          values: (of: typeof a) => ArrayLike<number>,
        ) => {
          const error = relativeError(values(a), values(b));
          assertLess(error, bound, `${name} of step ${step}`);
        };
        check("losses", 1e-4, ({ losses }) => losses);
        for (const tensor of spec.running) {
          check(tensor.name, 1e-4, ({ running }) => pick(running, tensor));
        }
        for (const tensor of spec.parameters) {
          const { name } = tensor;
          check(`∂${name}`, 1e-3, ({ expAvg }) => pick(expAvg, tensor));
          check(`∂${name}²`, 2e-3, ({ expAvgSq }) => pick(expAvgSq, tensor));
        }
      }
      await gpu.writeState(await cpu.readState());
      const z = fillNormal(new Float32Array(7 * latentDim), [1, 2], 0);
      const [a, b] = await Promise.all([gpu, cpu].map(async (engine) => ({
        mu: (await engine.encode(images)).mu,
        digits: await engine.decode(z),
        scores: await engine.score(z, images.subarray(0, 7 * 784)),
      })));
      assertLess(relativeError(a.mu, b.mu), 1e-4, "encode()");
      assertLess(relativeError(a.digits, b.digits), 1e-4, "decode()");
      assertLess(relativeError(a.scores, b.scores), 1e-4, "score()");
      for (const engine of [gpu, cpu]) engine.dispose();
    },
  });
}
