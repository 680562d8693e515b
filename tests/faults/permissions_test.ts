import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../lib/checkpoint/codec.ts";
import { encodeWeights } from "../../lib/checkpoint/weights.ts";
import { loadDataset } from "../../lib/dataset/dataset.ts";
import { writeIdx } from "../../lib/formats/idx.ts";
import { sources } from "../../lib/dataset/mnist.ts";
import { digits, modelOf, RECORDED } from "../compressed.ts";
import { inFolder } from "../folder.ts";
import { slashed } from "../platform.ts";
import { refuses, snapshot, untrained } from "../process.ts";
import { type TaskName, tasks } from "../tasks.ts";

const READ = "--allow-read";
const WRITE_HERE = "--allow-write=.";
/** The set of permissions in deno.json that has the mirrors' hosts. */
const MIRRORS = "-P=mirrors";

/** The engine that is loaded by a computed specifier, and what it imports. */
const TFJS = "--allow-read=lib/engine/tfjs,lib/dataset/binarize.ts";

/** The folder of what --tune keeps, which is all that bench may write to. */
const TUNED = "data/tuned";
const WRITE_TUNED = `--allow-write=${TUNED}`;

/** For tasks with an engine: Vulkan's drivers complain where it is not set. */
const RUNTIME_DIR = "--allow-env=XDG_RUNTIME_DIR";

/** What a task may do that runs a model and writes a file. */
const USUAL = [READ, WRITE_HERE, RUNTIME_DIR];

/** What the others may do. */
const unusual: Partial<Record<TaskName, string[]>> = {
  fetch: [READ, WRITE_HERE, "--allow-net"], // --from takes any URL
  train: [MIRRORS, ...USUAL],
  curves: [READ, WRITE_HERE],
  evaluate: [READ, RUNTIME_DIR],
  layers: [READ],
  sweep: [MIRRORS, ...USUAL],
  compare: [MIRRORS, ...USUAL],
  verify: [READ, RUNTIME_DIR],
  export: [READ, WRITE_HERE],
  import: [READ, WRITE_HERE],
  compress: [READ, WRITE_HERE],
  decompress: [READ, WRITE_HERE],
  explore: [
    READ,
    "--allow-net=127.0.0.1",
    "--allow-run=open,xdg-open,explorer",
  ],
  doctor: [TFJS, RUNTIME_DIR],
  // --python takes any program; the right to run one is given back if unused.
  bench: [`${TFJS},${TUNED}`, WRITE_TUNED, "--allow-run", RUNTIME_DIR],
};

/** All that a user's task may do, besides asking no questions. */
const grants = new Map(
  [...tasks.keys()].map((name) => [name, unusual[name] ?? USUAL]),
);

/** The tasks of those who work on the package: none of them may do all. */
const workshop = [
  "test",
  "test:faults",
  "test:races",
  "test:torch",
  "build:page",
  "build:kernels",
];

/** The words of a task's line that give or take permissions. */
function permissions(line: string): string[] {
  return line.split(" ").filter((word) =>
    /^-[A-Z]|^--(allow|deny|no-prompt|permission)/.test(word)
  );
}

Deno.test("deno.json lists the hosts of the mirrors, and no other permission set", () => {
  const hosts = Object.values(sources).flatMap(({ mirrors }) =>
    mirrors.map((url) => new URL(url).host)
  );
  assertEquals(config.permissions, { mirrors: { net: [...new Set(hosts)] } });
});

Deno.test("deno.json grants each task what it needs, and nothing else", () => {
  const lines: Record<string, string> = config.tasks;
  assertEquals(
    Object.keys(lines).sort(),
    [...grants.keys(), ...workshop].sort(),
  );
  for (const [name, granted] of grants) {
    const line = [
      "deno run --lock=deno.lock --no-prompt",
      ...granted,
      `tasks/${name}.ts`,
    ];
    assertEquals(lines[name].replace(" --quiet", ""), line.join(" "));
  }
  for (const name of workshop) {
    const words = permissions(lines[name]);
    assertEquals(words.filter((word) => /^-A|^--allow-all/.test(word)), []);
    assertEquals(words[0], "--no-prompt", name);
    const net = words.filter((word) => word.startsWith("--allow-net"));
    assertEquals(net.filter((word) => word !== "--allow-net=127.0.0.1"), []);
  }
});

