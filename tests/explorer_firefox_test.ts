/** Links of the explorer's page in Firefox, and what it restores by itself. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { eventually, open } from "./explorer_driver.ts";
import { Firefox, firefoxIsMissing } from "./firefox.ts";
import { inFolder } from "./folder.ts";

const ready = (firefox: Firefox) =>
  eventually(async () =>
    assertEquals(
      await firefox.evaluate("document.documentElement.dataset.ready"),
      "true",
    )
  );

/** Sets a control as a person does. */
const set = (firefox: Firefox, selector: string, value: number) =>
  firefox.evaluate(`(() => {
    const control = document.querySelector("${selector}");
    control.value = ${value};
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);

const controls = (firefox: Firefox) =>
  firefox.evaluate(`[
    document.querySelector("#sliders input[data-dim='1']").value,
    ...["temperature", "map-x", "train-dim"]
      .map((id) => document.getElementById(id).value),
    document.getElementById("explore-trained").disabled,
  ]`);

Deno.test({
  name:
    "explorer: in Firefox, too, controls agree with the model when it is back",
  ignore: firefoxIsMissing,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    inFolder(async (folder) => {
      const path = join(folder, "explorer.html");
      await Deno.writeTextFile(path, (await open()).html);
      // Without pages kept as they were, which need no restoring.
      await using firefox = await Firefox.start(
        '"browser.sessionhistory.max_total_viewers", 0',
      );
      await firefox.goto(pathToFileURL(path).href);
      await ready(firefox);
      await set(firefox, "#sliders input[data-dim='1']", -0.86);
      await set(firefox, "#temperature", 1.4);
      await set(firefox, "#map-x", 2);
      const hash = await eventually(async () => {
        const hash = await firefox.evaluate<string>("location.hash");
        assertMatch(hash, /&z=0,-0.86,0,0&x=3&t=1.4&v=1$/);
        return hash;
      });
      const away = [
        () => firefox.reload(),
        async () => {
          await firefox.goto("about:blank");
          await firefox.back();
        },
      ];
      for (const leave of away) {
        await set(firefox, "#train-dim", 2);
        await firefox.evaluate(
          `document.getElementById("explore-trained").disabled = false`,
        );
        await leave();
        await ready(firefox);
        assertEquals(await firefox.evaluate("location.hash"), hash);
        await eventually(async () =>
          assertEquals(
            await controls(firefox),
            ["-0.86", "1.4", "2", "8", true],
          )
        );
      }
      assertEquals(firefox.problems, []);
    }),
});
