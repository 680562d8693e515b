/** The state of the explorer's page in the hash of its address. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import {
  decodeLink,
  digestOf,
  encodeLink,
  type LinkState,
} from "../lib/explorer/page/link.ts";
import { priorSample } from "../lib/model/prior.ts";
import {
  assertDecodes,
  browserTest,
  eventually,
  latents,
  MIDDLE,
  moved,
  ready,
  slide,
  STEP,
} from "./explorer_driver.ts";
import { randomModel } from "./exported.ts";

/** Numbers from 0 to 1, the same in each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return (Math.imul(state ^ state >>> 12, 0x297a2d39) >>> 0) / 2 ** 32;
  };
}

/** Any state that a page may be in. */
function anyState(seed: number): LinkState {
  const next = chance(seed);
  const whole = (end: number) => Math.floor(next() * end);
  const maybe = <T>(value: T) => next() < 0.6 ? value : undefined;
  const latentDim = 1 + whole(64);
  const point = () => [...priorSample(1, latentDim, whole(1e6), 2)];
  const steps = new Set(Array.from({ length: whole(20) }, () => whole(2000)));
  const state: LinkState = {
    model: maybe(digestOf(priorSample(1, 8, seed))),
    z: maybe(point()),
    picture: maybe(whole(200)),
    roll: maybe(whole(1000)),
    label: maybe(whole(256)),
    across: maybe(whole(latentDim)),
    up: maybe(whole(latentDim)),
    a: maybe(point()),
    b: maybe(point()),
    temperature: maybe(whole(41) / 20),
    seed: maybe(whole(2 ** 32)),
    only: maybe(whole(256)),
    language: maybe(["en", "de", "pt-br"][whole(3)]),
    lesson: maybe(1 + whole(6)),
    run: maybe({
      seed: whole(2 ** 32),
      latentDim: 1 + whole(64),
      beta: next() * 10 ** (whole(9) - 6),
      likelihood: maybe("bce" as const) ?? "mse",
      classCount: 10 * whole(2),
      epochs: 1 + whole(50),
      events: [...steps].sort((a, b) => a - b)
        .map((step) => ({ step, beta: next() * 10 })),
      stopped: maybe(whole(2000)) ?? null,
    }),
  };
  return Object.fromEntries(
    Object.entries(state).filter(([, value]) => value !== undefined),
  );
}

/** Points in thousandths, as a link has them. */
function rounded(state: LinkState): LinkState {
  const points = Object.entries(state)
    .filter(([name]) => ["z", "a", "b"].includes(name))
    .map(([name, z]) => [
      name,
      (z as number[]).map((value) => Math.round(value * 1000) / 1000 + 0),
    ]);
  return { ...state, ...Object.fromEntries(points) };
}

/** Whether all that was read may be used without another look. */
function assertSane(state: LinkState): void {
  const { z = [], a = [], b = [], label = 0, seed = 0, run } = state;
  for (const point of [z, a, b]) {
    assert(point.length <= 512 && point.every((x) => Math.abs(x) <= 1e6));
  }
  assert(label >= 0 && label < 256 && Number.isInteger(label));
  assert(seed >= 0 && seed < 2 ** 32 && Number.isInteger(seed));
  if (!run) return;
  assert(run.epochs >= 1 && run.epochs <= 1000 && run.latentDim <= 64);
  assert(run.beta >= 0 && run.beta <= 1e4 && run.events.length <= 4000);
}

const FULL: LinkState = {
  model: "3f9a12bc",
  z: [0, 1.2, -0.86],
  picture: 3,
  roll: 12,
  label: 7,
  across: 2,
  up: 6,
  a: [1, 2, 3],
  b: [-1, -2, -3],
  temperature: 0.8,
  seed: 5,
  only: 4,
  language: "de",
  lesson: 3,
  run: {
    ...{ seed: 7, latentDim: 8, beta: 1, likelihood: "bce", classCount: 10 },
    ...{ epochs: 20, events: [{ step: 300, beta: 4 }], stopped: 900 },
  },
};
const FULL_HASH =
  "#m=3f9a12bc&z=0,1.2,-0.86&p=4&r=12&c=7&x=3&y=7&a=1,2,3&b=-1,-2,-3" +
  "&t=0.8&s=5&only=4&lang=de&lesson=3&run=seed:7,dim:8,beta:1,loss:bce,classes:10," +
  "epochs:20,300:4,stop:900&v=1";