/** Tries what a task could do; prints what was not refused. */
const PROBE = `
const MIRRORS = ${JSON.stringify(config.permissions.mirrors.net)};
const hostname = "127.0.0.1";
const attempts = {
  "read outside": () => Deno.readTextFile("../outside.txt"),
  "write here": () => Deno.writeTextFile("here.txt", ""),
  "write what is tuned": async () => {
    await Deno.mkdir("data/tuned", { recursive: true });
    await Deno.writeTextFile("data/tuned/.a.tmp", "");
    await Deno.rename("data/tuned/.a.tmp", "data/tuned/a.json");
  },
  "write outside": () => Deno.writeTextFile("../new.txt", ""),
  "overwrite outside": () => Deno.writeTextFile("../outside.txt", ""),
  "rename to outside": () => Deno.rename("probe.ts", "../new.txt"),
  "remove outside": () => Deno.remove("../outside.txt"),
  "make a folder outside": () => Deno.mkdir("../new"),
  "link to outside": () => Deno.symlink("../outside.txt", "link"),
  "connect to this machine": async () =>
    (await Deno.connect({ hostname, port: Number(Deno.args[0]) })).close(),
  "fetch from this machine": async () =>
    (await fetch("http://" + hostname + ":" + Deno.args[0])).body?.cancel(),
  "listen on this machine": () => Deno.listen({ hostname, port: 0 }).close(),
  "listen to the world": () => Deno.listen({ port: 0 }).close(),
  "reach the mirrors": async () => {
    for (const host of MIRRORS) {
      const { state } = await Deno.permissions.query({ name: "net", host });
      if (state !== "granted") throw new Deno.errors.NotCapable();
    }
  },
  "run a program": () => new Deno.Command("true").output(),
  "run deno": () => new Deno.Command("deno", { args: ["-V"] }).output(),
  "see the environment": () => Deno.env.toObject(),
  "change the environment": () => Deno.env.set("A", "b"),
  "see the system": () => Deno.hostname(),
  "call native code": () => Deno.dlopen("none.so", {}),
};
const done = [];
for (const [what, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    done.push(what);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) done.push(what);
  }
}
console.log(JSON.stringify(done));
`;

/** What the probe can do with each grant. */
const deeds: Record<string, string[]> = {
  [READ]: ["read outside"],
  [TFJS]: [],
  [`${TFJS},${TUNED}`]: [],
  [WRITE_TUNED]: ["write what is tuned"],
  [RUNTIME_DIR]: [],
  [WRITE_HERE]: ["write here", "write what is tuned"],
  "--allow-net": [
    "connect to this machine",
    "fetch from this machine",
    "listen on this machine",
    "listen to the world",
    "reach the mirrors",
  ],
  [MIRRORS]: ["reach the mirrors"],
  "--allow-run": ["run a program", "run deno"],
  "--allow-net=127.0.0.1": [
    "connect to this machine",
    "fetch from this machine",
    "listen on this machine",
  ],
  "--allow-run=open,xdg-open,explorer": [],
};

/** Runs the probe with a task's permissions; what it could do. */
async function probe(name: TaskName, port: number): Promise<string[]> {
  let done: string[] = [];
  await inFolder(async (folder) => {
    const cwd = join(folder, "here");
    await Deno.mkdir(cwd);
    await Deno.writeTextFile(join(cwd, "probe.ts"), PROBE);
    await Deno.writeTextFile(join(folder, "outside.txt"), "old");
    const words = permissions(config.tasks[name]);
    // The permission sets, without the packages.
    await Deno.writeTextFile(
      join(cwd, "deno.json"),
      JSON.stringify({ permissions: config.permissions }),
    );
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...words, "probe.ts", `${port}`],
      cwd,
    }).output();
    const text = new TextDecoder();
    assertEquals(text.decode(stderr), "", name);
    done = JSON.parse(text.decode(stdout));
    const outside = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(outside.sort(), ["here", "outside.txt"]);
    assertEquals(await Deno.readTextFile(join(folder, "outside.txt")), "old");
  });
  return done;
}

Deno.test("tasks can do nothing outside of their permissions", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(),
  );
  for (const [name, granted] of grants) {
    assertEquals(
      (await probe(name, server.addr.port)).sort(),
      granted.flatMap((grant) => deeds[grant]).sort(),
      name,
    );
  }
});

type Outputs = Record<string, (outside: string) => string[]>;

/** The model that has compressed the file on record. */
const BCE = ["--checkpoint", "bce.safetensors"];

/** The options that name what a task writes, and a use of each; else `out`. */
const others: Partial<Record<TaskName, Outputs>> = {
  fetch: {
    dataDir: (to) =>
      ["--dataset", "kmnist", "--from", "from", "--data-dir"].concat(to),
  },
  train: {
    checkpoint: (to) => ["--checkpoint", `${to}/a.safetensors`],
    outDir: (to) => ["--out-dir", to],
    record: (to) => ["--record", `${to}/record.json`],
    log: (to) => ["--log", `${to}/run.jsonl`],
  },
  evaluate: {},
  encode: { out: (to) => ["--out", `${to}/codes.csv`] },
  layers: {},
  sweep: {
    checkpointDir: (to) => ["--checkpoint-dir", to],
    outDir: (to) => ["--out-dir", to],
  },
  compare: {
    checkpointDir: (to) => ["--checkpoint-dir", to],
    out: png,
  },
  verify: {},
  report: { out: (to) => ["--out", `${to}/report.html`] },
  explore: {},
  export: {
    out: (to) => ["--format", "html", "--out", `${to}/explorer.html`],
    outDir: (to) => ["--format", "tfjs", "--out-dir", to],
  },
  import: {
    out: (to) =>
      ["--from", "weights.safetensors", "--out"].concat(`${to}/a.st`),
  },
  compress: {
    out: (to) => ["binary.idx", ...BCE, "--out", `${to}/digits.vae`],
  },
  decompress: {
    out: (to) => ["digits.vae", ...BCE, "--out", `${to}/digits.idx`],
  },
  doctor: {},
  bench: {},
};

