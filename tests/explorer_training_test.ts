/** Training in the page, in a real browser. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import type { Page } from "playwright-core";
import type { Losses } from "../lib/model/losses.ts";
import { sha256 } from "../lib/dataset/split.ts";
import type { Plan } from "../lib/explorer/training_plan.ts";
import { RunInWorker } from "../lib/explorer/page/run_in_worker.ts";
import {
  STEPS_PER_EPOCH,
  trainingDigits,
} from "../lib/explorer/page/training_digits.ts";
import {
  browserTest,
  canvas,
  changes,
  eventually,
  ready,
} from "./explorer_driver.ts";

/**
 * Notes what the page and its worker tell each other; a `replay` takes the place
 * of the plan of the first run.
 */
async function listen(page: Page, replay: Plan | null = null): Promise<void> {
  await page.evaluate(`(() => {
    window.told = [];
    const { postMessage } = Worker.prototype;
    const replay = ${JSON.stringify(replay)};
    Worker.prototype.postMessage = function (order) {
      if (order.type === "train" && !window.worker) {
        window.worker = this;
        this.addEventListener("message", ({ data }) => window.told.push(data));
        if (replay) order = { ...order, plan: replay };
      }
      postMessage.call(this, order);
    };
  })()`);
}

/** Waits until something is so in the page, whose policy lets it eval nothing. */
async function until(page: Page, condition: string): Promise<void> {
  const end = performance.now() + 90_000;
  while (!await page.evaluate(condition)) {
    assertLess(performance.now(), end, condition);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Waits for so many steps. */
function steps(page: Page, count: number): Promise<void> {
  return until(
    page,
    `window.told.some(({ view }) => view && view.step >= ${count})`,
  );
}

/** Moves a slider as a person does. */
async function set(page: Page, id: string, value: number): Promise<void> {
  await page.evaluate(`(() => {
    const slider = document.getElementById("${id}");
    slider.value = ${value};
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  })()`);
}

function text(page: Page, id: string): Promise<string> {
  return page.locator(`#${id}`).innerText();
}

async function fingerprint(page: Page): Promise<string> {
  return await eventually(async () => {
    const words = await text(page, "train-fingerprint");
    assertMatch(words, /[0-9a-f]{12}$/);
    return words.slice(-12);
  });
}

/** Of the weights that a plan comes to here. */
async function fingerprintHere(plan: Plan): Promise<string> {
  let weights = new Float32Array();
  const run = new RunInWorker(plan, Infinity, (report) => {
    if (report.type === "pause") run.stop();
    if (report.type !== "snapshot") return;
    ({ parameters: weights } = report.snapshot.checkpoint.state as {
      parameters: Float32Array<ArrayBuffer>;
    });
  });
  await run.train(await trainingDigits());
  return (await sha256(new Uint8Array(weights.buffer))).slice(0, 12);
}

browserTest(
  "explorer: β acts while a model trains, and the run is the same in a fresh page and here",
  async (page) => {
    await listen(page);
    await page.locator("#train-dim").selectOption("4");
    await page.locator("#train-seed").fill("7");
    await page.click("#train");
    await steps(page, 10);
    const { red } = await canvas(page, "train-kl");
    // The last stop is 16, the first 0.
    await set(page, "train-beta", 21);
    await until(page, `told.some(({ type }) => type === "plan")`);
    await changes(page, "train-kl", red);
    assertEquals(await text(page, "train-beta-value"), "16");
    await steps(page, 40);
    await set(page, "train-beta", 0);
    await until(page, `told.filter(({ type }) => type === "plan").length > 1`);
    await page.click("#train-pause");
    await until(page, `told.at(-1).type === "pause"`);
    const { plan, step } = await page.evaluate<{ plan: Plan; step: number }>(
      `({
        plan: told.findLast(({ type }) => type === "plan").plan,
        step: told.findLast(({ type }) => type === "snapshot").snapshot.step,
      })`,
    );
    assertEquals(plan.events.map(({ beta }) => beta), [16, 0]);
    assertEquals([plan.seed, plan.latentDim, plan.beta], [7, 4, 1]);
    assertGreater(plan.events[0].step, 9);
    // How far it came before the pause depends on the machine.
    const epoch = 1 + Math.floor(step / STEPS_PER_EPOCH);
    await eventually(async () =>
      assertEquals(
        await text(page, "train-status"),
        `Paused in epoch ${epoch} of 20, after ${step} steps.`,
      )
    );
    const expected = await fingerprint(page);
    const done = { ...plan, stopped: step };
    assertEquals(await fingerprintHere(done), expected);

    await page.reload();
    await ready(page);
    await listen(page, done);
    await page.click("#train");
    await until(page, `told.at(-1)?.type === "pause"`);
    assertEquals(await fingerprint(page), expected);
  },
);

browserTest(
  "explorer: a run is paused, goes step by step, and forks from an epoch",
  async (page) => {
    await listen(page);
    await page.locator("#train-dim").selectOption("2");
    await page.click("#train");
    await until(page, `told.some((report) => report.snapshot?.step === 94)`);
    await page.locator("#train-step").press("Enter");
    const before = await eventually(async () => {
      const status = await text(page, "train-status");
      assertMatch(status, /^Paused /);
      return status;
    });
    assertEquals(await text(page, "train-pause"), "Continue");
    const first = await fingerprint(page);
    await page.locator("#train-step").press("Enter");
    await eventually(async () => {
      const step = (status: string) => Number(/(\d+) steps/.exec(status)![1]);
      assertEquals(
        step(await text(page, "train-status")),
        step(before) + 1,
      );
      assertNotEquals(await fingerprint(page), first);
    });

    const { red } = await canvas(page, "train-samples");
    // Back to the end of an epoch by a click, then to the beginning by key.
    const { width, height } = (await page.locator("#train-curves")
      .boundingBox())!;
    await page.locator("#train-curves").click({
      position: { x: 44 + (width - 58) / 20, y: height / 2 },
    });
    await eventually(async () =>
      assertMatch(await text(page, "train-status"), /^As it was after epoch 1/)
    );
    await page.locator("#train-epoch").press("Home");
    await eventually(async () =>
      assertMatch(await text(page, "train-status"), /^As it was after epoch 0/)
    );
    await page.locator("#train-epoch").press("ArrowRight");
    await eventually(async () =>
      assertEquals(
        await text(page, "train-status"),
        "As it was after epoch 1 of 20, at β 1.",
      )
    );
    await changes(page, "train-samples", red);
    assertMatch(await text(page, "train-in-use"), /^[012] of 2 numbers in use/);

    await page.locator("#train-beta").press("End");
    assertEquals(await text(page, "train-fork"), "Fork from epoch 1 with β 16");
    await page.click("#train-fork");
    await until(page, `told.some(({ run, view }) => run === 2 && view)`);
    const step = await page.evaluate<number>(
      `told.find(({ run, view }) => run === 2 && view).view.step`,
    );
    assertGreater(step, 94);
    assertEquals(await page.locator("#train-before").isVisible(), true);
    await page.locator("#train-pace").selectOption("2");
    await page.click("#explore-trained");
    await eventually(async () =>
      assertMatch(await text(page, "description"), /1 epoch,.*β 1,/)
    );
  },
);

browserTest(
  "explorer: a run that is over goes on, and says what held-out digits cost",
  async (page) => {
    const plan: Plan = {
      ...{ seed: 0, latentDim: 2, beta: 1, likelihood: "mse", classCount: 0 },
      ...{ epochs: 2, events: [], stopped: null },
    };
    // Shorter than the page thinks, which is told that it has ended.
    await listen(page, plan);
    await page.locator("#train-dim").selectOption("2");
    const isMain = (id: string) =>
      page.evaluate<boolean>(
        `document.getElementById("${id}").classList.contains("main")`,
      );
    assertEquals(await isMain("train"), true);
    await page.click("#train");
    await until(page, `told.at(-1)?.type === "end"`);
    assertEquals([await isMain("train"), await isMain("train-pause")], [
      false,
      true,
    ]);
    await eventually(async () =>
      assertEquals(await text(page, "train-pause"), "10 more epochs")
    );
    assertEquals(await page.locator("#train-step").isDisabled(), true);
    assertMatch(await text(page, "train-beta-help"), /^The run is over\./);
    const { total, reconstruction, kl } = await page.evaluate<Losses>(
      `told.findLast(({ snapshot }) => snapshot).snapshot.checkpoint.history
        .at(-1).validation`,
    );
    const [error, nats, loss] = [reconstruction, kl, total]
      .map((value) => value.toFixed(1));
    assertMatch(
      await text(page, "train-numbers"),
      new RegExp(
        `after epoch 2: error ${error}, KL ${nats} nats, loss ${loss} \\(β = 1\\).$`,
      ),
    );
    assertMatch(
      await text(page, "train-in-use"),
      new RegExp(`^[012] of 2 numbers in use, KL ${nats} nats\\.$`),
    );
    await page.locator("#language").selectOption("de");
    assertMatch(
      await text(page, "train-numbers"),
      new RegExp(`Verlust ${loss.replace(".", ",")} `),
    );
    await set(page, "train-beta", 0);
    await page.click("#train-pause");
    await until(page, `told.some(({ run, view }) => run === 2 && view)`);
    const { step, before } = await page.evaluate<
      { step: number; before: boolean }
    >(`({
      step: told.find(({ run, view }) => run === 2 && view).view.step,
      before: document.getElementById("train-before").hidden,
    })`);
    assertGreater(step, 2 * STEPS_PER_EPOCH);
    assertEquals(before, true);
    assertEquals(await text(page, "train-pause"), "Anhalten");
    await page.click("#train-pause");
  },
);

browserTest(
  "explorer: β, the bars and the samples are on one screen",
  async (page) => {
    await page.setViewportSize({ width: 1280, height: 720 });
    await listen(page);
    await page.click("#train");
    await steps(page, 10);
    await page.click("#train-pause");
    await page.locator("#train-samples").evaluate((canvas) =>
      canvas.scrollIntoView({ block: "end" })
    );
    const ids = ["beta", "pause", "numbers", "curves", "kl", "map", "samples"];
    for (const id of ids) {
      const { y, height } = (await page.locator(`#train-${id}`).boundingBox())!;
      assertGreater(y, -1, id);
      assertLess(y + height, 721, id);
    }
    const bar = (await page.locator(".watched").boundingBox())!;
    const chart = (await page.locator("#train-curves").boundingBox())!;
    assertLess(bar.y + bar.height, chart.y + 1);
  },
);

browserTest(
  "explorer: a reader who wants stillness sees epochs, and in slow motion steps",
  async (page) => {
    await listen(page);
    await page.locator("#train-dim").selectOption("2");
    await page.click("#train");
    await until(page, `told.some(({ type }) => type === "snapshot")`);
    const { red } = await canvas(page, "train-kl");
    await steps(page, 20);
    assertEquals((await canvas(page, "train-kl")).red, red);
    assert(
      await page.evaluate(`told.every(({ snapshot }) => !snapshot?.step)`),
    );
    await page.locator("#train-pace").selectOption("10");
    await changes(page, "train-kl", red);
  },
  { reducedMotion: "reduce" },
);