Deno.test("encodeLink() writes what a person can read, and an address hold", () => {
  assertEquals(encodeLink(FULL), FULL_HASH);
  const address = new URL("https://example.org/explorer.html" + FULL_HASH);
  assertEquals(address.hash, FULL_HASH);
});

Deno.test("encodeLink() leaves out what is as usual", () => {
  const usual = { z: [0, 0.0001, -0], across: 2, up: 0, seed: 1 };
  const state = { z: [0, 0, 0], across: 2, up: 1, seed: 2 };
  assertEquals(encodeLink(state, usual), "#y=2&s=2&v=1");
});

Deno.test("decodeLink() reads back any state that encodeLink() writes", () => {
  for (let seed = 0; seed < 500; seed++) {
    const state = anyState(seed);
    const hash = encodeLink(state);
    assertEquals(
      decodeLink(hash),
      { state: rounded(state), unread: [], doubt: null },
      hash,
    );
    // As some programs send it on.
    const escaped = hash.replaceAll(",", "%2C").replaceAll(":", "%3A");
    assertEquals(decodeLink(escaped), decodeLink(hash));
  }
});

Deno.test("decodeLink() takes a hash written by hand, and leaves others alone", () => {
  assertEquals(decodeLink("#lesson=3"), {
    ...{ state: { lesson: 3 }, unread: [], doubt: null },
  });
  for (const hash of ["", "#", "#main", "#h-train", "#a-b", "#utm=3"]) {
    assertEquals(decodeLink(hash), null, hash);
  }
});

Deno.test("decodeLink() names what it cannot read, and keeps the rest", () => {
  const unreadable = {
    m: ["3F9A12BC", "3f9a12b", "../../x"],
    z: ["", "NaN", "1,,2", "Infinity", "1e999", "0x10", "1;2", "2000000"],
    c: ["-1", "256", "1.5", "NaN", "99999999999999999999"],
    p: ["0", "100001", "1.5"],
    r: ["-1", "1000001"],
    x: ["0", "513", "two"],
    a: [Array(513).fill(1).join(), "1,2,", "<script>"],
    t: ["2.01", "-1", "1e400", "--1"],
    s: ["4294967296", "-1", "1.5", "1e3"],
    lang: ["de_DE", "x".repeat(99), "<b>"],
    lesson: ["0", "7", "constructor"],
    run: [
      "",
      "seed:1",
      ...[
        "dim:0",
        "dim:65",
        "classes:5",
        "beta:NaN",
        "loss:l1",
        "epochs:1001",
        "epochs:0.5",
        "300:4,300:5",
        "300:4,200:5",
        "stop:x",
        "speed:9",
        "300:4:5",
        Array.from({ length: 4001 }, (_, i) => `${i}:1`).join(),
      ].map((more) =>
        `seed:1,dim:8,beta:1,loss:bce,classes:0,epochs:20,${more}`
      ),
    ],
  };
  for (const [key, values] of Object.entries(unreadable)) {
    for (const value of values) {
      const reading = decodeLink(`#only=3&${key}=${value}&v=1`);
      assertEquals(
        reading,
        { state: { only: 3 }, unread: [key], doubt: null },
        `${key}=${value}`.slice(0, 99),
      );
    }
  }
});

Deno.test("decodeLink() tells a link that was cut, is too long or newer", () => {
  for (let length = 12; length < FULL_HASH.length; length++) {
    const { doubt, state } = decodeLink(FULL_HASH.slice(0, length))!;
    assertEquals(doubt, "cut");
    assertSane(state);
  }
  assertEquals(decodeLink("#z=1&v=2")?.doubt, "newer");
  const long = decodeLink("#z=" + "1,".repeat(5e6));
  assertEquals(long, { state: {}, unread: [], doubt: "long" });
});

