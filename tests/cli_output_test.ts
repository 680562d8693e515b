import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeCheckpoint, encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { fileKind } from "../lib/files/kind.ts";
import { writeIdx } from "../lib/formats/idx.ts";
import type { TaskName } from "./tasks.ts";
import {
  ENGINE,
  refuses,
  runTask,
  runWell,
  snapshot,
  startTask,
  TINY,
  TINY_OWN,
  untrained,
} from "./process.ts";
import { inFolder } from "./folder.ts";
import { linuxIsMissing } from "./platform.ts";

const CHECKPOINT = "checkpoints/vae.safetensors";

/** Gives `body` a folder with a checkpoint in its usual place. */
function withCheckpoint(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  return inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "checkpoints"));
    await Deno.writeFile(join(folder, CHECKPOINT), untrained());
    await body(folder);
  });
}

const SAMPLE = [...ENGINE, "-n", "2"];

Deno.test("tasks refuse an output that cannot be written", () =>
  withCheckpoint(async (folder) => {
    const cases: [TaskName, string[], RegExp][] = [
      [
        "train",
        ["--checkpoint", `${CHECKPOINT}/a.st`],
        /is a file, not a folder/,
      ],
      ["train", ["--checkpoint", "checkpoints"], /is a folder, not a file/],
      ["train", ["--checkpoint", "new/"], /is a folder, not a file/],
      [
        "train",
        ["--checkpoint", "../a.st"],
        /may not write there.*write access/,
      ],
      ["train", ["--checkpoint", "/proc/a.st"], /may not write there/],
      [
        "train",
        ["--out-dir", CHECKPOINT, "--save-plots"],
        /is a file, not a f/,
      ],
      ["train", ["--out-dir", "/proc", "--save-plots"], /may not write there/],
      ["sample", ["--out", `${CHECKPOINT}/a.png`], /is a file, not a folder/],
      ["sample", ["--out", "checkpoints"], /is a folder, not a file/],
      ["sample", ["--out", "../a.png"], /may not write there/],
      ["reconstruct", ["--out", "/proc/a.png"], /may not write there/],
    ];
    for (const [name, args, message] of cases) {
      const use = name === "train" ? TINY : SAMPLE;
      const named = new RegExp(
        `^error: cannot write .*${message.source}.*\n$`,
      );
      await refuses(named, folder, name, [...use, ...args]);
    }
  }));

Deno.test("tasks with all permissions say where nothing can be written", {
  ignore: linuxIsMissing,
}, () =>
  withCheckpoint(async (folder) => {
    await refuses(
      /^error: cannot write \/proc\/a\.st: .+\n$/,
      folder,
      "train",
      [...TINY, "--checkpoint", "/proc/a.st"],
      { allowAll: true },
    );
  }));

Deno.test(
  "tasks say that the disk is full",
  { ignore: linuxIsMissing },
  () =>
    withCheckpoint(async (folder) => {
      const before = await snapshot(folder);
      const full = /^error: cannot write \/dev\/full: no space left .+\n$/m;
      const all = { allowAll: true };
      await refuses(
        full,
        folder,
        "sample",
        [...SAMPLE, "--out", "/dev/full"],
        all,
      );
      const { code, stdout, stderr } = await runTask(
        folder,
        "train",
        [...TINY, "--checkpoint", "/dev/full"],
        all,
      );
      assertMatch(stderr, full);
      assertEquals({ code, stdout }, { code: 1, stdout: "" });
      assertEquals(await snapshot(folder), before);
    }),
);

/** Starts in no time, where no bits are compared. */
const FAST = ["--engine", "wasm", "--threads", "1"];

const BRIEF = [...TINY, ...FAST, "--checkpoint", CHECKPOINT];

