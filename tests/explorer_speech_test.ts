/** What a screen reader is told while the explorer's page is used. */
import { assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest, eventually } from "./explorer_driver.ts";

/** All that is read out unasked: HTML's `output` and ARIA's live roles are, too. */
const LIVE = "[aria-live], output, [role=status], [role=alert], [role=log], " +
  "[role=timer], [role=marquee]";

/** Follows what regions are read out, each time that they change. */
const LISTEN = `
  globalThis.heard = [];
  globalThis.regionOf = (element) => {
    const region = element?.closest("${LIVE}");
    return region && region.getAttribute("aria-live") !== "off" ? region : null;
  };
  new MutationObserver((records) => {
    const regions = new Set(records.map(({ target }) =>
      regionOf(target.nodeType === 1 ? target : target.parentElement)));
    for (const region of regions) {
      const text = region?.textContent.trim();
      if (text) heard.push(text);
    }
  }).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true,
  });`;

/** What is read out while something is done, and until it is said. */
async function heard(
  page: Page,
  act: () => Promise<void>,
  milliseconds = 1000,
): Promise<string[]> {
  await page.evaluate("heard.length = 0");
  await act();
  await page.waitForTimeout(milliseconds);
  return await page.evaluate("heard");
}

browserTest(
  "speech: one line is read out, once for each thing that is done",
  async (page) => {
    await page.evaluate(LISTEN);
    assertEquals(
      await page.evaluate(`[...document.querySelectorAll("${LIVE}")]
        .filter((element) => regionOf(element)).map(({ id }) => id)`),
      ["status"],
    );

    const random = await heard(page, () => page.click("#random"));
    assertEquals(random.length, 1, String(random));
    assertMatch(random[0], /^Drawn at random. The nearest picture is .* \d\.$/);

    const play = await heard(page, () => page.click("#play"), 3400);
    assertEquals(play, ["Arrived at B; the strip shows the way."]);

    // While a key is held down each is drawn, and the last one is said.
    await page.locator("#from-roll").focus();
    const rolls = await heard(page, async () => {
      for (let i = 0; i < 10; i++) await page.keyboard.down("Enter");
    });
    await page.keyboard.up("Enter");
    assertLessOrEqual(rolls.length, 3, String(rolls));
    assertEquals(rolls.at(-1), await page.textContent("#status"));
  },
);

browserTest(
  "speech: the map says where one is once one is there",
  async (page) => {
    await page.evaluate(LISTEN);
    await page.locator("#map").focus();
    const [x, y] = await Promise.all(
      ["#map-x", "#map-y"].map(async (id) =>
        `z${Number(await page.inputValue(id)) + 1}`
      ),
    );
    const said = await heard(page, async () => {
      for (const key of ["ArrowRight", "ArrowRight", "ArrowDown"]) {
        await page.keyboard.press(key);
      }
    });
    assertEquals(said.length, 1, String(said));
    assertMatch(
      said[0],
      new RegExp(
        `^${x} is 0.20, ${y} is −0.10. The nearest picture is of class \\d.$`,
      ),
    );
    await page.locator("#language").selectOption("de");
    await page.locator("#map").focus();
    const again = await heard(page, () => page.keyboard.press("ArrowLeft"));
    assertEquals(again.length, 1, String(again));
    assertMatch(
      again[0],
      new RegExp(
        `^${x} ist 0,10, ${y} ist −0,10. Das nächste Bild ist .*\\d.$`,
      ),
    );
    assertEquals(
      await page.getAttribute("#map", "aria-roledescription"),
      "Karte",
    );
  },
);

browserTest(
  "speech: a training says little, and sliders nothing but themselves",
  async (page) => {
    await page.evaluate(LISTEN);
    const said = await heard(page, async () => {
      await page.click("#train");
      await page.waitForSelector("#explore-trained:enabled");
    }, 3000);
    // That it has begun; and how it goes, some seconds apart.
    assertLessOrEqual(said.length, 2, String(said));
    await page.click("#train-pause");
    await page.waitForTimeout(300);
    for (
      const control of [
        "#train-beta",
        "#temperature",
        "#sliders input >> nth=0",
      ]
    ) {
      await page.locator(control).focus();
      const changed = await heard(
        page,
        () => page.keyboard.press("ArrowRight"),
        300,
      );
      assertEquals(changed, [], control);
    }
    assertMatch(
      await page.getAttribute("#train-beta", "aria-valuetext") ?? "",
      /^\d/,
    );
  },
);

browserTest(
  "speech: who wants stillness is at B at once, and is told so",
  async (page) => {
    await page.evaluate(LISTEN);
    const said = await heard(page, async () => {
      await page.click("#play");
      await eventually(async () =>
        assertMatch(await page.textContent("#status") ?? "", /Arrived at B/)
      );
    }, 200);
    assertEquals(said.length, 1);
    await page.click("#from-roll");
    assertEquals(await page.evaluate("document.getAnimations().length"), 0);
  },
  { reducedMotion: "reduce" },
);
