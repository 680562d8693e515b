/** Where things stand on the page, and what hides behind what. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { browserTest } from "./explorer_driver.ts";

/** Names the control in focus, and says whether something covers all of it. */
const FOCUSED = `(() => {
  const control = document.activeElement;
  const name = control.id || control.outerHTML.slice(0, 60);
  const { left, top, width, height } = control.getBoundingClientRect();
  for (let across = 0.1; across < 1; across += 0.2) {
    for (let down = 0.1; down < 1; down += 0.2) {
      const hit = document.elementFromPoint(
        left + across * width, top + down * height);
      if (hit && control.contains(hit)) return [name, false];
    }
  }
  return [name, true];
})()`;

browserTest("page: nothing covers what the keyboard is at", async (page) => {
  await page.click("#train");
  await page.waitForSelector("#explore-trained:enabled");
  await page.click("#train-pause");
  for (
    const [width, height] of [[720, 450], [320, 256], [390, 844]]
  ) {
    await page.setViewportSize({ width, height });
    // Below all controls of the sections.
    await page.locator("#h-teachers").focus();
    await page.keyboard.press("Shift+Tab");
    const covered: string[] = [];
    let count = 0;
    while (true) {
      const [name, isCovered] = await page.evaluate<[string, boolean]>(FOCUSED);
      if (isCovered) covered.push(name);
      if (name === "large-type") break;
      await page.keyboard.press("Shift+Tab");
      if (++count > 200) throw new Error("the beginning is never reached");
    }
    assertEquals(covered, [], `at ${width} × ${height}`);
    assertGreater(count, 20);
  }
});

browserTest(
  "page: opens on its first part, and is as wide as the screen",
  async (page) => {
    for (const width of [320, 390, 800, 1280, 1920]) {
      await page.setViewportSize({ width, height: 720 });
      assertEquals(
        await page.evaluate("document.documentElement.scrollWidth"),
        width,
      );
      if (width < 1280) continue;
      const { y } = (await page.locator("main h2").first().boundingBox())!;
      assertLess(y, 280);
    }
  },
);
