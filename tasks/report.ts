/**
 * `deno task report`: everything there is to see of a model, in one page.
 *
 * @module
 */
import type { Checkpoint } from "../lib/checkpoint/checkpoint.ts";
import { creditLine, creditOf } from "../lib/dataset/mnist.ts";
import { encodePng } from "../lib/image/png.ts";
import { INACTIVE_KL } from "../lib/model/losses.ts";
import { measure, type Metrics } from "../lib/metrics/metrics.ts";
import { isBlackOrWhite } from "../lib/metrics/pixels.ts";
import { dataUrl, type Markup, markup, page } from "../lib/report/html.ts";
import { STYLE } from "../lib/report/style.ts";
import { barChart, lossCharts } from "../lib/report/svg.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import type { OptionTable } from "../lib/options/table.ts";
import { counted } from "../lib/text.ts";
import { type Main, runTask, type Task } from "./shared/cli.ts";
import { dimensionName, measureLatents } from "../lib/latent/space.ts";
import { flagOf } from "./shared/flags.ts";
import { openSeenImages, openTrainingImages, seenBy } from "./shared/data.ts";
import { willWrite, writeOutput } from "./shared/files.ts";
import { metricsTable } from "./shared/metrics_table.ts";
import { describe, openModel } from "./shared/model.ts";
import { common, data, engineOptions, outFile } from "./shared/options.ts";
import { metadata } from "./shared/pictures.ts";
import { Progress } from "./shared/progress.ts";
import { tell } from "./shared/terminal.ts";
import {
  type ReportPicture,
  reportPictures,
} from "./shared/report_pictures.ts";

const flags = {
  out: outFile("report.html", "the page to write"),
  split: common.split,
  samples: common.samples,
  seed: common.seed,
  dataDir: data.dataDir,
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
  const train = seenBy(
    checkpoint,
    await openTrainingImages(checkpoint, options.checkpoint, dataDir),
    "train",
  );
  const images = split === "train"
    ? train
    : await openSeenImages(checkpoint, split, dataDir);
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
  const latents = await measureLatents(engine, images, `${split} images`);
  const rows = await reportPictures(engine, checkpoint, images, latents, seed);
  const pictures = rows.flat();

  const title = describe(checkpoint);
  const body = markup`<h1>${title}</h1>
<p>Measured and drawn with ${counted(metrics.images, `${split} image`)}.</p>
${lossSection(checkpoint)}
<h2>Pictures</h2>
${
    rows.map((row, i) =>
      markup`<div class="pictures">
${row.map((shown, j) => figure(shown, checkpoint, `p${i}${j}`))}
</div>`
    )
  }
${klSection(metrics, split)}
${metricsSection(checkpoint, metrics, !isBlackOrWhite(images.images))}
${optionsSection(checkpoint)}`;
  const text = page(title, STYLE + widths(rows), body);
  await writeOutput(out, new TextEncoder().encode(text), "html");
  if (!options.json) return tell(`${out}: ${title}`);
  console.log(JSON.stringify({
    out,
    split,
    pictures: pictures.map(({ title }) => title),
    ...metrics,
  }));
};

/** Gives the pictures of a row one height: their widths are as their shapes are. */
function widths(rows: readonly (readonly ReportPicture[])[]): string {
  return rows.flatMap((row, i) =>
    row.map(({ picture: { width, height } }, j) =>
      `.p${i}${j} { flex-grow: ${(width / height).toFixed(3)}; }\n`
    )
  ).join("");
}

/** What the charts' total is. */
const TOTAL = {
  none: "This is what is optimised.",
  elbo: "The total is what is optimised; its parts add up to it.",
  iwae: "The total of training is what is optimised, the importance-weighted " +
    "bound; that of validation is reconstruction + KL.",
  btc: "The total of training is what is optimised, with the total " +
    "correlation weighted; that of validation is reconstruction + KL.",
} as const;

function lossSection({ history, options }: Checkpoint): Markup {
  const charts = lossCharts(history, options);
  return markup`<h2>Losses</h2>
<p>${
    charts.length === 0
      ? "No epoch is finished."
      : "Means per image: in training over each epoch as it went, in validation " +
        "after it. " + TOTAL[options.autoencoder ? "none" : options.objective]
  }</p>
<div class="charts">
${charts}
</div>`;
}

function figure(
  { title, caption, picture }: ReportPicture,
  checkpoint: Checkpoint,
  name: string,
): Markup {
  const { width, height } = picture;
  const png = encodePng(picture, metadata(title, checkpoint));
  return markup`<figure class="${name}">
<img src="${dataUrl(png)}" width="${width}" height="${height}" alt="${title}">
<figcaption><b>${title}.</b> ${caption}</figcaption>
</figure>`;
}

function klSection({ klPerDimension }: Metrics, split: string): Markup {
  if (klPerDimension === null) return markup``;
  const bars = klPerDimension
    .map(({ mean }, index) => ({ name: dimensionName(index), value: mean }))
    .sort((a, b) => b.value - a.value);
  const collapsed = bars.filter(({ value }) => value < INACTIVE_KL).length;
  return markup`<h2>KL divergence by dimension</h2>
<p>How many nats each latent dimension tells about an image: means over the
${split} images, the most active dimension first. ${collapsed} of ${bars.length}
have collapsed to the prior by this measure: KL < ${INACTIVE_KL} nats.</p>
${barChart("KL divergence of each latent dimension, in nats", bars)}`;
}

function metricsSection(
  checkpoint: Checkpoint,
  metrics: Metrics,
  isGrey: boolean,
): Markup {
  const groups = metricsTable(metrics, checkpoint, isGrey);
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
  const credit = creditOf(data);
  return markup`<h2>Options</h2>
<p>What the model was trained with, on ${data.name} (SHA-256 of the images:
${data.digest ?? "not known"}).</p>
${credit ? markup`<p>Images: ${creditLine(credit)}.</p>` : []}
${
    table([
      ...rows(trainingOptions, { ...options }),
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
