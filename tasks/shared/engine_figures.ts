/**
 * What `bench` tells of an engine beside its speed.
 *
 * @module
 */
import type { Engine } from "../../lib/engine/engine.ts";
import { isSoftware, requestGpu } from "../../lib/engine/gpu.ts";
import {
  type OperationTime,
  WasmEngine,
} from "../../lib/engine/wasm/engine.ts";
import { peakFlops } from "../../lib/engine/wasm/threads.ts";
import { WebGpuEngine } from "../../lib/engine/webgpu/engine.ts";

/** Returns what only one kind of engine has. */
export async function engineFigures(engine: Engine): Promise<{
  threads?: number;
  peakGflops?: number;
  dispatchesPerStep?: number;
  cpuMsPerStep?: number;
  adapter?: { description: string; isFallback: boolean };
}> {
  if (engine instanceof WasmEngine) {
    const { threads } = engine;
    return { threads, peakGflops: threads * peakFlops() / 1e9 };
  }
  if (engine instanceof WebGpuEngine) {
    const { dispatchesPerStep, cpuMsPerStep } = engine;
    const { adapter } = (await requestGpu())!;
    return {
      dispatchesPerStep,
      cpuMsPerStep,
      adapter: {
        description: adapter.info.description,
        isFallback: isSoftware(adapter),
      },
    };
  }
  return {};
}

/** Lays out the times of operations, with their shares of the whole. */
export function profileTable(
  operations: readonly OperationTime[],
  batchSize: number,
): string[] {
  const total = operations.reduce((sum, o) => sum + o.milliseconds, 0);
  return [
    `${"operation".padEnd(40)} thread-ms   share  GFLOP/s`,
    ...operations.map(({ name, milliseconds, flops }) =>
      name.padEnd(40) + milliseconds.toFixed(3).padStart(10) +
      `${(100 * milliseconds / total).toFixed(1)} %`.padStart(8) +
      (flops > 0 ? (batchSize * flops / milliseconds / 1e6).toFixed(1) : "–")
        .padStart(9)
    ),
    `${"all".padEnd(40)}${total.toFixed(3).padStart(10)}`,
  ];
}
