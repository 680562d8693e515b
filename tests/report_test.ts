import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
// @ts-types="../lib/image/pngjs.d.ts"
import { PNG } from "pngjs";
import { saveCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { loadDataset } from "../lib/dataset/dataset.ts";
import { initialState } from "../lib/model/init.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { defaults } from "../lib/options/table.ts";
import {
  dataOptions,
  type TrainingOptions,
  trainingOptions,
} from "../lib/options/run.ts";
import { dataUrl, markup, page } from "../lib/report/html.ts";
import { barChart, lossCharts } from "../lib/report/svg.ts";
import type { EpochRecord } from "../lib/model/losses.ts";
import { refuses, runWell, snapshot } from "./process.ts";
import { inFolder } from "./folder.ts";

const CHECKPOINT = "checkpoints/vae.safetensors";
const FEW = ["--engine", "wasm", "--samples", "2"];
const HOSTILE = `<img src=x onerror="alert('1')">&amp;`;

function record(epoch: number, total: number): EpochRecord {
  const losses = { total, reconstruction: total - 5, kl: 5 };
  return {
    epoch,
    step: epoch,
    beta: 1,
    capacity: 0,
    train: losses,
    validation: { ...losses, total: total + 1 },
    klPerDimension: [3, 1.5, 0.5],
  };
}

/** Gives `body` a folder with a model that has learnt nothing. */
function withModel(
  options: Partial<TrainingOptions>,
  history: EpochRecord[],
  body: (folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    const data = { dataset: "synthetic", limit: 30 } as const;
    const { digest } = await loadDataset(data);
    const latentDim = options.latentDim ?? 3;
    await Deno.mkdir(join(folder, "checkpoints"));
    await saveCheckpoint(join(folder, CHECKPOINT), {
      options: { ...defaults(trainingOptions), latentDim, ...options },
      data: {
        name: HOSTILE,
        digest,
        options: { ...defaults(dataOptions), ...data },
      },
      state: {
        ...initialState(modelSpec(latentDim), 0),
        step: history.length,
      },
      history,
      partial: null,
    });
    await body(folder);
  });
}

const report = async (folder: string): Promise<string> => {
  await runWell(folder, "report", FEW);
  return await Deno.readTextFile(join(folder, "report.html"));
};

Deno.test("markup() escapes what is not HTML", () => {
  const inner = markup`<b title="${`"'`}">${"<&>"}</b>`;
  assertEquals(inner.text, '<b title="&quot;&#39;">&lt;&amp;&gt;</b>');
  assertEquals(
    markup`${inner}${1}${[inner]}`.text,
    `${inner.text}1${inner.text}`,
  );
});

Deno.test("page() allows its own style and nothing from elsewhere", async () => {
  const style = "p > b { color: red; }";
  const text = page("<t>", style, markup`<p>x</p>`);
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(style),
  );
  const [, policy] = text.match(/Content-Security-Policy" content="(.*?)"/)!;
  assertEquals(
    policy.replaceAll("&#39;", "'").split("; "),
    [
      "default-src 'none'",
      "img-src data:",
      `style-src 'sha256-${Buffer.from(digest).toString("base64")}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ],
  );
  assertStringIncludes(text, `<style>${style}</style>`);
  assertStringIncludes(text, "<title>&lt;t&gt;</title>");
});

Deno.test("dataUrl() holds the file", () => {
  assertEquals(
    dataUrl(new TextEncoder().encode("ab?")),
    "data:image/png;base64,YWI/",
  );
});

Deno.test("lossCharts() put losses at their height", () => {
  const charts = lossCharts([record(1, 20), record(2, 30), record(3, 10)], {});
  assertEquals(charts.length, 4);
  const [, path] = charts[0].text.match(/class="first" d="M([\d. ]+L.*?)"/)!;
  const points = path.split("L").map((point) => point.split(" ").map(Number));
  assertEquals(points.length, 3);
  // The second of 20, 30 and 10 is highest, the first halfway between.
  const [a, b, c] = points;
  assertAlmostEquals(b[0], (a[0] + c[0]) / 2, 0.11);
  assertAlmostEquals(a[1], (b[1] + c[1]) / 2, 0.11);
  assertGreater(c[1], b[1]);
  assertGreater(c[0], a[0]);
  // A part of an epoch is as far from the last as it is long.
  const [part] = lossCharts(
    [record(1, 20), record(2, 30), record(2.5, 10)],
    {},
  );
  const [, partPath] = part.text.match(/class="first" d="M([\d. ]+L.*?)"/)!;
  const [x1, x2, x3] = partPath.split("L").map(parseFloat);
  assertAlmostEquals(x2 - x1, 2 * (x3 - x2), 0.2);
  assertMatch(part.text, /text-anchor="\w+">2\.5<\/text>/);
  // One epoch is a point.
  const [single] = lossCharts([{ ...record(1, 30), validation: null }], {});
  assertEquals(single.text.match(/<circle /g)?.length, 1);
  assertNotMatch(single.text, /NaN|Infinity|validation/);
  assertEquals(lossCharts([], {}), []);
});

