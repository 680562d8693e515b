/**
 * The plan of `lib` and `tasks`: what each folder may import, that no two files
 * of one name are about different things, and what stays out of `lib`.
 */
import { assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/**
 * The rooms, from the roof down. An import leads to a lower floor; rooms on one
 * floor do not know each other. A list after a room is all that it may import.
 */
const FLOORS: Record<string, readonly string[] | "all below">[] = [
  // Each task is a room of its own; what two of them need is in tasks/shared.
  { "mod.ts": "all below", "tasks/*.ts": "all below" },
  { "lib/core.ts": "all below", "tasks/shared": "all below" },
  {
    "lib/explorer": "all below",
    "lib/report": "all below",
    "lib/notebook": "all below",
  },
  { "lib/train": "all below" },
  { "lib/engines.ts": "all below" },
  { "lib/gpu_trial.ts": "all below", "lib/latent": "all below" },
  {
    "lib/engine_check.ts": "all below",
    "lib/metrics": "all below",
    "lib/compression": "all below",
    "lib/interop": "all below",
    "lib/vae.ts": "all below",
  },
  {
    "lib/engine/wasm": "all below",
    "lib/engine/webgpu": "all below",
    "lib/engine/tfjs": "all below",
  },
  { "lib/engine": "all below" },
  { "lib/checkpoint": "all below", "lib/dataset": "all below" },
  {
    "lib/image": "all below",
    // Bytes, tensors and algebra, which know nothing of the model.
    "lib/formats": ["lib/text.ts", "lib/files"],
    "lib/math": ["lib/rng.ts"],
  },
  { "lib/model": "all below" },
  { "lib/options": ["lib/text.ts"], "lib/files": ["lib/text.ts"] },
  { "lib/text.ts": [], "lib/rng.ts": [] },
];

/** What strangers import: nothing inside comes in by these doors. */
const DOORS = ["mod.ts", "lib/core.ts"];

/** The rooms that may touch the file system. */
const KEEPERS = ["lib/checkpoint", "lib/dataset", "lib/files"];

/** Names that several files may have: what is common to the things they name. */
const COMMON_NAMES: Record<string, string> = {
  "build.ts": "the script that generates a file of its own folder",
  "error.ts": "the error that the files of its folder throw",
  "run.ts": "the options of a run, and what the tasks that train do with one",
  "style.ts": "the style sheet of a page, beside the page",
};

interface Module {
  /** Its path from the root of the repository, with slashes. */
  readonly path: string;
  /** The text without comments and string literals. */
  readonly code: string;
  /** The string literals, without their quotes. */
  readonly strings: readonly string[];
  /** The paths of the files that it imports, for their types only included. */
  readonly imports: readonly string[];
}

/** What a file consists of beside plain code, comments first. */
const TOKEN = new RegExp(
  [
    String.raw`\/\*[^]*?\*\/|\/\/.*`,
    String
      .raw`"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|${"`"}(?:\\[^]|[^${"`"}\\])*${"`"}`,
    String
      .raw`(?<=[(,=:[!&|?{};]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\/\\\n[])+\/`,
  ].join("|"),
  "g",
);

function parse(path: string, text: string): Module {
  const strings: string[] = [];
  const imports: string[] = [];
  let code = "";
  let end = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    code += text.slice(end, index);
    end = index + token.length;
    if (token.startsWith("/")) continue;
    const literal = token.slice(1, -1);
    strings.push(literal);
    if (
      /\b(from|import|new URL)[\s(]*$/.test(code) &&
      /^\.\.?\/.*\.ts$/.test(literal)
    ) {
      imports.push(join(dirname(path), literal).replaceAll("\\", "/"));
    }
    code += '""';
  }
  return { path, code: code + text.slice(end), strings, imports };
}

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* sources(path);
    else if (/(?<!\.d)\.ts$/.test(name)) yield path;
  }
}

/** Other programs: @std's stand-ins, and the kernels' AssemblyScript. */
const OTHER = /^lib\/(std|engine\/wasm\/assemblyscript)\//;

const modules = ["lib", "tasks"]
  .flatMap((folder) => [...sources(join(ROOT, folder))])
  .concat(join(ROOT, "mod.ts"))
  .map((path) => [path, relative(ROOT, path).replaceAll("\\", "/")])
  .filter(([, path]) => !OTHER.test(path))
  .map(([file, path]) => parse(path, Deno.readTextFileSync(file)))
  .sort((a, b) => a.path < b.path ? -1 : 1);

/** The page's program is bundled into `script.ts`. */
const isPage = ({ path }: Module) => path.startsWith("lib/explorer/page/");
const isBuild = ({ path }: Module) => basename(path) === "build.ts";
const isGenerated = ({ path }: Module) =>
  /^lib\/(explorer\/script|engine\/wasm\/kernels)\.ts$/.test(path);
const inLib = modules.filter((module) =>
  module.path.startsWith("lib/") && !isBuild(module) && !isGenerated(module)
);

const floors = new Map(
  FLOORS.flatMap((rooms, floor) => Object.keys(rooms).map((r) => [r, floor])),
);

/** The room that a file is in: the innermost that the plan has. */
function roomOf(path: string): string | undefined {
  if (/^tasks\/[^/]+$/.test(path)) return "tasks/*.ts";
  for (let room = path; room !== "."; room = dirname(room)) {
    if (floors.has(room)) return room;
  }
}

