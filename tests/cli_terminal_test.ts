/**
 * What tasks show on a terminal of 80 columns: real runs in a pseudo-terminal
 * that util-linux's `script` makes.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { shellWord } from "../tasks/shared/cli.ts";
import { parseFlags } from "../tasks/shared/flags.ts";
import {
  denoArgs,
  environment,
  runWell,
  startTask,
  untrained,
} from "./process.ts";
import { inFolder } from "./folder.ts";
import { linuxIsMissing, signalsAreMissing } from "./platform.ts";
import { type TaskName, tasks } from "./tasks.ts";

/** Runs a task on a terminal; what it shows, and its exit code. */
async function onTerminal(
  folder: string,
  name: TaskName,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ text: string; code: number }> {
  const command = [Deno.execPath(), ...denoArgs(name, args)].map(shellWord);
  const { code, stdout } = await new Deno.Command("script", {
    args: ["-qec", `stty cols 80; ${command.join(" ")}`, "/dev/null"],
    cwd: folder,
    env: { ...environment(folder), ...env },
    stdin: "null",
    stderr: "inherit",
  }).output();
  return { text: new TextDecoder().decode(stdout), code };
}

/** The lines that stood on the terminal, those that were drawn over as well. */
function linesOf(text: string): string[] {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[[\d;]*[A-Za-z]/g, "").split(/\r\n|\r|\n/);
}

/** Columns of a line: combining marks take none. */
function columns(line: string): number {
  return [...line.normalize("NFD").replaceAll(/\p{M}/gu, "")].length;
}

/** Begins a colour, unlike what only moves the cursor. */
// deno-lint-ignore no-control-regex
const COLOR = /\x1b\[[\d;]*m/;

const DATA = "--dataset synthetic --limit 40 --val-size 20 --batch-size 20"
  .split(" ");
const QUICK = [...DATA, "--engine", "wasm", "--threads", "1", "--epochs", "1"];

/** Runs of tasks in one folder, each after those before it. */
const runs: [TaskName, string[]][] = [
  ["train", [...QUICK, "--latent-dim", "30", "--beta", "20", "--lr", "0.1"]],
  ["train", [...QUICK, "--val-size", "0", "--likelihood", "bce"]],
  ["sample", ["-n", "1", "--preview"]],
  ["reconstruct", ["-n", "2"]],
  ["interpolate", ["--gif", "-n", "2"]],
  ["traverse", ["--gif", "--out", "pictures/of/dimensions/traversal.png"]],
  ["manifold", ["-n", "2"]],
  ["latents", ["--pca"]],
  ["curves", []],
  ["evaluate", ["--samples", "1"]],
  ["report", ["--samples", "1"]],
  ["export", ["--format", "html"]],
  ["export", ["--format", "onnx"]],
  ["export", ["--format", "tfjs"]],
  ["export", ["--format", "safetensors"]],
  ["import", ["--from", "weights.safetensors"]],
  ["sweep", [...QUICK, "--beta", "0.25,4", "--latent-dim", "2,12"]],
  ["compare", QUICK],
];

Deno.test("every line of every task fits into 80 columns", {
  ignore: linuxIsMissing,
}, () =>
  inFolder(async (folder) => {
    for (const [name, args] of runs) {
      const { text, code } = await onTerminal(folder, name, args);
      assertEquals(code, 0, text);
      const lines = linesOf(text);
      for (const line of lines) assert(columns(line) <= 80, `${name}: ${line}`);
      assertNotMatch(text, COLOR);
      assertGreater(lines.length, 1);
    }
  }));

Deno.test(
  "what doctor and bench say fits into 80 columns, without a driver's noise",
  {
    ignore: linuxIsMissing,
  },
  () =>
    inFolder(async (folder) => {
      for (const name of ["doctor", "bench"] as const) {
        // libwayland's "error: XDG_RUNTIME_DIR is invalid or not set".
        const { text } = await onTerminal(folder, name, [], {
          XDG_RUNTIME_DIR: "",
        });
        for (const line of linesOf(text)) assert(columns(line) <= 80, line);
        assertNotMatch(text, /XDG_RUNTIME_DIR/);
      }
    }),
);

Deno.test("errors and notes break between words, and commands do not", {
  ignore: linuxIsMissing,
}, () =>
  inFolder(async (folder) => {
    const cases: [TaskName, string[], number][] = [
      ["train", ["--warmup-epoch", "--beta", "-4"], 2],
      ["train", ["--dataset", "kmnist"], 1],
      ["sample", [], 1],
      ["fetch", [], 1],
      ["train", [...QUICK, "--dataset", "auto"], 0],
    ];
    for (const [name, args, expected] of cases) {
      const { text, code } = await onTerminal(folder, name, args);
      assertEquals(code, expected, text);
      for (const line of linesOf(text)) {
        // One word, such as a URL, may be longer.
        assert(columns(line) <= 80 || !/\S \S/.test(line.trim()), line);
      }
    }
  }));

Deno.test("NO_COLOR keeps colours from previews on a terminal", {
  ignore: linuxIsMissing,
}, () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "checkpoints"));
    const path = join(folder, "checkpoints", "vae.safetensors");
    await Deno.writeFile(path, untrained());
    const sample = ["-n", "2", "--preview"];
    const preview = (env: Record<string, string>) =>
      onTerminal(folder, "sample", sample, env);
    assertMatch((await preview({ NO_COLOR: "" })).text, COLOR);
    assertNotMatch((await preview({ NO_COLOR: "1" })).text, COLOR);
    const train = (env: Record<string, string>) =>
      onTerminal(folder, "train", [...QUICK, "--no-save-plots"], env);
    assertMatch((await train({ NO_COLOR: "" })).text, COLOR);
    assertNotMatch((await train({ NO_COLOR: "1" })).text, COLOR);
  }));