const outputs = new Map(
  [...tasks.keys()].map((name): [TaskName, Outputs] => [
    name,
    others[name] ?? { out: png },
  ]),
);

function png(outside: string): string[] {
  return ["--out", `${outside}/new.png`];
}

/** Options of paths that are only read, unless they are in `outputs`. */
const inputs = [
  "checkpoint",
  "dataDir",
  "file",
  "fineTune",
  "from",
  "images",
  "labels",
  "peers",
  "python",
  "record",
  "resume",
];

Deno.test("outputs lists all options that name a path to write", () => {
  for (const [name, { options }] of tasks) {
    const paths = Object.keys(options).filter((key) => {
      const option = options[key];
      return option.type === "text" && /FILE|DIR|PATH/.test(option.metavar);
    });
    const written = Object.keys(outputs.get(name)!);
    assertEquals(
      paths.filter((key) => !inputs.includes(key)).toSorted(),
      written.filter((key) => !inputs.includes(key)).toSorted(),
      name,
    );
  }
});

const ENGINE = ["--engine", "wasm", "--threads", "1"];

/** What else a task needs to come as far as writing. */
function needs(name: TaskName): string[] {
  const { options } = tasks.get(name)!;
  return [
    ...("dataset" in options && name !== "import" && name !== "fetch"
      ? ["--dataset", "synthetic"]
      : []),
    ...("engine" in options ? ENGINE : []),
  ];
}

/** Puts what a task reads into a folder. */
async function provide(folder: string): Promise<void> {
  const checkpoint = decodeCheckpoint(untrained());
  const { data, state } = checkpoint;
  const { digest } = await loadDataset(data.options);
  const trained = {
    ...checkpoint,
    data: { ...data, digest },
    state: { ...state, step: 1 },
    history: [{
      epoch: 1,
      step: 1,
      beta: 1,
      capacity: 0,
      train: { total: 3, reconstruction: 2, kl: 1 },
      validation: null,
      klPerDimension: [1, 0, 0],
    }],
  };
  const black = writeIdx({
    shape: [60_000, 28, 28],
    data: new Uint8Array(60_000 * 784),
  });
  const files = {
    "checkpoints/vae.safetensors": encodeCheckpoint(trained),
    "weights.safetensors": encodeWeights(trained),
    "from/train-images-idx3-ubyte": black,
    "bce.safetensors": encodeCheckpoint(modelOf()),
    "binary.idx": writeIdx({ shape: [2, 28, 28], data: digits(2) }),
    "digits.vae": await Deno.readFile(RECORDED),
  };
  for (const [path, bytes] of Object.entries(files)) {
    await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
    await Deno.writeFile(join(folder, path), bytes);
  }
}

/** Such a path is refused by name, with the way to allow it. */
function refusal(path: string): RegExp {
  return new RegExp(
    `^error: cannot write ${
      RegExp.escape(slashed(path))
    }.*: this process may not ` +
      `write there; Deno must be given write access to .*\n$`,
  );
}

for (const [name, options] of outputs) {
  if (Object.keys(options).length === 0) continue;
  Deno.test(`${name} writes nothing outside of its folder`, () =>
    inFolder(async (folder) => {
      const here = join(folder, "here");
      await provide(here);
      await Deno.mkdir(join(folder, "there"));
      for (const args of Object.values(options)) {
        for (const outside of ["../there", join(folder, "new")]) {
          const words = [...needs(name), ...args(outside)];
          await refuses(refusal(outside), here, name, words);
        }
      }
      const beside = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assertEquals(beside.sort(), ["here", "there"]);
      assertEquals(await snapshot(join(folder, "there")), new Map());
    }));
}

Deno.test("curves writes nothing through a link to a file outside", () =>
  inFolder(async (folder) => {
    const here = join(folder, "here");
    await provide(here);
    await Deno.writeTextFile(join(folder, "old.png"), "old");
    await Deno.symlink("../old.png", join(here, "new.png"), { type: "file" });
    const words = ["--out", "new.png"];
    await refuses(refusal("new.png"), here, "curves", words);
    assertEquals(await Deno.readTextFile(join(folder, "old.png")), "old");
    const link = await Deno.readLink(join(here, "new.png"));
    assertEquals(slashed(link), "../old.png");
  }));
