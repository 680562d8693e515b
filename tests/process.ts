/**
 * Runs tasks as a user does: real processes, with the permissions of their line
 * in deno.json, each in a folder of its own and without a network.
 */
import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { walk } from "@std/fs/walk";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { encodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { initialState } from "../lib/model/init.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { defaults } from "../lib/options/table.ts";
import { dataOptions, trainingOptions } from "../lib/options/run.ts";
import { slashed } from "./platform.ts";
import type { TaskName } from "./tasks.ts";

/** Who does the arithmetic in these tests: it starts at once. */
export const ENGINE = ["--engine", "wasm", "--threads", "1"];

/** A training run of a second, on images that are chosen beside it. */
export const TINY_OWN = [
  ...ENGINE,
  ..."--limit 4 --batch-size 4 --val-size 2".split(" "),
  ..."--epochs 1 --latent-dim 3 --no-save-plots".split(" "),
];

/** A training run of a second. */
export const TINY = [...TINY_OWN, "--dataset", "synthetic"];

/** An epoch so long, on a slow engine, that a signal comes in the middle of it. */
export const LONG = [
  ...TINY,
  ...["--engine", "tfjs", "--tf-backend", "cpu"],
  ...["--limit", "6", "--batch-size", "1"],
];

/** Nobody listens there, so whatever asks for the network is refused. */
const CLOSED_PORT = "http://127.0.0.1:1";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What a process left. */
export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Keeps the last of each flag that comes again, so that tests can vary
 * {@linkcode TINY}: a task refuses repetitions.
 */
export function lastOfEach(args: readonly string[]): string[] {
  const words: string[][] = [];
  for (const arg of args) {
    if (/^--?[a-z]/.test(arg) || words.length === 0) words.push([arg]);
    else words.at(-1)!.push(arg);
  }
  const nameOf = ([flag]: string[]) => flag.replace(/^--(no-)?|=.*/g, "");
  return words.filter((word, i) =>
    !words.slice(i + 1).some((later) => nameOf(later) === nameOf(word))
  ).flat();
}

/**
 * The words of a task's line, from `run` to its permissions, for a process in
 * any folder: what the line says of the package's files, it says from here.
 */
export function lineWords(name: TaskName): string[] {
  const lines: Record<string, string> = config.tasks;
  const root = fileURLToPath(new URL("../", import.meta.url));
  return lines[name].split(" ").slice(1, -1).map((word) =>
    word.replace(
      /(?<=^--lock=|^--allow-read=.*)(deno\.lock|lib\/)/g,
      `${root}$&`,
    )
  );
}

/** What comes after `deno` to run a task with the permissions of its line. */
export function denoArgs(name: TaskName, args: readonly string[]): string[] {
  return [
    ...lineWords(name),
    `--config=${ROOT}deno.json`,
    `${ROOT}tasks/${name}.ts`,
    ...lastOfEach(args),
  ];
}

/** The environment of tasks in tests. */
export function environment(folder: string): Record<string, string> {
  return {
    NO_COLOR: "1",
    HTTP_PROXY: CLOSED_PORT,
    HTTPS_PROXY: CLOSED_PORT,
    XDG_RUNTIME_DIR: folder, // the Vulkan loader complains where it is unset
  };
}

/** Starts a task in `folder`; `-A` in place of its permissions if told so. */
export function startTask(
  folder: string,
  name: TaskName,
  args: readonly string[],
  { allowAll = false } = {},
): Deno.ChildProcess {
  const words = denoArgs(name, args);
  const config = words.findIndex((word) => word.startsWith("--config="));
  return new Deno.Command(Deno.execPath(), {
    args: allowAll ? ["run", "-A", ...words.slice(config)] : words,
    cwd: folder,
    env: environment(folder),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a task to its end. Whatever happens, it must not show a stack trace. */
export async function runTask(
  ...command: Parameters<typeof startTask>
): Promise<Result> {
  const { code, stdout, stderr } = await startTask(...command).output();
  const decoder = new TextDecoder();
  const result = {
    code,
    stdout: slashed(decoder.decode(stdout)),
    stderr: slashed(decoder.decode(stderr)),
  };
  assertNotMatch(result.stderr, /\n\s+at |Uncaught/);
  return result;
}

/** Runs a task that must succeed. */
export async function runWell(
  ...command: Parameters<typeof startTask>
): Promise<Result> {
  const result = await runTask(...command);
  assertEquals(result.code, 0, result.stderr);
  return result;
}

/**
 * Runs a task that must refuse: exit code 1, nothing on stdout, one line on
 * stderr, and every file in the folder as it was before.
 */
export async function refuses(
  message: RegExp,
  ...command: Parameters<typeof startTask>
): Promise<void> {
  const before = await snapshot(command[0]);
  const { code, stdout, stderr } = await runTask(...command);
  assertMatch(stderr, message);
  assertMatch(stderr, /^error: .+\n$/);
  assertEquals({ code, stdout }, { code: 1, stdout: "" });
  assertEquals(await snapshot(command[0]), before);
}

/** Every file below `folder` with its content, temporary files included. */
export async function snapshot(
  folder: string,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { path } of walk(folder, { includeDirs: false })) {
    files.set(relative(folder, path), await Deno.readFile(path));
  }
  return new Map([...files].sort(([a], [b]) => a < b ? -1 : 1));
}

/** The bytes of a good checkpoint, of a model that has learnt nothing. */
export function untrained(): Uint8Array {
  const latentDim = 3;
  return encodeCheckpoint({
    options: { ...defaults(trainingOptions), latentDim },
    data: {
      name: "synthetic",
      digest: "0123abcd",
      options: { ...defaults(dataOptions), dataset: "synthetic", limit: 4 },
    },
    state: initialState(modelSpec(latentDim), 0),
    history: [],
    partial: null,
  });
}
