/**
 * `deno task bench`: times the training step, and shows where the time goes.
 *
 * @module
 */
import { synthesize } from "../lib/dataset/synthetic.ts";
import { flops, trainingPlan } from "../lib/engine/plan.ts";
import { createEngine } from "../lib/engine/select.ts";
import { type OperationTime, WasmEngine } from "../lib/engine/wasm/engine.ts";
import { peakFlops } from "../lib/engine/wasm/threads.ts";
import { runTask, TaskError } from "./cli.ts";

const ROUNDS = 9;

/** Milliseconds that one round of steps should last. */
const ROUND_TIME = 500;

await runTask("bench", async (options) => {
  const { batchSize, latentDim, profile } = options;
  const engine = await createEngine(
    { ...options, autoencoder: false, seed: 0 },
    options,
  );
  if (profile && !(engine instanceof WasmEngine)) {
    throw new TaskError(
      `the ${engine.name} engine has no profile of its operations`,
    );
  }
  const images = 8 * batchSize;
  engine.setImages(synthesize(images, { seed: 0 }).images);
  engine.setOrder(Uint32Array.from({ length: images }, (_, i) => i));

  let step = 0;
  const train = async (steps: number) => {
    for (let i = 0; i < steps; i++, step++) {
      await engine.trainStep({
        first: step % 8 * batchSize,
        count: batchSize,
        step,
      }, { beta: 1, capacity: 0, learningRate: 1e-3 });
    }
    await engine.takeLosses();
  };
  const time = async (steps: number) => {
    const start = performance.now();
    await train(steps);
    return (performance.now() - start) / steps;
  };

  await train(2); // compilation, and workers that are still starting
  const steps = Math.max(1, Math.round(ROUND_TIME / await time(2)));
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await time(steps));
  rounds.sort((a, b) => a - b);
  const median = rounds[ROUNDS >> 1];

  const work = batchSize * trainingFlops(latentDim);
  const gflops = work / median / 1e6;
  const operations = profile
    ? await profileStep(engine as WasmEngine, () => train(steps), steps)
    : undefined;
  const threads = engine instanceof WasmEngine ? engine.threads : null;
  engine.dispose();
  const peakGflops = threads && threads * peakFlops() / 1e9;

  const result = {
    engine: engine.name,
    description: engine.description,
    batchSize,
    threads,
    msPerStep: { median, min: rounds[0], max: rounds[ROUNDS - 1] },
    imagesPerSecond: batchSize / median * 1000,
    gflops,
    peakGflops,
    residentMB: Deno.memoryUsage().rss / 1e6,
    operations,
  };
  if (options.json) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log([
    `engine      ${result.description}`,
    `batch size  ${batchSize}`,
    `step        ${median.toFixed(2)} ms (${rounds[0].toFixed(2)} to ` +
    `${rounds[ROUNDS - 1].toFixed(2)} over ${ROUNDS} rounds of ${steps})`,
    `throughput  ${result.imagesPerSecond.toFixed(0)} images/s`,
    `arithmetic  ${gflops.toFixed(1)} GFLOP/s` +
    (peakGflops
      ? `, ${(100 * gflops / peakGflops).toFixed(0)} % of the ` +
        `${peakGflops.toFixed(0)} that registers alone would allow`
      : ""),
    `memory      ${result.residentMB.toFixed(0)} MB resident`,
    ...operations ? ["", ...profileTable(operations, batchSize)] : [],
  ].join("\n"));
});

/** Multiplications and additions of a training step, for one image. */
function trainingFlops(latentDim: number): number {
  return trainingPlan()
    .flatMap(({ each, whole, combine }) => [...each, ...whole, ...combine])
    .reduce((sum, operation) => sum + flops(operation, latentDim), 0);
}

/** Milliseconds that each operation takes in one step, summed over threads. */
async function profileStep(
  engine: WasmEngine,
  run: () => Promise<void>,
  steps: number,
): Promise<OperationTime[]> {
  const byName = Map.groupBy(await engine.profile(run), ({ name }) => name);
  return [...byName].map(([name, parts]) => ({
    name,
    milliseconds: parts.reduce((sum, p) => sum + p.milliseconds, 0) / steps,
    flops: parts.reduce((sum, p) => sum + p.flops, 0),
  })).sort((a, b) => b.milliseconds - a.milliseconds);
}

function profileTable(
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