Deno.test("decodeLink() makes of any text a state that is safe, or none", () => {
  const next = chance(1);
  const alphabet = [..."0123456789.,:-&=%#eabzstxymv NaN\u0000é💥"];
  for (let trial = 0; trial < 1000; trial++) {
    const characters = [...encodeLink(anyState(trial % 100))];
    const changes = 1 + Math.floor(next() * 8);
    for (let i = 0; i < changes; i++) {
      characters.splice(
        Math.floor(next() * characters.length),
        Math.floor(next() * 3),
        alphabet[Math.floor(next() * alphabet.length)],
      );
    }
    const reading = decodeLink(characters.join(""));
    if (reading) assertSane(reading.state);
  }
});

Deno.test("digestOf() differs for weights that differ in a bit", () => {
  const weights = priorSample(1, 1000, 0);
  const digests = new Set([digestOf(weights), digestOf(weights.slice(1))]);
  for (let bit = 0; bit < 32; bit++) {
    const other = weights.slice();
    new Uint32Array(other.buffer)[31 * bit] ^= 1 << bit;
    digests.add(digestOf(other));
  }
  assertEquals(digests.size, 34);
  assert([...digests].every((digest) => /^[0-9a-f]{8}$/.test(digest)));
  assertEquals(digestOf(weights.slice()), digestOf(weights));
});

/** Opens an address in a browser that knows nothing. */
async function openLink(page: Page, address: string): Promise<Page> {
  const context = await page.context().browser()!.newContext();
  const other = await context.newPage();
  await other.goto(address);
  await ready(other);
  return other;
}

/** The address once it holds the page's state, `hash` among it. */
function addressWith(page: Page, hash: RegExp): Promise<string> {
  return eventually(() => {
    assertMatch(page.url(), hash);
    return Promise.resolve(page.url());
  });
}

/** Holds each slider against the number beside it. */
async function assertAgrees(page: Page): Promise<void> {
  await eventually(async () => {
    const rows: [string, string][] = await page.evaluate(`
      [...document.querySelectorAll("#sliders input, #temperature")]
        .map((input) => [input.value, (input.nextElementSibling ??
          input.parentElement.nextElementSibling).value])`);
    for (const [value, shown] of rows) {
      assertEquals(shown.replace("−", "-"), Number(value).toFixed(2));
    }
  });
}

const note = (page: Page) => page.locator("#link-note").textContent();

/** What two pages that show the same have in common. */
async function shown(page: Page): Promise<unknown[]> {
  const values = ["map-x", "map-y", "temperature", "sample-seed", "language"];
  return [
    await page.evaluate(`["digit", "strip", "map", "manifold"]
      .map((id) => document.getElementById(id).toDataURL())`),
    ...await Promise.all(
      values.map((id) => page.locator(`#${id}`).inputValue()),
    ),
    await page.evaluate(`[...document.querySelectorAll("#samples canvas")]
      .map((canvas) => canvas.toDataURL())`),
    await latents(page),
  ];
}

browserTest(
  "explorer: a link shows the same in another browser",
  async (page) => {
    await page.locator("#map-x").selectOption("2");
    await page.locator("#map-y").selectOption("2");
    await slide(page, 0, 1.5);
    await slide(page, 2, -0.75);
    await page.click("#set-a");
    await slide(page, 0, -1);
    await page.click("#new-samples");
    await page.locator("#temperature").fill("0.6");
    await page.locator("#language").selectOption("de");
    const address = await addressWith(page, /&lang=de&v=1$/);
    const [, hash] = address.split("#");
    assertMatch(
      hash,
      /^m=[0-9a-f]{8}&z=-1,0,-0.75,0&x=3&y=3&a=1.5,0,-0.75,0&t=0.6&s=2&lang=de/,
    );
    const other = await openLink(page, address);
    assertEquals(
      await note(other),
      "Gezeigt wie im Link: der Punkt im latenten Raum, die Achsen der Karte, " +
        "der Weg von A nach B, die Stichproben.",
    );
    await eventually(async () =>
      assertEquals(await shown(other), await shown(page))
    );
    // A link to follow while the page is open; and one by hand, of which all
    // that it does not name is as at first.
    await other.evaluate(`location.hash = "z=0,0,0,2&s=7"`);
    await eventually(async () => {
      assertEquals(await latents(other), [0, 0, 0, 2]);
      assertEquals(await other.locator("#sample-seed").inputValue(), "7");
      assertEquals(await other.locator("#temperature").inputValue(), "1");
      assertEquals(await other.locator("#language").inputValue(), "en");
    });
    await assertAgrees(other);
    await other.context().close();
  },
);