Deno.test("tasks replace nothing that they read, by whatever name", () =>
  withCheckpoint(async (folder) => {
    await Deno.symlink("vae.safetensors", join(folder, "checkpoints/link"));
    await Deno.link(join(folder, CHECKPOINT), join(folder, "twin"));
    const images = writeIdx({
      shape: [4, 28, 28],
      data: new Uint8Array(4 * 784),
    });
    await Deno.writeFile(join(folder, "x.idx"), images);
    await Deno.mkdir(join(folder, "onnx"));
    await Deno.link(
      join(folder, CHECKPOINT),
      join(folder, "onnx/encoder.onnx"),
    );
    const from = ["--checkpoint", CHECKPOINT];
    const cases: [TaskName, string[]][] = [
      ["sample", [...FAST, "-n", "2", "--out", CHECKPOINT]],
      ["sample", [...FAST, "-n", "2", "--out", "checkpoints/../twin"]],
      ["manifold", [...FAST, "--out", "checkpoints/link"]],
      ["report", [...FAST, "--out", "twin"]],
      ["export", [...from, "--out", "twin"]],
      ["export", [...from, "--format", "safetensors", "--out", "twin"]],
      ["export", [...from, "--format", "onnx", "--out-dir", "onnx"]],
      ["import", ["--from", CHECKPOINT, "--out", "twin"]],
      ["train", [
        ...TINY_OWN,
        ...FAST,
        "--images",
        "x.idx",
        "--checkpoint",
        "x.idx",
      ]],
      ["train", [
        ...["--resume", CHECKPOINT, "--images", "x.idx"],
        ...["--checkpoint", "x.idx"],
      ]],
    ];
    for (const [name, args] of cases) {
      await refuses(
        /^error: cannot write .* is read here: choose another name\n$/,
        folder,
        name,
        args,
      );
    }
  }));

Deno.test("tasks replace no file of another kind, and say what it is", () =>
  withCheckpoint(async (folder) => {
    const files: Record<string, [Uint8Array, RegExp]> = {
      "notes": [new TextEncoder().encode("# Notes\n"), /a text/],
      "page": [new TextEncoder().encode("<!DOCTYPE html>"), /an HTML page/],
      "model": [Uint8Array.of(80, 75, 3, 4, 0, 0), /a zip archive, as torch/],
      "images": [
        writeIdx({ shape: [1], data: Uint8Array.of(7) }),
        /an IDX file/,
      ],
      "sound": [Uint8Array.of(1, 2, 3, 0xff), /binary data of an unknown kind/],
    };
    for (const [name, [bytes, kind]] of Object.entries(files)) {
      await Deno.writeFile(join(folder, name), bytes);
      const message = (by: string) =>
        new RegExp(`^error: cannot write ${name}: it is ${kind.source}.*${by}`);
      const train = [...TINY, ...FAST, "--checkpoint", name];
      await refuses(message("a safetensors file"), folder, "train", train);
      const copy = ["--from", CHECKPOINT, "--out", name];
      await refuses(message("a safetensors file"), folder, "import", copy);
      const sample = [...FAST, "-n", "2", "--out", name];
      await refuses(message("a PNG picture"), folder, "sample", sample);
    }
  }));

Deno.test("tasks refuse a name that promises another kind of file", () =>
  withCheckpoint(async (folder) => {
    const cases: [TaskName, string[], RegExp][] = [
      [
        "sample",
        [...FAST, "-n", "2", "--out", "a.jpg"],
        /a PNG .* ends in \.png/,
      ],
      ["manifold", [...FAST, "--out", "a.svg"], /a PNG .* ends in \.png/],
      ["train", [...TINY, ...FAST, "--record", "a.txt"], /a JSON .* \.json/],
      ["report", [...FAST, "--out", "a.pdf"], /HTML .* \.html or \.htm/],
      ["export", ["--out", "a.onnx"], /HTML .* \.html or \.htm/],
      ["train", [...TINY, ...FAST, "--checkpoint", "a.pth"], /\.safetensors/],
      ["import", ["--from", CHECKPOINT, "--out", "a.pth"], /\.safetensors/],
    ];
    for (const [name, args, message] of cases) {
      const line = new RegExp(
        `^error: cannot write a\\.\\w+: .*${message.source}\n$`,
      );
      await refuses(line, folder, name, args);
    }
  }));

