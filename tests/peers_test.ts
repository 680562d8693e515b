import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { OptionError } from "../lib/options/table.ts";
import {
  parsePeers,
  parseReport,
  PeerError,
  type PeerName,
  type PeerReport,
  type PeerRequest,
  type ProcessPeer,
  runPeer,
} from "../tasks/shared/peers.ts";
import { compareInTurn, comparisonTable } from "../tasks/shared/peers_table.ts";
import { inFolder } from "./folder.ts";
import { refuses } from "./process.ts";

const PRINTED = {
  name: "PyTorch",
  version: "2.13.0",
  build: "oneDNN, MKL",
  threads: 2,
  isFair: true,
  times: [
    { of: "step", variant: "eager", milliseconds: 30 },
    { of: "step", variant: "channels_last", milliseconds: 25 },
    { of: "step", variant: "compiled", error: "no compiler" },
  ],
};

const request: PeerRequest = {
  python: "python3",
  peers: null,
  threads: 2,
  batchSize: 16,
  latentDim: 12,
};

/** Writes a program that takes the place of a Python. */
async function fakePython(folder: string, body: string): Promise<string> {
  const path = join(folder, "python");
  await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

Deno.test("parsePeers() reads names once each and refuses others", () => {
  assertEquals(parsePeers(null), []);
  assertEquals(parsePeers("jax,pytorch, jax"), ["jax", "pytorch"]);
  for (const wrong of ["torch", "", "jax,", "none"]) {
    assertThrows(() => parsePeers(wrong), OptionError, "--compare takes some");
  }
});

Deno.test("parseReport() reads a report and nothing less", () => {
  assertEquals(parseReport(JSON.stringify(PRINTED)), {
    ...PRINTED,
    times: [
      { of: "step", variant: "eager", result: { milliseconds: 30 } },
      { of: "step", variant: "channels_last", result: { milliseconds: 25 } },
      { of: "step", variant: "compiled", result: { error: "no compiler" } },
    ],
  });
  const [time] = PRINTED.times;
  for (
    const wrong of [
      null,
      [],
      { ...PRINTED, version: 2 },
      { ...PRINTED, threads: "two" },
      { ...PRINTED, isFair: undefined },
      { ...PRINTED, times: [] },
      { ...PRINTED, times: [null] },
      { ...PRINTED, times: [{ ...time, of: "epoch" }] },
      { ...PRINTED, times: [{ ...time, milliseconds: 0 }] },
      { ...PRINTED, times: [{ ...time, milliseconds: "30" }] },
    ]
  ) {
    assertThrows(
      () => parseReport(JSON.stringify(wrong)),
      PeerError,
      "it printed no report",
    );
  }
  assertThrows(() => parseReport("Python 3.11.2\n"), PeerError, "Python 3.11");
});

Deno.test({
  name: "runPeer() gives a Python the script, the threads and the sizes",
  ignore: Deno.build.os === "windows", // its programs are no shell scripts
  fn: () =>
    inFolder(async (folder) => {
      const python = await fakePython(
        folder,
        `echo "$@" >"${folder}/words"; echo '${JSON.stringify(PRINTED)}'`,
      );
      const report = await runPeer("pytorch", { ...request, python });
      assertEquals(report, parseReport(JSON.stringify(PRINTED)));
      const words = await Deno.readTextFile(join(folder, "words"));
      const [script, ...options] = words.trim().split(" ");
      assert((await Deno.stat(script)).isFile);
      assertEquals(
        options.join(" "),
        "--threads 2 --batch-size 16 --latent-dim 12",
      );
    }),
});

Deno.test({
  name: "runPeer() says why a peer could not be timed",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const fails = async (
        peer: ProcessPeer,
        message: string,
        changes: Partial<PeerRequest>,
      ) => {
        await assertRejects(
          () => runPeer(peer, { ...request, ...changes }),
          PeerError,
          message,
        );
      };
      const python = join(folder, "python");
      await fails("jax", "there is no program", { python });
      await fakePython(
        folder,
        `echo Traceback >&2; echo "ModuleNotFoundError: no jax" >&2; exit 1`,
      );
      await fails("jax", "ModuleNotFoundError: no jax", { python });
      await fakePython(folder, "exit 3");
      await fails("jax", "ended with code 3", { python });
      await fakePython(folder, "exec yes");
      await fails("jax", "it wrote more than", { python });
      await Deno.writeTextFile(python, "no program", { mode: 0o644 });
      await fails("jax", "cannot run", { python });
      await fails("jax-js", "no --peers names a folder", {});
      await fails("onnxruntime", "has no onnxruntime-node", { peers: folder });
    }),
});

