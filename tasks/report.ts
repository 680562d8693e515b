/**
 * `deno task report`: everything there is to see of a model, in one page.
 *
 * @module
 */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { encodePng } from "../lib/image/png.ts";
import { measure, type Metrics } from "../lib/metrics/metrics.ts";
import { dataUrl, type Markup, markup, page } from "../lib/report/html.ts";
import { STYLE } from "../lib/report/style.ts";
import { barChart, lossCharts } from "../lib/report/svg.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { dimensionsOf } from "./shared/dimensions.ts";
import { flagOf } from "./shared/flags.ts";
import { openImages, openTrainingImages } from "./shared/data.ts";
import { willWrite, writeOutput } from "./shared/files.ts";
import { metricsTable } from "./shared/metrics_table.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, engineOptions } from "./shared/options.ts";
import { metadata } from "./shared/pictures.ts";
import { Progress } from "./shared/progress.ts";
import {
  type ReportPicture,
  reportPictures,
} from "./shared/report_pictures.ts";

const flags = {
  out: {
    type: "text",
    default: "report.html",
    metavar: "FILE",
    help: "the page to write",
  },
  split: common.split,
  samples: common.samples,
  seed: common.seed,
  dataDir: dataOptions.dataDir,
  checkpoint: common.checkpoint,
  ...engineOptions,
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task report` does. */
export const task: Task = {
  name: "report",
  summary: "Writes one page with all there is to see of a model.",
  examples: ["--out digits.html"],
  options: flags,
};

const main: Main<typeof flags> = async (options, { given }) => {
  const { split, samples, seed, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  await willWrite(out, "html");
  const dataDir = given.has("dataDir") ? options.dataDir : undefined;
  const train = await openTrainingImages(
    checkpoint,
    options.checkpoint,
    dataDir,
  );
  const images = split === "train"
    ? train
    : await openImages(checkpoint, split, dataDir);

  const progress = new Progress();
  const metrics = await measure({
    engine,
    model: checkpoint.options,
    images,
    train,
    samples,
    seed,
    onProgress: (stage, fraction) =>
      progress.update(fraction, `${stage} ${Math.round(100 * fraction)} %`),
  }).finally(() => progress.clear());
  const pictures = await reportPictures(engine, checkpoint, images, seed);

  const title = describe(checkpoint);
  const body = markup`<h1>${title}</h1>
<p>Measured and drawn with ${metrics.images} ${split} images.</p>
${lossSection(checkpoint)}
<h2>Pictures</h2>
<div class="pictures">
${pictures.map((shown) => figure(shown, checkpoint))}
</div>
${klSection(checkpoint, metrics)}
${metricsSection(checkpoint, metrics)}
${optionsSection(checkpoint)}`;
  const text = page(title, STYLE, body);
  await writeOutput(out, new TextEncoder().encode(text), "html");
  console.log(
    options.json
      ? JSON.stringify({
        out,
        split,
        pictures: pictures.map(({ title }) => title),
        ...metrics,
      })
      : `${out}: ${title}`,
  );
};

function lossSection({ history, options }: Checkpoint): Markup {
  const unit = options.likelihood === "mse" ? "squared error" : "nats";
  const charts = lossCharts(history, unit);
  return markup`<h2>Losses</h2>
<p>${
    charts.length === 0
      ? "No epoch is finished."
      : "Means per image after each epoch: what is optimised, and its two parts."
  }</p>
<div class="charts">
${charts}
</div>`;
}

function figure(
  { title, caption, picture }: ReportPicture,
  checkpoint: Checkpoint,
): Markup {
  const { width, height } = picture;
  const png = encodePng(picture, metadata(title, checkpoint));
  return markup`<figure>
<img src="${dataUrl(png)}" width="${width}" height="${height}" alt="${title}">
<figcaption><b>${title}.</b> ${caption}</figcaption>
</figure>`;
}

function klSection(checkpoint: Checkpoint, metrics: Metrics): Markup {
  const { klPerDimension } = metrics;
  if (klPerDimension === null) return markup``;
  const bars = dimensionsOf(checkpoint)
    .map(({ name, index }) => ({ name, value: klPerDimension[index].mean }))
    .sort((a, b) => b.value - a.value);
  return markup`<h2>KL divergence by dimension</h2>
<p>How many nats each latent dimension tells about an image. One near 0 has
collapsed to the prior: the decoder does without it.</p>
${barChart("KL divergence of each latent dimension, in nats", bars)}`;
}

function metricsSection(checkpoint: Checkpoint, metrics: Metrics): Markup {
  const groups = metricsTable(metrics, checkpoint, "none");
  return markup`<h2>Metrics</h2>
<p>Means over the images ± their standard errors.</p>
${
    groups.map(([group, rows]) =>
      markup`<h3>${group}</h3>
${
        table(rows.flatMap(([name, value, explanation]) =>
          value === null ? [] : [[name, value, explanation]]
        ))
      }`
    )
  }
${metrics.notes.map((note) => markup`<p>${note}.</p>`)}`;
}

function optionsSection({ options, data }: Checkpoint): Markup {
  const rows = (
    table: OptionTable,
    values: Record<string, unknown>,
  ): [string, string, string][] =>
    Object.entries(table).map(([name, { help }]) => [
      flagOf(name),
      String(values[name] ?? "–"),
      help,
    ]);
  return markup`<h2>Options</h2>
<p>What the model was trained with, on ${data.name} (SHA-256 of the images:
${data.digest ?? "not known"}).</p>
${
    table([
      ...rows(trainingOptions, options),
      ...rows(dataOptions, { ...data.options }),
    ])
  }`;
}

function table(rows: readonly (readonly string[])[]): Markup {
  return markup`<table>
${
    rows.map((row) =>
      markup`<tr>${row.map((cell) => markup`<td>${cell.trim()}</td>`)}</tr>`
    )
  }
</table>`;
}

if (import.meta.main) await runTask(task, flags, main);
