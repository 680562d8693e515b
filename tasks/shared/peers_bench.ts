/**
 * Our engines beside other frameworks, timed in turn.
 *
 * @module
 */
import { synthesize } from "../../lib/dataset/synthetic.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { GpuError } from "../../lib/engine/gpu.ts";
import type { Likelihood } from "../../lib/model/spec.ts";
import { createEngine } from "../../lib/engines.ts";
import { engineFigures } from "./engine_figures.ts";
import {
  isProcess,
  PeerError,
  type PeerName,
  type PeerReport,
  type PeerRequest,
  runPeer,
} from "./peers.ts";
import {
  compareInTurn,
  type Comparison,
  type OurTimes,
} from "./peers_table.ts";
import { ROUND_TIME, StepBench, WARM_UP } from "./step_bench.ts";

/** How often each is timed. */
const PEER_ROUNDS = 5;

/** What the model and the peers are made for. */
type Options = Omit<PeerRequest, "threads"> & {
  readonly likelihood: Likelihood;
};

/** Encodes and decodes a batch on one thread. */
class InferenceBench {
  readonly #images: Uint8Array;
  readonly #z: Float32Array;

  constructor(readonly engine: Engine, batchSize: number, latentDim: number) {
    this.#images = synthesize(batchSize, { seed: 0 }).images;
    this.#z = Float32Array.from(
      { length: batchSize * latentDim },
      (_, i) => i % 256 / 255,
    );
  }

  /** Milliseconds a batch. */
  async round(): Promise<Required<Pick<OurTimes, "encode" | "decode">>> {
    return {
      encode: await this.#time(() => this.engine.encode(this.#images)),
      decode: await this.#time(() => this.engine.decode(this.#z)),
    };
  }

  async #time(run: () => Promise<unknown>): Promise<number> {
    const take = async (count: number) => {
      const start = performance.now();
      for (let i = 0; i < count; i++) await run();
      return (performance.now() - start) / count;
    };
    await take(WARM_UP / 2);
    const guess = await take(WARM_UP / 2);
    return await take(Math.max(1, Math.round(2 * ROUND_TIME / guess)));
  }
}

/**
 * Times ours and the peers in turn.
 *
 * @param bench The training step of the engine that was asked for.
 */
export async function comparePeers(
  names: readonly PeerName[],
  bench: StepBench,
  options: Options,
): Promise<Comparison> {
  const { batchSize, latentDim } = options;
  const model = { ...options, autoencoder: false, seed: 0 };
  const { threads = navigator.hardwareConcurrency } = await engineFigures(
    bench.engine,
  );
  const request = { ...options, threads };
  const inference = names.includes("onnxruntime")
    ? new InferenceBench(
      await createEngine(model, { engine: "wasm", threads: 1 }),
      batchSize,
      latentDim,
    )
    : undefined;
  const isTrained = names.some((name) => name !== "onnxruntime");
  let tfjs: StepBench | undefined;
  const tfjsRound = async (): Promise<PeerReport> => {
    if (tfjs === undefined) {
      tfjs = new StepBench(await tfjsEngine(model), batchSize);
      await tfjs.measure(1);
    }
    const milliseconds = await tfjs.round();
    return {
      name: "TensorFlow.js",
      version: (tfjs.engine as Engine & { version: string }).version,
      build: tfjs.engine.description,
      threads,
      isFair: true,
      times: [{ of: "step", variant: "webgpu", result: { milliseconds } }],
    };
  };
  const comparison = await compareInTurn(
    PEER_ROUNDS,
    async () => ({
      ...(isTrained && { step: await bench.round() }),
      ...await inference?.round(),
    }),
    new Map(
      names.map((name) => [
        name,
        isProcess(name) ? () => runPeer(name, request) : tfjsRound,
      ]),
    ),
  );
  inference?.engine.dispose();
  tfjs?.engine.dispose();
  return comparison;
}

/** The tfjs engine on WebGPU, for the comparison. */
async function tfjsEngine(
  model: Parameters<typeof createEngine>[0],
): Promise<Engine> {
  try {
    return await createEngine(model, { engine: "tfjs", tfBackend: "webgpu" });
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    throw new PeerError(error.message);
  }
}