Deno.test("barChart() has bars as long as their values", () => {
  const { text } = barChart("t", [
    { name: "z2", value: 2 },
    { name: "<z>", value: 0.5 },
    { name: "z3", value: 0 },
  ]);
  const widths = [...text.matchAll(/<rect .*?width="([\d.]+)"/g)]
    .map(([, width]) => Number(width));
  assertEquals(widths[0], 4 * widths[1]);
  assertEquals(widths[2], 0);
  assertStringIncludes(text, "&lt;z&gt;");
  assertStringIncludes(text, ">0.500<");
});

Deno.test("report writes one page that holds everything and asks for nothing", () =>
  withModel({ beta: 4 }, [record(1, 30), record(2, 20)], async (folder) => {
    const text = await report(folder);
    assertEquals([...(await snapshot(folder)).keys()], [
      CHECKPOINT,
      "report.html",
    ]);
    for (
      const heading of [
        "Losses",
        "Pictures",
        "KL divergence by dimension",
        "Metrics",
        "Options",
      ]
    ) assertStringIncludes(text, `<h2>${heading}</h2>`);
    const titles = [];
    const shapes: number[] = [];
    const images = text.matchAll(
      /<img src="data:image\/png;base64,([\w+/=]+)" width="(\d+)" height="(\d+)" alt="([\w ]+)">/g,
    );
    for (const [, base64, width, height, alt] of images) {
      const png = PNG.sync.read(Buffer.from(base64, "base64"));
      assertEquals([png.width, png.height], [Number(width), Number(height)]);
      titles.push(alt);
      shapes.push(Number((png.width / png.height).toFixed(3)));
    }
    // The pictures of a row are as wide as makes them equally high.
    const shares = [...text.matchAll(/\.p\d\d \{ flex-grow: ([\d.]+); \}/g)]
      .map(([, share]) => Number(share));
    assertEquals(shares, shapes);
    assertEquals(titles, [
      "Reconstructions",
      "Samples",
      "Interpolations",
      "Traversals",
      "Map",
      "Latent space",
    ]);
    assertEquals(text.match(/<img /g)?.length, titles.length);
    assertEquals(text.match(/<svg /g)?.length, 5);
    // The data set's name is a stranger's text, and nothing refers elsewhere.
    assertStringIncludes(
      text,
      "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)",
    );
    assertStringIncludes(text, "&quot;&gt;&amp;amp;");
    assertNotMatch(text, /<script|<link|<iframe|href=|url\(|@import|style="/);
    assertNotMatch(text, /https?:|NaN|Infinity|undefined|\[object/);
    assertMatch(text, /<td>--beta<\/td>\s*<td>4<\/td>/);
    for (const tag of ["svg", "table", "tr", "td", "figure", "text", "div"]) {
      const count = (pattern: string) =>
        text.match(new RegExp(pattern, "g"))?.length;
      assertEquals(count(`<${tag}[ >]`), count(`</${tag}>`), tag);
    }

    const metrics = JSON.parse(
      (await runWell(folder, "report", [...FEW, "--json"])).stdout,
    );
    assertEquals(metrics.pictures, titles);
    // Bars have the names of their dimensions, and the longest comes first.
    const [, bars] = text.split('<svg class="bars"');
    const names = [...bars.matchAll(/class="name"[^>]*>(z\d)<\/text>/g)]
      .map(([, name]) => name);
    const kl: number[] = metrics.klPerDimension
      .map(({ mean }: { mean: number }) => mean);
    assertEquals(
      names,
      [0, 1, 2].sort((a, b) => kl[b] - kl[a]).map((d) => `z${d + 1}`),
    );
    for (const mean of kl) {
      assertStringIncludes(text, `>${mean.toFixed(3)}</text>`);
    }
    assertEquals(await Deno.readTextFile(join(folder, "report.html")), text);
  }));

Deno.test("report leaves out what a model does not have", () =>
  withModel({ autoencoder: true, latentDim: 1 }, [], async (folder) => {
    const text = await report(folder);
    assertStringIncludes(text, "No epoch is finished.");
    assertNotMatch(text, /<svg|KL divergence by dimension|alt="Map"/);
    // No heading over nothing, and nothing of what it has not.
    assertNotMatch(text, /Bounds|the prior has|Posterior means|N\(0, I\)|q\(z/);
    assertNotMatch(text, /<h3>[^<]*<\/h3>\s*<table>\s*<\/table>/);
    assert(text.includes('alt="Traversals"'));
    assertNotMatch(text, /NaN|Infinity|undefined|>null</);
  }));

Deno.test("report refuses what it cannot read or write", () =>
  withModel({}, [], async (folder) => {
    await refuses(
      /there is no checkpoint no\.safetensors: train one first/,
      folder,
      "report",
      ["--checkpoint", "no.safetensors"],
    );
    await refuses(
      new RegExp(`cannot write ${CHECKPOINT}/a\\.html: a part of the path`),
      folder,
      "report",
      ["--out", `${CHECKPOINT}/a.html`],
    );
  }));