/** A peer that takes `times` milliseconds a step, one after another. */
function peer(name: string, log: string[], ...times: number[]) {
  let round = 0;
  return (): Promise<PeerReport> => {
    log.push(name);
    const milliseconds = times[round++];
    if (milliseconds === undefined) {
      return Promise.reject(new PeerError("killed"));
    }
    return Promise.resolve({
      ...PRINTED,
      name,
      times: [
        { of: "step", variant: "plain", result: { milliseconds } },
        {
          of: "step",
          variant: "slow",
          result: { milliseconds: 2 * milliseconds },
        },
      ],
    });
  };
}

Deno.test("compareInTurn() takes turns and compares medians", async () => {
  const log: string[] = [];
  const ours = [10, 40, 11];
  const comparison = await compareInTurn(
    3,
    () => {
      log.push("ours");
      return Promise.resolve({ step: ours.shift()! });
    },
    new Map<PeerName, () => Promise<PeerReport>>([
      ["pytorch", peer("A", log, 33, 20, 90)],
      ["jax", peer("B", log, 50)],
    ]),
  );
  assertEquals(log.join(" "), "ours A B ours A B ours A");
  assertEquals(comparison.ours, { step: { median: 11, min: 10 } });
  const [{ times }, ...others] = comparison.peers;
  assertEquals(others, []);
  assertEquals(times.map(({ ms }) => ms), [
    { median: 33, min: 20 },
    { median: 66, min: 40 },
  ]);
  assertEquals(times.map(({ isBest }) => isBest), [true, false]);
  assertAlmostEquals(times[0].ratio, 3);
  assertAlmostEquals(times[1].ratio, 6);
  assertEquals(comparison.notes, [
    "jax was not timed: killed (`pip install jax`, then name that Python " +
    "with --python FILE)",
  ]);

  const table = comparisonTable(comparison, 128);
  assertMatch(table[0], /^a training step of 128 images +ms +min +to ours$/);
  assertMatch(table[1], /^ours +11\.00 +10\.00 +1\.00$/);
  assertMatch(table[2], /^A 2\.13\.0, plain, its best +33\.00 +20\.00 +3\.00$/);
  assertMatch(table[3], /^A 2\.13\.0, slow +66\.00 +40\.00 +6\.00$/);
  assert(table.includes("A 2.13.0: oneDNN, MKL, 2 threads"));
  assertEquals(table.at(-1), `note: ${comparison.notes[0]}`);
});

Deno.test("compareInTurn() says that the machine was busy", async () => {
  const notes = async (...ours: number[]) => {
    const comparison = await compareInTurn(
      3,
      () => Promise.resolve({ step: ours.shift()! }),
      new Map([["pytorch", peer("A", [], 30, 30, 30)]]),
    );
    return comparison.notes.map((note) => note.slice(0, 20));
  };
  assertEquals(await notes(10, 12, 30), []);
  assertEquals(await notes(10, 13, 30), ["our own rounds diffe"]);
});

Deno.test("compareInTurn() says which build is no fair peer", async () => {
  const report = parseReport(
    JSON.stringify({ ...PRINTED, build: "no oneDNN, MKL", isFair: false }),
  );
  const { notes } = await compareInTurn(
    1,
    () => Promise.resolve({ step: 10 }),
    new Map([["pytorch", () => Promise.resolve(report)]]),
  );
  assertEquals(notes, [
    "PyTorch, compiled, was not timed: no compiler",
    "PyTorch 2.13.0 is no fair peer (no oneDNN, MKL): what most people " +
    "install is faster",
  ]);
});

Deno.test("bench can start programs only where peers are compared", async () => {
  const module = new URL("../tasks/shared/peers.ts", import.meta.url).href;
  const after = async (peers: string) => {
    const program = `
      import { keepPermissionsFor, parsePeers } from "${module}";
      await keepPermissionsFor(parsePeers(${peers}));
      console.log((await Deno.permissions.query({ name: "run" })).state);`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-run",
        `data:application/javascript,${encodeURIComponent(program)}`,
      ],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  assertEquals(await after("null"), "prompt");
  assertEquals(await after(`"tfjs"`), "prompt");
  assertEquals(await after(`"tfjs,jax"`), "granted");
});

Deno.test("bench --compare fails in one line where no peer is there", () =>
  inFolder((folder) =>
    refuses(
      /^error: pytorch was not timed: there is no program .*pip install torch/,
      folder,
      "bench",
      [
        ..."--batch-size 1 --threads 1 --engine wasm --compare pytorch".split(
          " ",
        ),
        ...["--python", join(folder, "python")],
      ],
    )
  ));