browserTest("explorer: a seed draws its samples again", async (page) => {
  const samples = () => shown(page).then((all) => String(all.at(-2)));
  const first = await samples();
  const seed = page.locator("#sample-seed");
  await seed.fill("7");
  await seed.press("Enter");
  await eventually(async () => assertNotEquals(await samples(), first));
  await seed.fill("-3");
  await seed.press("Enter");
  assertEquals(await seed.inputValue(), "7");
  await seed.fill("1");
  await seed.press("Enter");
  await eventually(async () => assertEquals(await samples(), first));
});

browserTest(
  "explorer: after a reload, and on the way back, controls agree with the model",
  async (page) => {
    const unnamed = await page.evaluate(`[...document.querySelectorAll(
      "button, input, select, textarea")]
      .filter((control) => control.getAttribute("autocomplete") !== "off" &&
        !control.closest("#samples, #legend")).length`);
    assertEquals(unnamed, 0);
    await slide(page, 1, -0.86);
    await page.locator("#temperature").fill("1.4");
    await page.locator("#train-dim").selectOption("2");
    const address = await addressWith(page, /z=0,-0.86,0,0&t=1.4&v=1$/);
    const leave = [
      () => page.reload(),
      async () => {
        await page.goto("about:blank");
        await page.goBack();
      },
    ];
    for (const away of leave) {
      await away();
      await ready(page);
      assertEquals(page.url(), address);
      await eventually(async () =>
        assertEquals(await latents(page), [0, -0.86, 0, 0])
      );
      assertEquals(await page.locator("#temperature").inputValue(), "1.4");
      assertEquals(await page.locator("#train-dim").inputValue(), "8");
      await assertAgrees(page);
      await assertDecodes(page, "digit", [0, -0.86, 0, 0]);
    }
  },
);

browserTest(
  "explorer: a link that is damaged, or of another model, says so and does no harm",
  async (page) => {
    const hostile: [hash: string, says: RegExp, z: number[]][] = [
      ["#z=1,2,3,1&t=NaN&v=1", /cannot be shown here: t\.$/, [1, 2, 3, 1]],
      ["#m=00000000&z=1,2&v=1", /another model.* here: z\.$/, MIDDLE],
      ["#m=00000000&z=1,2,0,0&v=1", /another model/, [1, 2, 0, 0]],
      ["#z=1,2,3,99&x=5&c=3&a=1&v=1", /here: z, c, x, a\.$/, MIDDLE],
      ["#m=00000000&z=1,2,3,1&s=4", /end of the link is missing/, [1, 2, 3, 1]],
      ["#z=1,0,0,0&v=9", /another version/, [1, 0, 0, 0]],
      ["#z=" + "1,".repeat(40_000), /longer than any/, MIDDLE],
      ["#z=%00%ff%E0%A4%A&lang=constructor&v=1", /here: z, lang\.$/, MIDDLE],
      ["#lang=xx&lesson=9&v=1", /here: lesson, lang\.$/, MIDDLE],
      ["#lang=fr&r=3&v=1", /here: lang, r\.$/, MIDDLE],
    ];
    for (const [hash, says, z] of hostile) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await eventually(async () => {
        assertMatch((await note(page))!.replaceAll("\n", " "), says);
        assertEquals(await latents(page), z, hash);
      });
      await assertAgrees(page);
    }
    // It is so for a page that begins with it, too.
    const address = page.url().replace(/#.*/, "#z=1,2&x=99&v=1");
    const other = await openLink(page, address);
    assertMatch((await note(other))!, /here: z, x\.$/);
    assertEquals(await latents(other), MIDDLE);
    // An anchor is none of ours.
    await slide(other, 0, 1);
    await other.evaluate(`location.hash = "h-map"`);
    assertEquals(await latents(other), [1, 0, 0, 0]);
    await other.context().close();
  },
);