/** Why one file must not import another, if so. */
function objection(from: string, to: string): string | undefined {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === undefined) return `no floor has a room for ${from}`;
  if (other === undefined) return `no floor has a room for ${to}`;
  if (DOORS.includes(to) && from !== "mod.ts") return `${to} is for others`;
  if (room === other) {
    return room === "tasks/*.ts" ? "tasks do not know each other" : undefined;
  }
  const [floor, below] = [floors.get(room)!, floors.get(other)!];
  if (below < floor) return `it climbs: ${other} is above ${room}`;
  if (below === floor) return `${other} is beside ${room}`;
  const allowed = FLOORS[floor][room];
  if (allowed !== "all below" && !allowed.includes(other)) {
    return `${room} may import ${allowed.join(", ") || "nothing"} only`;
  }
}

/** A circle of imports among the files, closed: a, b, a. */
function findCircle(): string[] {
  const imports = new Map(modules.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]): string[] => {
    const start = above.indexOf(path);
    if (start >= 0) return [...above.slice(start), path];
    if (done.has(path)) return [];
    for (const next of imports.get(path) ?? []) {
      const circle = visit(next, [...above, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const path of imports.keys()) {
    const circle = visit(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

Deno.test("every file is read, with its imports, strings and comments apart", () => {
  assertEquals(
    parse(
      "lib/a/b.ts",
      'import type { A } from "./a.ts"; // from "./no.ts"\n' +
        'export * from "../c.ts";\nconst d = await import("./d.ts");\n' +
        'const e = new URL("./e.ts", import.meta.url);\n' +
        '/** import "./no.ts" */ const f = /"/.test(`f "${d}"`) ? \'g\' : 6 / 2;',
    ),
    {
      path: "lib/a/b.ts",
      code: 'import type { A } from ""; \nexport * from "";\n' +
        'const d = await import("");\nconst e = new URL("", import.meta.url);\n' +
        ' const f = .test("") ? "" : 6 / 2;',
      strings: ["./a.ts", "../c.ts", "./d.ts", "./e.ts", 'f "${d}"', "g"],
      imports: ["lib/a/a.ts", "lib/c.ts", "lib/a/d.ts", "lib/a/e.ts"],
    },
  );
  const paths = modules.map(({ path }) => path);
  assertGreater(paths.length, 100);
  const missing = modules.flatMap(({ path, imports }) =>
    imports.filter((to) => !paths.includes(to))
      .map((to) => `${path} imports ${to}`)
  );
  assertEquals(missing, []);
});

Deno.test("every room of the plan is there, and every file has a room", () => {
  const rooms = new Set(modules.map(({ path }) => roomOf(path) ?? path));
  assertEquals([...rooms].sort(), [...floors.keys()].sort());
});

Deno.test("imports point down, and rooms on one floor do not know each other", () => {
  const wrong = modules.flatMap(({ path, imports }) =>
    imports.map((to) => [path, to, objection(path, to)])
      .filter(([, , why]) => why)
      .map(([from, to, why]) => `${from} imports ${to}: ${why}`)
  );
  assertEquals(wrong, []);
});

Deno.test("no file imports itself by way of others", () => {
  assertEquals(findCircle().join(" → "), "");
});

Deno.test("one name is one thing", () => {
  // The engines do the same things, each in its way, and call them the same; a
  // task is called as what it does; the page is a program of its own.
  const places = Map.groupBy(
    modules.filter((m) => !isPage(m) && roomOf(m.path) !== "tasks/*.ts"),
    ({ path }) => basename(path),
  );
  const shared = [...places].filter(([name, files]) =>
    files.length > 1 && !(name in COMMON_NAMES) &&
    !files.every(({ path }) => path.startsWith("lib/engine/"))
  );
  assertEquals(shared.map(([, files]) => files.map(({ path }) => path)), []);
  for (const [name, what] of Object.entries(COMMON_NAMES)) {
    assertNotEquals((places.get(name) ?? []).length, 0, `${name}: ${what}`);
  }
});

/** A command of Deno's, or a flag; a style sheet's `--ink: #000` is neither. */
const COMMAND = /\bdeno (task|run)\b|(?<!var\(|[\w-])--[a-z][\w-]*\b(?![\w:-])/;

Deno.test("lib names no command line", () => {
  assertEquals(COMMAND.exec("see `deno task train`")?.[0], "deno task");
  assertEquals(COMMAND.exec("needs (--allow-read)")?.[0], "--allow-read");
  assertEquals(COMMAND.exec("a { --ink: var(--pale); } a--b"), null);
  const found = inLib.flatMap(({ path, strings }) =>
    strings.filter((text) => COMMAND.test(text))
      .map((text) => `${path}: ${COMMAND.exec(text)![0]} in "${text}"`)
  );
  assertEquals(found, []);
});

Deno.test("lib prints nothing and reads no flags", () => {
  const words =
    /\bconsole\.|\bDeno\.(args|exit\w*|std(in|out|err)|env)\b(?! *=)/;
  const found = inLib.flatMap(({ path, code }) =>
    words.test(code) ? [`${path}: ${words.exec(code)![0]}`] : []
  );
  assertEquals(found, []);
});

Deno.test("lib touches the file system where files are kept, and nowhere else", () => {
  const words =
    /\bDeno\.(open|create|read|write|copy|link|symlink|mkdir|make|remove|rename|truncate|l?stat|real|chmod|chown|watch|utime)\w*/;
  const found = inLib.filter(({ code }) => words.test(code));
  assertGreater(found.length, 3);
  assertEquals(
    found.filter(({ path }) => !KEEPERS.includes(roomOf(path)!))
      .map(({ path, code }) => `${path}: ${words.exec(code)![0]}`),
    [],
  );
});
