/**
 * `deno task sweep`: trains a model for each β and latent size.
 *
 * @module
 */
import { join } from "node:path";
import { atomicWrite, checkWritable } from "../lib/files/atomic_write.ts";
import { encodePng } from "../lib/image/png.ts";
import { rateDistortion } from "../lib/image/rate_distortion.ts";
import { defaults } from "../lib/options/table.ts";
import { trainingOptions } from "../lib/options/run.ts";
import type { TaskValues } from "./shared/options.ts";
import { markdownTable } from "../lib/report/markdown.ts";
import { INACTIVE_KL } from "../lib/model/losses.ts";
import { EXIT_INTERRUPTED, runTask } from "./shared/cli.ts";
import {
  commandLine,
  findRun,
  finishRun,
  openDataset,
  pick,
  type Run,
} from "./shared/run.ts";

/** One line of the table. */
interface Row {
  readonly beta: number;
  readonly latentDim: number;
  readonly epochs: number;
  /** KL in nats. */
  readonly rate: number;
  /** The reconstruction, in the loss's unit. */
  readonly distortion: number;
  readonly total: number;
  /** Dimensions that carry more than 0.01 nats. */
  readonly active: number;
  readonly checkpoint: string;
}

await runTask("sweep", async (options, { signal }) => {
  const { outDir, scale, likelihood, epochs } = options;
  const runs = runsOf(options);
  const files = ["sweep.md", "sweep.json", "rate-distortion.png"]
    .map((name) => join(outDir, name));
  for (const path of [runs[0].path, ...files]) await checkWritable(path);

  const dataset = await openDataset(options, signal);
  for (const run of runs) await findRun(run, dataset);

  const rows: Row[] = [];
  let split = "test";
  for (const run of runs) {
    const finished = await finishRun(run, dataset, options, signal);
    if (!finished) {
      console.error(
        `stopped in ${run.name}, saved. Continue with:\n  ` +
          commandLine("sweep"),
      );
      return EXIT_INTERRUPTED;
    }
    finished.engine.dispose();
    split = finished.split;
    const { history } = finished.checkpoint;
    rows.push({
      beta: run.options.beta,
      latentDim: run.options.latentDim,
      epochs: history.length,
      rate: finished.losses.kl,
      distortion: finished.losses.reconstruction,
      total: finished.losses.total,
      active: history.at(-1)!.klPerDimension
        .filter((kl) => kl >= INACTIVE_KL).length,
      checkpoint: run.path,
    });
  }

  const unit = likelihood === "mse" ? "squared error" : "nats";
  const title = `${dataset.name}, ${split} images, ${epochs} ` +
    (epochs === 1 ? "epoch" : "epochs");
  const table = tableOf(rows, unit);
  const result = { dataset: dataset.name, split, likelihood, runs: rows };
  const picture = rateDistortion(rows, {
    title: `Rate and distortion: ${title}`,
    yLabel: `distortion: reconstruction, ${unit} per image`,
    scale,
  });
  const encode = (text: string) => new TextEncoder().encode(text);
  const contents = [
    encode(`# ${title}\n\n${table}\n`),
    encode(JSON.stringify(result, null, 2) + "\n"),
    encodePng(picture, {
      Title: "Rate and distortion",
      Software: "@vae/mnist",
      "Data set": dataset.name,
    }),
  ];
  for (const [i, path] of files.entries()) await atomicWrite(path, contents[i]);
  console.log(
    options.json
      ? JSON.stringify({ ...result, files })
      : `${table}\n\n${files.join(" ")}`,
  );
});

type Options = TaskValues<"sweep">;

/** Every combination, by latent size and then by β. */
function runsOf(
  { beta: betas, latentDim: sizes, checkpointDir, ...options }: Options,
): Run[] {
  const ascending = (values: readonly number[]) =>
    [...new Set(values)].sort((a, b) => a - b);
  return ascending(sizes).flatMap((latentDim) =>
    ascending(betas).map((beta): Run => ({
      name: `β = ${beta}, ${latentDim} latent ` +
        (latentDim === 1 ? "dimension" : "dimensions"),
      path: join(
        checkpointDir,
        `beta-${beta}-latent-${latentDim}.safetensors`,
      ),
      options: pick(
        { ...defaults(trainingOptions), ...options, beta, latentDim },
        trainingOptions,
      ),
    }))
  );
}

function tableOf(rows: readonly Row[], unit: string): string {
  return markdownTable(
    [
      "latent dimensions",
      "β",
      "epochs",
      "rate: KL (nats)",
      `distortion (${unit})`,
      "total",
      "active dimensions",
    ],
    rows.map((row) => [
      `${row.latentDim}`,
      `${row.beta}`,
      `${row.epochs}`,
      row.rate.toFixed(2),
      row.distortion.toFixed(2),
      row.total.toFixed(2),
      `${row.active}`,
    ]),
  );
}