Deno.test("train ends with a next step, which works", () =>
  inFolder(async (folder) => {
    const { stderr } = await runWell(folder, "train", [
      ...QUICK,
      ...["--checkpoint", "a b/c.st"],
    ]);
    const [, command] = stderr.match(/^next: deno task (.+)$/m)!;
    assertEquals(command, "traverse --checkpoint 'a b/c.st'");
    const next = await runWell(folder, "traverse", [
      ...["--checkpoint", "a b/c.st", "--engine", "wasm"],
    ]);
    assertStringIncludes(next.stdout, "traversal.png");
  }));

Deno.test("train, stopped, suggests a command that goes on", {
  ignore: signalsAreMissing,
}, () =>
  inFolder(async (folder) => {
    const child = startTask(folder, "train", [
      ...[...QUICK, "--epochs", "100000", "--checkpoint", "a b.st"],
      ...["--no-preview", "--no-save-plots", "--animate", "--json"],
    ]);
    let stderr = "";
    let isTold = false;
    for await (
      const text of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      stderr += text;
      if (!isTold && /epoch +1\//.test(stderr)) {
        isTold = true;
        child.kill("SIGINT");
      }
    }
    await child.stdout.cancel();
    assertEquals((await child.status).code, 130, stderr);
    const [, suggested] = stderr.match(
      /Continue with:\n {2}deno task train (.+)/,
    )!;
    const echo = await new Deno.Command("sh", {
      args: ["-c", `printf '%s\\n' ${suggested}`],
    }).output();
    const words = new TextDecoder().decode(echo.stdout).trimEnd().split("\n");
    const parsed = parseFlags(tasks.get("train")!.options, words);
    assert(parsed !== "help");
    const { resume, preview, savePlots, animate, json, engine, threads } =
      parsed.values as Record<string, unknown>;
    assertEquals(
      { resume, preview, savePlots, animate, json, engine, threads },
      {
        resume: "a b.st",
        preview: false,
        savePlots: false,
        animate: true,
        json: true,
        engine: "wasm",
        threads: 1,
      },
    );
  }));