Deno.test("--out may name a GIF where one is written", () =>
  withCheckpoint(async (folder) => {
    const few = [...FAST, "--steps", "2", "--json", "--gif", "--out"];
    for (const out of ["walk.gif", "walk.png", "walk"]) {
      const { stdout } = await runWell(folder, "traverse", [...few, out]);
      const picture = out === "walk" ? "walk" : "walk.png";
      const { out: named, animation } = JSON.parse(stdout);
      assertEquals([named, animation], [picture, "walk.gif"]);
      assertEquals(await fileKind(join(folder, picture)), "png");
      assertEquals(await fileKind(join(folder, "walk.gif")), "gif");
      await Deno.remove(join(folder, picture));
      await Deno.remove(join(folder, "walk.gif"));
    }
    const { code, stderr } = await runTask(folder, "traverse", [
      ...[...FAST, "--out", "walk.gif"],
    ]);
    assertMatch(stderr, /ends in \.png, not "walk\.gif".*--gif/);
    assertEquals(code, 2);
    assertEquals([...(await snapshot(folder)).keys()], [CHECKPOINT]);
  }));

Deno.test("tasks say whether reading or writing is not allowed", () =>
  withCheckpoint(async (folder) => {
    const task = new URL("../tasks/train.ts", import.meta.url).href;
    const config = fileURLToPath(new URL("../deno.json", import.meta.url));
    for (
      const [allowed, missing] of [[[], "read"], [
        ["--allow-read"],
        "write",
      ]] as const
    ) {
      const { stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", `--config=${config}`, ...allowed, task],
        cwd: folder,
        env: { NO_COLOR: "1" },
      }).output();
      assertMatch(
        new TextDecoder().decode(stderr),
        new RegExp(
          `^error: cannot write .*may not ${missing} there; .*given ` +
            `${missing} access .* \\(see --allow-${missing}.*\\)\n$`,
        ),
      );
    }
  }));

