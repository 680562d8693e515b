/** Links of the explorer's page in Firefox, and what it restores by itself. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { digestOf, encodeLink } from "../lib/explorer/page/link.ts";
import type { Snapshot } from "../lib/explorer/page/messages.ts";
import type { Plan } from "../lib/explorer/training_plan.ts";
import { RunInWorker } from "../lib/explorer/page/run_in_worker.ts";
import { trainingDigits } from "../lib/explorer/page/training_digits.ts";
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

function firefoxTest(
  name: string,
  body: (firefox: Firefox, url: string) => Promise<void>,
): void {
  Deno.test({
    name,
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
        await body(firefox, pathToFileURL(path).href);
        assertEquals(firefox.problems, []);
      }),
  });
}

firefoxTest(
  "explorer: in Firefox, too, controls agree with the model when it is back",
  async (firefox, url) => {
    await firefox.goto(url);
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
  },
);

firefoxTest(
  "explorer: a run in a link comes to the same weights in Firefox as here",
  async (firefox, url) => {
    const run: Plan = {
      ...{ seed: 3, latentDim: 4, beta: 1, likelihood: "bce", classCount: 10 },
      ...{ epochs: 20, events: [{ step: 10, beta: 4 }], stopped: 20 },
    };
    let end: Snapshot | undefined;
    const here = new RunInWorker(run, Infinity, (report) => {
      if (report.type === "snapshot") end = report.snapshot;
      if (report.type === "pause") here.stop();
    });
    await here.train(await trainingDigits());
    const digest = digestOf(end!.checkpoint.state.parameters);

    await firefox.goto(url + encodeLink({ run }));
    await ready(firefox);
    const click = (id: string) =>
      firefox.evaluate(`document.getElementById("${id}").click()`);
    await click("link-replay");
    await eventually(async () =>
      assertMatch(
        await firefox.evaluate(
          `document.getElementById("train-status").textContent`,
        ),
        /after 20 steps/,
      )
    );
    await click("explore-trained");
    await eventually(async () =>
      assertEquals(
        await firefox.evaluate("location.hash"),
        encodeLink({ model: digest, run }),
      )
    );
  },
);
