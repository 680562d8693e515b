import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { lossCurves } from "../lib/image/curves.ts";
import { grid, pairGrid } from "../lib/image/grid.ts";
import type { Picture } from "../lib/image/picture.ts";
import { encodePng } from "../lib/image/png.ts";
import { scatter } from "../lib/image/scatter.ts";
import { syntheticDataset } from "../lib/dataset/split.ts";
import { displayedMeasures } from "../lib/metrics/displayed_measures.ts";
import type { EpochRecord } from "../lib/model/losses.ts";
import { watch } from "../lib/notebook/watch.ts";
import { NonFiniteLossError } from "../lib/train/events.ts";
import { train } from "../lib/train/trainer.ts";
import * as publicNames from "../mod.ts";

type Bundle = Record<string, string>;

/** What Jupyter shows of a value. */
async function shown(value: object): Promise<Bundle> {
  const method = Symbol.for("Jupyter.display");
  return await (value as Record<symbol, () => Promise<Bundle>>)[method]();
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

interface Message {
  readonly type: string;
  readonly data: Bundle;
  readonly id: string;
}

/** Runs something as in a notebook; returns the messages to its page. */
async function inNotebook(run: () => Promise<void>): Promise<Message[]> {
  const messages: Message[] = [];
  const deno = Deno as { jupyter?: unknown };
  deno.jupyter = {
    broadcast(
      type: string,
      { data, transient }: { data: Bundle; transient: { display_id: string } },
    ) {
      messages.push({ type, data, id: transient.display_id });
      return Promise.resolve();
    },
  };
  try {
    await run();
  } finally {
    deno.jupyter = undefined;
  }
  return messages;
}

const digits = new Float32Array(4 * 784).map((_, i) => i % 7 / 6);
const loss = { total: 3, reconstruction: 2, kl: 1 };
const record: EpochRecord = {
  epoch: 1,
  step: 10,
  beta: 1,
  capacity: 0,
  train: loss,
  validation: null,
  klPerDimension: [1],
};

const pictures: Record<string, Picture> = {
  "grid()": grid(digits),
  "grid() with a title": grid(digits, { title: "Four" }),
  "pairGrid()": pairGrid(digits, digits),
  "lossCurves()": lossCurves([record]),
  "scatter()": scatter([0, 1, 2, 3], Uint8Array.of(0, 1), {
    xLabel: "x",
    yLabel: "y",
  }),
};

for (const [what, picture] of Object.entries(pictures)) {
  Deno.test(`what ${what} returns shows itself in Jupyter`, async () => {
    const bundle = await shown(picture);
    assertEquals(bytesOf(bundle["image/png"]), encodePng(picture));
    assertEquals(
      bundle["text/plain"],
      `a picture of ${picture.width} × ${picture.height} pixels`,
    );
    assertEquals(Object.getOwnPropertySymbols({ ...picture }), []);
  });
}

Deno.test("what was measured shows itself in Jupyter as a table", async () => {
  const measures = displayedMeasures({
    images: 10,
    kl: { mean: 1.23456, standardError: 0.0123 },
    one: { mean: 2, standardError: NaN },
    elbo: null,
    rates: { rate: { mean: 100.06, standardError: 12 } },
    klPerDimension: [{ mean: 0.12345, standardError: 1 }],
    notes: ["a bound", "a limit"],
  });
  const { "text/markdown": table, "text/plain": text } = await shown(measures);
  assertEquals(
    table.split("\n"),
    [
      "| measure | mean ± standard error |",
      "| --- | --- |",
      "| images | 10 |",
      "| kl | 1.235 ± 0.012 |",
      "| one | 2 |",
      "| rates.rate | 100 ± 12 |",
      "| klPerDimension | 0.1235 |",
      "",
      "",
      "a bound",
      "",
      "a limit",
    ],
  );
  assertMatch(text, /^images 10\nkl 1\.235 ± 0\.012\n[^]*\n\na limit$/);
});

const dataset = await syntheticDataset({ limit: 128 });
const setup = { dataset, latentDim: 2, engine: { engine: "wasm" } } as const;

Deno.test("watch() shows each epoch in one picture, and the end in one line", async () => {
  let steps = 0;
  const messages = await inNotebook(async () => {
    const run = await watch(train({ ...setup, epochs: 3 }));
    steps = run.checkpoint.state.step;
    assertEquals(run.history.length, 3);
    assertEquals(run.reason, "epochs");
    const { "text/plain": text } = await shown(run);
    assertMatch(
      text,
      new RegExp(
        `^3 epochs in \\d+\\.\\d s; test: total ${
          run.test!.total.toFixed(2)
        }, `,
      ),
    );
  });
  assertEquals(steps, 3);
  const byId = Map.groupBy(messages, ({ id }) => id);
  const [drawn] = [...byId.values()]
    .filter(([{ data }]) => "image/png" in data);
  assertEquals(
    drawn.map(({ type }) => type),
    ["display_data", "update_display_data", "update_display_data"],
  );
  const sizes = drawn.map(({ data }) => {
    const png = bytesOf(data["image/png"]);
    return new DataView(png.buffer).getUint32(16);
  });
  assertEquals(sizes, [1020, 1020, 1020]);
  const last = messages.at(-1)!;
  assert(!drawn.includes(last));
  assertMatch(last.data["text/plain"], /^3 epochs in /);
  assertEquals(byId.size, 2);
});

Deno.test("watch() shows an autoencoder and a model that is told of classes", async () => {
  for (const model of [{ autoencoder: true }, { conditional: true }]) {
    const messages = await inNotebook(async () => {
      await watch(train({ ...setup, epochs: 1, ...model }));
    });
    assertEquals(
      messages.slice(-2).map(({ data }) => Object.keys(data)[0]),
      ["image/png", "text/plain"],
    );
  }
});

Deno.test("watch() says how fast training is, and for how long", async () => {
  async function* events() {
    yield {
      type: "progress",
      epoch: 2,
      step: 9,
      images: { done: 1200, total: 5000 },
      imagesPerSecond: 4321.4,
      secondsLeft: 6.2,
      losses: loss,
    } as const;
    yield* train({ ...setup, epochs: 1 });
  }
  const [{ data }] = await inNotebook(async () => {
    await watch(events());
  });
  assertEquals(data, {
    "text/plain": "epoch 2: 1,200 of 5,000 images, 4,321 a second, 7 s left; " +
      "total 3.00, reconstruction 2.00, KL 1.00",
  });
});

Deno.test("watch() shows nothing outside a notebook, and trains the same", async () => {
  const run = await watch(train({ ...setup, epochs: 1 }));
  const messages = await inNotebook(async () => {
    const { checkpoint } = await watch(train({ ...setup, epochs: 1 }));
    assertEquals(checkpoint.state, run.checkpoint.state);
  });
  assert(messages.length > 0);
});

Deno.test("watch() refuses events without an end, and passes on what training throws", async () => {
  async function* none() {}
  await assertRejects(
    () => watch(none()),
    Error,
    "the events stopped before the one of type end",
  );
  await assertRejects(
    () => watch(train({ ...setup, epochs: 9, lr: 10 })),
    NonFiniteLossError,
  );
});

interface Cell {
  readonly cell_type: "code" | "markdown";
  readonly metadata: { tags?: string[]; solution?: string[] };
  readonly source: string[];
  readonly outputs?: {
    readonly output_type: string;
    readonly text?: string[];
    readonly data?: Record<string, string | string[]>;
  }[];
}

for (const name of ["first_vae", "beta_and_kl"]) {
  Deno.test(`${name}.ipynb imports what there is, and has a check and a solution for each exercise`, async () => {
    const text = await Deno.readTextFile(
      new URL(`notebooks/${name}.ipynb`, import.meta.url),
    );
    const cells: Cell[] = JSON.parse(text).cells;
    const source = cells.filter((cell) => cell.cell_type === "code")
      .map((cell) => cell.source.join("")).join("\n");
    const [, list, from] = source.match(/^import {([^}]*)} from "([^"]*)"/)!;
    assertEquals(from, "jsr:@vae/mnist");
    const values = list.split(",").map((word) => word.trim())
      .filter((word) => word && !word.startsWith("type "));
    assertEquals(values.filter((value) => !(value in publicNames)), []);

    const exercises = cells.filter(({ metadata }) =>
      metadata.tags?.includes("exercise")
    );
    assert(exercises.length >= 4, `${exercises.length} exercises`);
    for (const cell of exercises) {
      const { solution } = cell.metadata;
      const next = cells.slice(cells.indexOf(cell) + 1)
        .find(({ cell_type }) => cell_type === "code")!;
      assertMatch(next.source.join(""), /await check\(/);
      assertNotEquals(solution!.join(""), cell.source.join(""));
    }
    const outputs = cells.flatMap(({ outputs = [] }) => outputs);
    assert(outputs.some(({ data }) => data?.["image/png"]), "no pictures");
    const printed = outputs.flatMap(({ text = [] }) => text).join("");
    const checks = printed.match(/^(right|not yet): /gm)!;
    assert(checks.length >= exercises.length);
    assertEquals(new Set(checks), new Set(["not yet: "]));
  });
}