Deno.test("no task prints raw what a name from a file holds", () =>
  inFolder(async (folder) => {
    const good = decodeCheckpoint(untrained());
    const name = "\x1b]0;title\x07\x1b[2J\u009b31m\u202e\r\nerror: ha";
    await Deno.mkdir(join(folder, "checkpoints"));
    const idx = writeIdx({ shape: [4, 28, 28], data: new Uint8Array(4 * 784) });
    const images = "own\x1b[2J\u009b31m\u202e.idx";
    await Deno.writeFile(join(folder, images), idx);
    const write = (data: typeof good.data) =>
      Deno.writeFile(
        join(folder, CHECKPOINT),
        encodeCheckpoint({ ...good, data }),
      );
    const tasks: [TaskName, string[]][] = [
      ["sample", [...FAST, "-n", "2"]],
      ["manifold", [...FAST, "-n", "2"]],
      ["traverse", [...FAST, "--steps", "2"]],
      ["reconstruct", [...FAST, "-n", "1"]],
      ["interpolate", [...FAST, "-n", "1", "--steps", "2"]],
      ["latents", FAST],
      ["curves", []],
      ["evaluate", [...FAST, "--samples", "1"]],
      ["report", [...FAST, "--samples", "1"]],
      ["export", ["--format", "safetensors"]],
      ["import", ["--from", CHECKPOINT]],
      ["train", ["--resume", CHECKPOINT, "--no-save-plots", ...FAST]],
    ];
    const own = ["--images", images, "--val-size", "1", "--limit", "4"];
    // deno-lint-ignore no-control-regex -- it is what must not be printed
    const raw = /(?!\n)[\x00-\x1f\x7f-\x9f\u202e]/;
    for (const json of [[], ["--json"]]) {
      // What makes JSON of a name is the same in all of them.
      for (const [task, args] of json.length > 0 ? tasks.slice(-2) : tasks) {
        await write({ ...good.data, name });
        const { stdout, stderr } = await runTask(folder, task, [
          ...args,
          ...json,
        ]);
        assertNotMatch(stdout + stderr, raw, task);
        assertNotMatch(stdout + stderr, /^error: ha/m, task);
        if (json.length > 0 && stdout !== "") JSON.parse(stdout);
      }
      const train = await runWell(folder, "train", [
        ...[...TINY_OWN, ...FAST, ...own, "--checkpoint", "own.st"],
        ...json,
      ]);
      assertMatch(
        train.stderr,
        /training on own\\u001b\[2J\\u009b31m\\u202e\.idx/,
      );
      assertNotMatch(train.stdout + train.stderr, raw);
      if (json.length > 0) {
        // What another program reads is the name itself, in the data set's form.
        assertMatch(JSON.parse(train.stdout).dataset, /^own\\u001b/);
      }
    }
  }));

Deno.test("a run that another one would replace is kept beside it", () =>
  withCheckpoint(async (folder) => {
    const first = await Deno.readFile(join(folder, CHECKPOINT));
    const { stderr } = await runWell(folder, "train", BRIEF);
    assertMatch(
      stderr,
      /^note: what was checkpoints\/vae\.safetensors is now checkpoints\/vae\.1\.safetensors$/m,
    );
    const second = await Deno.readFile(join(folder, CHECKPOINT));
    const again = ["--resume", CHECKPOINT, "--epochs", "2", ...FAST];
    await runWell(folder, "train", [...again, "--no-save-plots"]);
    const kept = await snapshot(join(folder, "checkpoints"));
    assertEquals(kept.get("vae.1.safetensors"), first);
    assertEquals([...kept.keys()], ["vae.1.safetensors", "vae.safetensors"]);

    await runWell(folder, "train", BRIEF);
    await runWell(folder, "import", [
      ...["--from", "checkpoints/vae.1.safetensors", "--out", CHECKPOINT],
    ]);
    const copies = await snapshot(join(folder, "checkpoints"));
    assertEquals([...copies.keys()], [
      ...[1, 2, 3].map((n) => `vae.${n}.safetensors`),
      "vae.safetensors",
    ]);
    assertEquals(copies.get("vae.1.safetensors"), first);
    assertEquals(copies.get("vae.3.safetensors"), second);
  }));

Deno.test("a run that fails before its first epoch leaves the old in its place", () =>
  withCheckpoint(async (folder) => {
    const bad = [...TINY_OWN, ...FAST, "--images", "no-such.idx"];
    await refuses(/no such file/, folder, "train", bad);
  }));

Deno.test("export replaces what it exported and keeps a run", () =>
  withCheckpoint(async (folder) => {
    await Deno.copyFile(join(folder, CHECKPOINT), join(folder, "run.st"));
    const to = (out: string) => ["--format", "safetensors", "--out", out];
    for (let i = 0; i < 2; i++) await runWell(folder, "export", to("w.st"));
    const { stderr } = await runWell(folder, "export", to("run.st"));
    assertEquals(stderr, "note: what was run.st is now run.1.st\n");
    assertEquals(
      [...(await snapshot(folder)).keys()],
      [CHECKPOINT, "run.1.st", "run.st", "w.st"],
    );
  }));

Deno.test("latents --pca of a single image has no NaN", () =>
  withCheckpoint(async (folder) => {
    const run = decodeCheckpoint(untrained());
    const options = { ...run.data.options, limit: 1 };
    await Deno.writeFile(
      join(folder, CHECKPOINT),
      encodeCheckpoint({ ...run, data: { ...run.data, options } }),
    );
    const args = [...FAST, "--pca", "--json"];
    const { stdout } = await runWell(folder, "latents", args);
    assertEquals(
      JSON.parse(stdout).axes,
      [1, 2].map((k) => `principal component ${k} of μ (no variance)`),
    );
  }));

Deno.test("a reader of stdout that goes away is no error", () =>
  withCheckpoint(async (folder) => {
    const commands: [TaskName, string[]][] = [
      ["train", ["--help"]],
      ["sample", SAMPLE],
    ];
    for (const [name, args] of commands) {
      const child = startTask(folder, name, args);
      await child.stdout.cancel();
      assertEquals(await new Response(child.stderr).text(), "");
      assertEquals((await child.status).code, 0);
    }
    assertEquals(
      [...(await snapshot(folder)).keys()],
      [CHECKPOINT, "samples.png"],
    );
  }));

Deno.test("readers of stdout and stderr that go away do not stop a run", () =>
  inFolder(async (folder) => {
    const child = startTask(folder, "train", [...TINY, "--json"]);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
    assertEquals((await child.status).code, 0);
    assertEquals([...(await snapshot(folder)).keys()], [CHECKPOINT]);
  }));
