/** What the explorer's sliders say of what is seen to change, in Chromium. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
} from "@std/assert";
import type { Page } from "playwright-core";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { createEngine } from "../lib/engines.ts";
import { explorerHtml } from "../lib/explorer/explorer.ts";
import { nameDimensions, nameText } from "../lib/latent/named_dimensions.ts";
import { priorScale } from "../lib/latent/scale.ts";
import {
  browserTest,
  eventually,
  LATENT_DIM,
  open,
  trained,
} from "./explorer_driver.ts";

/** What stands beside the sliders, which are called so as well. */
async function said(page: Page): Promise<string[]> {
  const rows: [number, string, string][] = await page.evaluate(`
    [...document.querySelectorAll("#sliders .slider:not(.heads)")].map(
      (row) => [
        Number(row.querySelector("input").dataset.dim),
        row.querySelector(".change").textContent,
        row.querySelector("input").ariaLabel,
      ])`);
  for (const [, text, label] of rows) {
    assert(text ? label.endsWith(`, ${text}`) : !label.includes("R²"), label);
  }
  return rows.sort(([a], [b]) => a - b).map(([, text]) => text);
}

/** Says whether texts are the same, but for what the last digit is rounded to. */
function assertAlike(actual: string[], expected: string[]): void {
  const words = (texts: string[]) => texts.map((text) => text.split(", R² "));
  assertEquals(
    words(actual).map(([factor]) => factor),
    words(expected).map(([factor]) => factor),
  );
  words(actual).forEach(([, r2], i) => {
    if (r2) {
      assertAlmostEquals(Number(r2), Number(words(expected)[i][1]), 0.011);
    }
  });
}

type Decode = Parameters<typeof nameDimensions>[0];

async function expected(decode: Decode): Promise<string[]> {
  const names = await nameDimensions(decode, priorScale(LATENT_DIM));
  return names.map((name) => name ? nameText(name) : "");
}

browserTest(
  "explorer: sliders say what is seen to change, and nothing else",
  async (page) => {
    const { engine } = await open();
    const texts = await expected((z) => engine.decode(z));
    const first = texts.findIndex((text) => text !== "");
    assert(first >= 0 && texts.includes(""));
    await eventually(async () => assertAlike(await said(page), texts));

    const english = await said(page);
    await page.locator("#language").selectOption("de");
    const german = (await said(page))[first];
    assertNotEquals(german, texts[first]);
    assertEquals(
      german.split(", ")[1],
      english[first].split(", ")[1].replace(".", ","),
    );
  },
);

let conditional: ReturnType<typeof trained>;

browserTest(
  "explorer: sliders say what is seen to change in the class that is drawn",
  async (page) => {
    const { options, state } = await conditional;
    const engine = await createEngine(options, { engine: "wasm" });
    await engine.writeState(state);
    const [zeros, eights] = await Promise.all(
      [0, 8].map((label) =>
        expected((z) =>
          engine.decode(z, new Uint8Array(z.length / LATENT_DIM).fill(label))
        )
      ),
    );
    engine.dispose();
    assertNotEquals(zeros, eights);
    await eventually(async () => assertAlike(await said(page), zeros));
    await page.locator("#class").selectOption("8");
    await eventually(async () => assertAlike(await said(page), eights));
  },
  {
    of: async () => {
      conditional ??= trained({ latentDim: LATENT_DIM, classCount: 10 }, 1500);
      return await explorerHtml({
        weights: encodeWeights(await conditional),
        description: "a test",
        kl: [4, 3, 2, 1],
        mu: new Float32Array(),
        labels: null,
      });
    },
  },
);