browserTest(
  "explorer: the link is copied, or stands selected in a field",
  async (page) => {
    await slide(page, 3, 0.5);
    await page.evaluate(`navigator.clipboard.writeText =
      (text) => { globalThis.copied = text; return Promise.resolve(); }`);
    await page.click("#copy-link");
    const copied = await page.evaluate<string>("globalThis.copied");
    assertMatch(copied, /^file:.*#m=[0-9a-f]{8}&z=0,0,0,0.5&v=1$/);
    assertEquals(page.url(), copied);
    assertMatch((await note(page))!, /^The link is copied/);
    assertEquals(await page.locator("#link-field").isVisible(), false);

    await page.evaluate(`navigator.clipboard.writeText =
      () => Promise.reject(new Error("denied"))`);
    await page.click("#copy-link");
    const field = page.getByLabel("Link to what is shown");
    assertEquals(await field.inputValue(), copied);
    assertEquals(await page.evaluate("String(getSelection())"), copied);
    assertMatch((await note(page))!, /^Copy the link from the field/);
    // It is another when something else is shown.
    await slide(page, 3, 0.6);
    assertEquals([await note(page), await field.isVisible()], ["", false]);
  },
);

browserTest(
  "explorer: the address changes seldom while a slider moves",
  async (page) => {
    const changes = await page.evaluate<number>(`(async () => {
      let changes = 0;
      const { replaceState } = history;
      history.replaceState = function (...to) {
        changes++;
        return replaceState.apply(history, to);
      };
      const slider = document.querySelector("#sliders input");
      for (let i = 0; i < 60; i++) {
        slider.value = i / 20;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise(requestAnimationFrame);
      }
      return changes;
    })()`);
    assertGreater(changes, 0);
    // 60 moves; each half second may have one.
    assertLess(changes, 30);
    await addressWith(page, /2\.95/);
  },
);

browserTest("explorer: arrow keys go from sample to sample", async (page) => {
  const focused = () =>
    page.evaluate<string>("document.activeElement.ariaLabel");
  await page.locator("#samples button").first().focus();
  const path: [key: string, number: number][] = [
    ...[["ArrowRight", 2], ["ArrowDown", 14], ["ArrowLeft", 13]] as const,
    ...[["End", 24], ["ArrowRight", 24], ["ArrowUp", 12]] as const,
    ...[["Home", 1], ["ArrowUp", 1], ["ArrowRight", 2]] as const,
  ].map(([key, number]) => [key, number]);
  for (const [key, number] of path) {
    await page.keyboard.press(key);
    assertEquals(await focused(), `Go to sample ${number}`);
  }
  await page.keyboard.press("Enter");
  const z = await moved(page, MIDDLE);
  await assertDecodes(page, "digit", z, STEP);
  // All of them are one stop on the way by Tab, and it is the last one.
  await page.keyboard.press("Tab");
  assertEquals(
    await page.evaluate("document.activeElement.id"),
    "new-samples",
  );
  await page.keyboard.press("Shift+Tab");
  assertEquals(await focused(), "Go to sample 2");
});

browserTest(
  "explorer: a run in a link is trained again when asked for, to the same weights",
  async (page) => {
    await page.locator("#train-dim").selectOption("2");
    await page.click("#train");
    await eventually(async () =>
      assertMatch(
        (await page.locator("#train-status").textContent())!,
        /^Epoch 1 /,
      )
    );
    await page.locator("#train-beta").fill("14");
    await page.waitForTimeout(300);
    await page.click("#train-pause");
    // It rests: what is explored is what the link can make again.
    await addressWith(page, /&run=seed:0,dim:2,[^&]*,\d+:3,stop:\d+&v=1$/);
    await page.click("#explore-trained");
    await eventually(async () => assertEquals(await latents(page), [0, 0]));
    await slide(page, 1, -1.25);
    const address = await addressWith(page, /&z=0,-1.25&run=/);
    const digest = address.match(/#m=(\w{8})/)![1];

    const other = await openLink(page, address);
    assertMatch((await note(other))!, /replay its run/);
    assertMatch(
      (await other.locator("#link-plan").textContent())!,
      /^The link holds a training run: 2 numbers in z, β 1, from step \d+ on β 3; stopped at step \d+, seed 0\./,
    );
    await other.evaluate(`navigator.clipboard.writeText =
      (text) => { globalThis.copied = text; return Promise.resolve(); }`);
    await other.click("#copy-link");
    assertEquals(await other.evaluate("globalThis.copied"), address);
    assertEquals(other.url(), address);
    assertEquals(await other.locator("#training").isVisible(), false);
    assertEquals(await latents(other), MIDDLE);
    await other.getByRole("button", { name: "Replay the run" }).click();
    assertEquals(await other.locator("#link-run").isVisible(), false);
    await eventually(async () =>
      assertEquals(
        await other.locator("#train-pause").textContent(),
        "Continue",
      )
    );
    await eventually(async () =>
      assertEquals(
        await note(other),
        "The run has come to the same weights as in the link.",
      )
    );
    const labels = () =>
      other.evaluate(`["train-curves", "train-map"]
        .map((id) => document.getElementById(id).ariaLabel)`);
    const before = await labels();
    await other.click("#link-explore");
    await eventually(async () =>
      assertEquals(await latents(other), [0, -1.25])
    );
    assertEquals(await labels(), before);
    assertEquals(await other.locator("#link-explore").isVisible(), false);
    await eventually(async () => assertEquals(await note(other), ""));
    await slide(other, 0, 0.5);
    const reached = await addressWith(other, /&z=0.5,-1.25&run=/);
    assertEquals(reached, address.replace("z=0,", "z=0.5,"));
    assertMatch(reached, new RegExp(`#m=${digest}&`));
    await other.context().close();
  },
);

browserTest(
  "explorer: a link tells of the draw from a picture",
  async (page) => {
    for (let i = 0; i < 2; i++) await page.click("#from-another");
    for (let i = 0; i < 3; i++) await page.click("#from-roll");
    const other = await openLink(page, await addressWith(page, /&p=3&r=5&/));
    const strip = (on: Page) =>
      on.evaluate(`[
        ...["from-original", "from-reconstruction"]
          .map((id) => document.getElementById(id).toDataURL()),
        ...["from-caption", "from-formula"]
          .map((id) => document.getElementById(id).textContent),
      ]`);
    await eventually(async () =>
      assertEquals(await strip(other), await strip(page))
    );
    // The point in a link is rounded to thousandths.
    assertEquals(await latents(other), await latents(page));
    await other.click("#from-mean");
    await addressWith(other, /&p=3&v=1$/);
    await other.context().close();
  },
);

browserTest(
  "explorer: a run in a link can be replayed whatever was trained before",
  async (page) => {
    const follow = (run: string) =>
      page.evaluate(`location.hash = "run=${run}&v=1"`);
    const replay = page.locator("#link-replay");
    const beta = page.locator("#train-beta-value");
    const rests = (step: number) =>
      addressWith(page, new RegExp(`,stop:${step}&v=1$`));
    await page.locator("#train-dim").selectOption("2");
    await page.locator("#train-seed").fill("9007199254740991");
    await page.locator("#train-beta").fill("0");
    await follow(
      "seed:3,dim:3,beta:1,loss:mse,classes:0,epochs:1,1:8,stop:3",
    );
    await page.click("#train");
    // A link can tell of this seed.
    await addressWith(page, /&run=seed:4294967295,dim:2,beta:0,/);
    // The slider is ahead of the run, and the run of another one.
    await page.click("#train-pause");
    await page.locator("#train-beta").fill("12");
    await replay.click();
    await rests(3);
    assertMatch(page.url(), /&run=seed:3,dim:3,.*,1:8,stop:3&/);
    // The address was the link's from the beginning.
    await eventually(async () => assertEquals(await beta.textContent(), "8"));
    assertEquals(await replay.isVisible(), false);
    // What the page does not offer itself can be trained on from there.
    assertEquals(await page.locator("#train-dim").inputValue(), "3");
    await page.click("#train");
    await addressWith(page, /&run=seed:3,dim:3,beta:8,/);
    await page.click("#train-pause");

    // A run has not made each model that is explored beside it.
    await page.setInputFiles("#checkpoint-file", {
      ...{ name: "other.safetensors", mimeType: "" },
      buffer: Buffer.from(encodeCheckpoint(randomModel(2, "mse"))),
    });
    await eventually(async () => assertEquals(await latents(page), [0, 0]));
    await slide(page, 0, 1);
    await addressWith(page, /#m=[0-9a-f]{8}&z=1,0&v=1$/);
  },
);
