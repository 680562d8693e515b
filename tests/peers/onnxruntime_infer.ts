/**
 * Times the exported model in ONNX Runtime: encoding and decoding one batch.
 *
 *     deno run --allow-read --allow-ffi --allow-sys onnxruntime_infer.ts --peers DIR [--threads 1]
 *
 * Takes `onnxruntime-node`, which is the native library, or else
 * `onnxruntime-web`, which is WebAssembly.
 *
 * @module
 */
import { createRequire } from "node:module";
import { onnxModels } from "../../lib/interop/onnx_model.ts";
import { initialState } from "../../lib/model/init.ts";
import { modelSpec } from "../../lib/model/spec.ts";
import { findPackage, milliseconds, peerOptions } from "./timing.ts";

/** As much of ONNX Runtime's API as is used. */
interface Runtime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<{
      run(feeds: Record<string, unknown>): Promise<unknown>;
    }>;
  };
  readonly Tensor: new (
    type: string,
    data: Float32Array,
    shape: number[],
  ) => unknown;
}

const { threads, batchSize, latentDim, seconds, peers } = peerOptions();
const { name, entry, version } = findPackage(
  peers,
  "onnxruntime-node",
  "onnxruntime-web",
);
const { env, InferenceSession, Tensor }: Runtime = createRequire(entry)(entry);
if (name === "onnxruntime-web") env.wasm.numThreads = threads;

const models = onnxModels({
  options: { latentDim, likelihood: "mse", autoencoder: false },
  state: initialState(modelSpec(latentDim), 0),
});

/** Returns the milliseconds that one half of the model takes for a batch. */
async function time(file: string, input: string, shape: number[]) {
  const session = await InferenceSession.create(models.get(file)!, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const size = shape.reduce((product, n) => product * n);
  const values = Float32Array.from({ length: size }, (_, i) => i % 256 / 255);
  const feeds = { [input]: new Tensor("float32", values, shape) };
  return await milliseconds(() => session.run(feeds), seconds);
}

const times = [
  {
    of: "encode",
    variant: name,
    milliseconds: await time("encoder.onnx", "image", [batchSize, 1, 28, 28]),
  },
  {
    of: "decode",
    variant: name,
    milliseconds: await time("decoder.onnx", "z", [batchSize, latentDim]),
  },
];
console.log(JSON.stringify({
  name: "ONNX Runtime",
  version,
  build: name === "onnxruntime-node" ? "native" : "wasm",
  threads,
  isFair: true,
  times,
}));
Deno.exit(0);
