/** Fingers on the explorer: what draws, what moves, and what only scrolls. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import type { CDPSession, Page } from "playwright-core";
import {
  browserTest,
  canvas,
  digit,
  eventually,
  latents,
  MIDDLE,
  moved,
} from "./explorer_driver.ts";

const PHONE = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
};

type Place = readonly [number, number];

/** Touches the screen as fingers do, in the page's CSS pixels. */
class Fingers {
  constructor(readonly page: Page, readonly session: CDPSession) {}

  static async on(page: Page): Promise<Fingers> {
    return new Fingers(page, await page.context().newCDPSession(page));
  }

  /** Says where all fingers are now, by their numbers. */
  async send(
    type: "touchStart" | "touchMove" | "touchEnd",
    places: Readonly<Record<number, Place>>,
  ): Promise<void> {
    await this.session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: Object.entries(places)
        .map(([id, [x, y]]) => ({ x, y, id: Number(id) })),
    });
  }

  /** Moves one finger from a place to another, with pauses as a hand has. */
  async swipe([x, y]: Place, [toX, toY]: Place): Promise<void> {
    await this.send("touchStart", { 0: [x, y] });
    for (let step = 1; step <= 10; step++) {
      const t = step / 10;
      await this.send("touchMove", {
        0: [x + t * (toX - x), y + t * (toY - y)],
      });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await this.send("touchEnd", {});
  }
}

/** The middle of an element's part that is seen, below what sticks above it. */
async function middleOf(page: Page, selector: string): Promise<Place> {
  const element = page.locator(selector).first();
  await element.evaluate((node: { scrollIntoView(how: object): void }) =>
    node.scrollIntoView({ block: "center" })
  );
  // A page that was swiped glides on for a while.
  const { x, y, width, height } = await eventually(async () => {
    const before = await element.boundingBox();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const box = await element.boundingBox();
    assertEquals(box, before);
    return box!;
  });
  return [x + width / 2, y + height / 2];
}

const scrollOf = (page: Page) => page.evaluate<number>("scrollY");

browserTest(
  "explorer: one finger draws at a time, and a tap is a dot",
  async (page) => {
    const fingers = await Fingers.on(page);
    const [x, y] = await middleOf(page, "#pad");
    await fingers.send("touchStart", { 0: [x - 60, y - 60] });
    // A second finger and a palm lie down, and stay.
    await fingers.send("touchStart", {
      0: [x - 60, y - 60],
      1: [x + 90, y + 90],
    });
    for (let step = 0; step <= 6; step++) {
      await fingers.send("touchMove", {
        0: [x - 60, y - 60 + 20 * step],
        1: [x + 90, y + 90 - step],
      });
    }
    await fingers.send("touchEnd", {});
    await moved(page, MIDDLE);
    const { width, red, ink } = await padInk(page);
    assertGreater(ink.length, 0);
    for (const at of ink) {
      // One stroke, on the left: nothing leads to the other finger.
      assertLess(at % width, width / 2, `ink at ${at} of ${red.length}`);
    }

    await page.locator("#pad-clear").click();
    await eventually(async () => assertEquals((await padInk(page)).ink, []));
    const middle = await middleOf(page, "#pad");
    await fingers.send("touchStart", { 0: middle });
    await fingers.send("touchEnd", {});
    await eventually(async () => {
      const dot = (await padInk(page)).ink;
      assertGreater(dot.length, 200);
      assertLess(dot.length, 500);
      assertGreater(Math.max(...await digit(page, "pad-input")), 200);
    });
  },
  PHONE,
);

/** Where the pad has ink. */
async function padInk(page: Page) {
  const text = await page.evaluate<string>(`(() => {
    const pad = document.getElementById("pad");
    const { data } = pad.getContext("2d")
      .getImageData(0, 0, pad.width, pad.height);
    let text = "";
    for (let i = 3; i < data.length; i += 4) text += data[i] > 99 ? "1" : "0";
    return text;
  })()`);
  const ink = [...text].flatMap((bit, at) => bit === "1" ? [at] : []);
  return { width: 280, red: text, ink };
}

browserTest(
  "explorer: a thumb scrolls over sliders and digits, and moves nothing",
  async (page) => {
    const fingers = await Fingers.on(page);
    for (const selector of ["#sliders input", "#manifold"]) {
      const [x, y] = await middleOf(page, selector);
      const before = await scrollOf(page);
      await fingers.swipe([x + 40, y], [x + 42, y - 200]);
      await eventually(async () =>
        assertGreater(await scrollOf(page), before + 50)
      );
      assertEquals(await latents(page), MIDDLE, selector);
    }
    // Along the slider it is the slider that moves.
    const [x, y] = await middleOf(page, "#sliders input");
    await fingers.swipe([x, y], [x + 60, y]);
    await moved(page, MIDDLE);
    // A tap goes where it is.
    const before = await latents(page);
    const { red } = await canvas(page, "digit");
    const [right, down] = await middleOf(page, "#manifold");
    await fingers.send("touchStart", { 0: [right + 60, down] });
    await fingers.send("touchEnd", {});
    await moved(page, before);
    await eventually(async () =>
      assertEquals(
        String((await canvas(page, "digit")).red) === String(red),
        false,
      )
    );
  },
  PHONE,
);
