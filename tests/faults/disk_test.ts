import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadCheckpoint } from "../../lib/checkpoint/checkpoint.ts";
import { writeIdx } from "../../lib/formats/idx.ts";
import { inFolder } from "../folder.ts";
import { posixIsMissing } from "../platform.ts";
import {
  lineWords,
  type Result,
  runTask,
  runWell,
  snapshot,
} from "../process.ts";
import type { TaskName } from "../tasks.ts";

const CHECKPOINT = "checkpoints/vae.safetensors";

/** A run of some milliseconds; its checkpoint has 663,796 bytes. */
const BRIEF = [
  ..."--dataset synthetic --limit 4 --batch-size 2 --val-size 0".split(" "),
  ..."--engine wasm --threads 1 --latent-dim 2 --epochs".split(" "),
];
const NO_PLOTS = "--no-save-plots";

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

async function command(...[name, ...args]: string[]): Promise<boolean> {
  return (await new Deno.Command(name, { args, stderr: "null" }).output())
    .success;
}

const isRoot = !posixIsMissing &&
  await command("sh", "-c", '[ "$(id -u)" = 0 ]');

/** Root may, and not even root everywhere. */
const canMount = Deno.build.os === "linux" && isRoot &&
  await command("unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt");

/** The limit of a file's size stands in for a full disk where nobody mounts. */
const tmpfsTest: (test: Deno.TestDefinition) => void = canMount
  ? Deno.test
  : ({ name }) => console.log(`left out, for want of a tmpfs: ${name}`);

/** A small file system of memory. */
async function mount(
  folder: string,
  options: string,
): Promise<AsyncDisposable> {
  await Deno.mkdir(folder, { recursive: true });
  assert(await command("mount", "-t", "tmpfs", "-o", options, "none", folder));
  return {
    async [Symbol.asyncDispose]() {
      assert(await command("umount", folder));
    },
  };
}

/** As `runTask`, started by the words of `prefix`. */
async function runUnder(
  prefix: readonly string[],
  folder: string,
  name: TaskName,
  args: readonly string[],
): Promise<Result> {
  const [first, ...rest] = prefix;
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(first, {
    args: [
      ...[...rest, Deno.execPath(), ...lineWords(name)],
      ...[`--config=${root}deno.json`, `${root}tasks/${name}.ts`],
      ...args,
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** A task failed with a last line on stderr that ends with `message`. */
function assertFailed({ code, stdout, stderr }: Result, message: string): void {
  assertStringIncludes(`\n${stderr}`, `\nerror: ${message}\n`);
  assertMatch(stderr, /(^|\n)error: .*\n$/);
  assertEquals({ code, stdout }, { code: 1, stdout: "" });
}

async function epochsOf(folder: string): Promise<number> {
  return (await loadCheckpoint(join(folder, CHECKPOINT))).history.length;
}

/** Lets no file be larger; works where mounting is not allowed. */
function limited(kibibytes: number): string[] {
  const limit = `trap '' XFSZ; ulimit -f ${kibibytes}; exec "$@"`;
  return ["bash", "-c", limit, "bash"];
}

Deno.test("train keeps the last checkpoint where a file may not be as large", {
  ignore: posixIsMissing,
}, () =>
  inFolder(async (folder) => {
    const begin = [...BRIEF, "3", NO_PLOTS];
    const none = await runUnder(limited(300), folder, "train", begin);
    const cannot = `cannot write ${CHECKPOINT}: File too large`;
    assertFailed(none, `${cannot}; nothing was saved`);
    assertEquals([...(await snapshot(folder)).keys()], []);

    await runWell(folder, "train", [...BRIEF, "2", NO_PLOTS]);
    const before = await snapshot(folder);
    const resume = ["--resume", CHECKPOINT, "--epochs", "3", NO_PLOTS];
    assertFailed(
      await runUnder(limited(300), folder, "train", resume),
      `${cannot}; nothing was saved`,
    );
    assertFailed(
      await runUnder(limited(1), folder, "sample", []),
      "cannot write samples.png: File too large",
    );
    assertEquals(await snapshot(folder), before);
    await runWell(folder, "train", resume);
    assertEquals(await epochsOf(folder), 3);
  }));

tmpfsTest({
  name: "train keeps the last checkpoint on a full disk",
  fn: () =>
    inFolder(async (folder) => {
      // Room for one checkpoint and the half of the next.
      const checkpoints = join(folder, "checkpoints");
      await using _disk = await mount(checkpoints, "size=1000k");
      const full = `cannot write ${CHECKPOINT}: no space left on the device`;
      const first = await runTask(folder, "train", [...BRIEF, "3", NO_PLOTS]);
      assertFailed(
        first,
        `${full}; ${CHECKPOINT} holds the run after step 2. Continue with: ` +
          `deno task train --resume ${CHECKPOINT} --engine wasm --threads 1 ` +
          "--no-save-plots",
      );
      assertEquals(names(checkpoints), ["vae.safetensors"]);
      const before = await snapshot(folder);
      const resume = ["--resume", CHECKPOINT, NO_PLOTS, "--epochs", "3"];
      assertFailed(
        await runTask(folder, "train", resume),
        `${full}; nothing was saved`,
      );
      assertEquals(await snapshot(folder), before);

      // Not a byte is left, not even for the lock.
      const filler = join(checkpoints, "filler");
      await command("dd", "if=/dev/zero", `of=${filler}`, "bs=4k");
      assertFailed(await runTask(folder, "train", resume), full);
      await Deno.remove(filler);
      assertEquals(await snapshot(folder), before);

      assert(
        await command("mount", "-o", "remount,size=2000k", checkpoints),
      );
      await runWell(folder, "train", resume);
      assertEquals(await epochsOf(folder), 3);
    }),
});

tmpfsTest({
  name: "train keeps its checkpoint where the disk of its pictures is full",
  fn: () =>
    inFolder(async (folder) => {
      const plots = join(folder, "plots");
      await using _disk = await mount(plots, "size=16k");
      const result = await runTask(folder, "train", [...BRIEF, "2"]);
      assertMatch(
        result.stderr,
        /\nerror: cannot write plots\/[a-z-]+\.png: no space left on the device; checkpoints\/vae\.safetensors holds the run after step 4\. Continue with: deno task train --resume .+\n$/,
      );
      assertEquals([result.code, result.stdout], [1, ""]);
      assertEquals(await epochsOf(folder), 2);
      for (const name of names(plots)) assertMatch(name, /^[a-z-]+\.png$/);
      assertEquals(names(join(folder, "checkpoints")), ["vae.safetensors"]);
    }),
});

/** The first run of each: what messages call it, and its file. */
const several = {
  sweep: { name: "β = 1, 2 latent dimensions", file: "beta-1-latent-2" },
  compare: { name: "autoencoder", file: "autoencoder" },
} as const;

for (const task of ["sweep", "compare"] as const) {
  const { name, file } = several[task];
  const path = `checkpoints/${task}/${file}.safetensors`;
  const args = [...BRIEF, "2", "--beta", "1"];
  const next = `Continue with: deno task ${task} ${args.join(" ")}`;

  Deno.test(`${task} says how to go on where a file may not be as large`, () =>
    inFolder(async (folder) => {
      assertFailed(
        await runUnder(limited(300), folder, task, args),
        `${name}: cannot write ${path}: File too large; nothing was saved. ` +
          next,
      );
      assertEquals([...(await snapshot(folder)).keys()], []);
    }));

  tmpfsTest({
    name: `${task} keeps what is saved on a full disk, and goes on from there`,
    fn: () =>
      inFolder(async (folder) => {
        // Room for one checkpoint and the half of the next.
        const checkpoints = join(folder, "checkpoints");
        await using _disk = await mount(checkpoints, "size=1000k");
        const kept = `${path} holds the run after step 2. ${next}`;
        const full = `cannot write ${path}: no space left on the device`;
        assertFailed(
          await runTask(folder, task, args),
          `${name}: ${full}; ${kept}`,
        );
        assertEquals([...(await snapshot(folder)).keys()], [path]);
        // What an earlier process has saved is kept, and named, too.
        const before = await snapshot(folder);
        assertFailed(
          await runTask(folder, task, args),
          `${name}: ${full}; ${kept}`,
        );
        assertEquals(await snapshot(folder), before);
        assert(
          await command("mount", "-o", "remount,size=9000k", checkpoints),
        );
        const { stderr } = await runWell(folder, task, args);
        assertStringIncludes(stderr, `${name}: going on after step 2\n`);
      }),
  });

  tmpfsTest({
    name: `${task} keeps its models where the disk of its pictures is full`,
    fn: () =>
      inFolder(async (folder) => {
        const plots = join(folder, "plots");
        await using _disk = await mount(plots, "size=8k");
        const out = task === "compare" ? ["--out", "plots/picture.png"] : [];
        const { code, stdout, stderr } = await runTask(
          folder,
          task,
          [...args, ...out],
        );
        assertMatch(
          stderr,
          /\nerror: cannot write plots\/\S+\.png: no space left on the device; (all runs|both models) are saved\. Continue with: deno task .+\n$/,
        );
        assertEquals([code, stdout], [1, ""]);
        const [, again] = stderr.match(/deno task \w+ (.+)\n$/)!;
        assertEquals(again.split(" "), [...args, ...out]);
      }),
  });
}

/**
 * Training images in a folder, decompressed: the digests of KMNIST's gzip files
 * are known.
 */
async function mirror(folder: string): Promise<string> {
  const shape = [60_000, 28, 28];
  const data = new Uint8Array(60_000 * 784);
  await Deno.writeFile(
    join(folder, "train-images-idx3-ubyte"),
    writeIdx({ shape, data }),
  );
  return folder;
}

const IMAGES = "data/kmnist/train-images-idx3-ubyte";

Deno.test("fetch leaves nothing of a file that may not be as large", {
  ignore: posixIsMissing,
}, () =>
  inFolder(async (folder) => {
    const from = await mirror(folder);
    const args = ["--dataset", "kmnist", "--from", from];
    assertFailed(
      await runUnder(limited(300), folder, "fetch", args),
      `cannot write ${IMAGES}: File too large`,
    );
    assertEquals(names(join(folder, "data/kmnist")), []);
  }));

tmpfsTest({
  name: "fetch leaves nothing on a full disk",
  fn: () =>
    inFolder(async (folder) => {
      const from = await mirror(folder);
      await using _disk = await mount(join(folder, "data"), "size=1m");
      assertFailed(
        await runTask(folder, "fetch", ["--dataset", "kmnist", "--from", from]),
        `cannot write ${IMAGES}: no space left on the device`,
      );
      assertEquals(names(join(folder, "data/kmnist")), []);
    }),
});

// Root is bound by the permissions of files once it has no capabilities.
const UNPRIVILEGED = isRoot
  ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
  : ["env"];

Deno.test("tasks keep what is in a folder that may not be written to", {
  ignore: posixIsMissing,
}, () =>
  inFolder(async (folder) => {
    await runWell(folder, "train", [...BRIEF, "1"]);
    await mirror(folder);
    const before = await snapshot(folder);
    const folders = ["checkpoints", "plots", "."];
    const allow = async (mode: number, ...names: string[]) => {
      for (const name of names) await Deno.chmod(join(folder, name), mode);
    };
    await allow(0o555, ...folders);
    const resume = ["--resume", CHECKPOINT, "--epochs", "2"];
    const cases: [TaskName, string[], string][] = [
      ["train", [...resume, NO_PLOTS], CHECKPOINT],
      ["train", [...resume, "--checkpoint", "new/vae"], "new/vae"],
      ["sample", ["--out", "plots/samples.png"], "plots/samples.png"],
      ["fetch", ["--dataset", "kmnist", "--from", "."], IMAGES],
    ];
    for (const [name, args, path] of cases) {
      assertFailed(
        await runUnder(UNPRIVILEGED, folder, name, args),
        `cannot write ${path}: permission denied`,
      );
    }
    // The pictures are the last to be written, and tried before the training.
    await allow(0o755, "checkpoints");
    assertFailed(
      await runUnder(UNPRIVILEGED, folder, "train", resume),
      "cannot write plots/loss-curves.png: permission denied",
    );
    await allow(0o755, ...folders);
    assertEquals(await snapshot(folder), before);
  }));

tmpfsTest({
  name: "train keeps its checkpoint on a read-only file system",
  fn: () =>
    inFolder(async (folder) => {
      const checkpoints = join(folder, "checkpoints");
      await using _disk = await mount(checkpoints, "size=2000k");
      await runWell(folder, "train", [...BRIEF, "1", NO_PLOTS]);
      const before = await snapshot(folder);
      assert(await command("mount", "-o", "remount,ro", checkpoints));
      assertFailed(
        await runTask(folder, "train", ["--resume", CHECKPOINT]),
        `cannot write ${CHECKPOINT}: the file system is read-only`,
      );
      assertEquals(await snapshot(folder), before);
    }),
});

Deno.test("tasks name a folder that is where a file should be", () =>
  inFolder(async (folder) => {
    const isFolder = "it is a folder, not a file";
    await Deno.mkdir(join(folder, "plots/loss-curves.png"), {
      recursive: true,
    });
    assertFailed(
      await runTask(folder, "train", [...BRIEF, "1"]),
      `cannot write plots/loss-curves.png: ${isFolder}`,
    );
    assertEquals([...(await snapshot(folder)).keys()], []);

    await Deno.remove(join(folder, "plots/loss-curves.png"));
    await Deno.mkdir(join(folder, "plots/samples.png"));
    assertFailed(
      await runTask(folder, "train", [...BRIEF, "1"]),
      `cannot write plots/samples.png: ${isFolder}`,
    );
    assertEquals([...(await snapshot(folder)).keys()], []);

    await Deno.mkdir(join(folder, IMAGES), { recursive: true });
    const { code, stderr } = await runTask(
      folder,
      "fetch",
      ["--dataset", "kmnist", "--from", await mirror(folder)],
    );
    assertEquals(stderr, `error: cannot write ${IMAGES}: ${isFolder}\n`);
    assertEquals(code, 1);
  }));

Deno.test("train and sample write through links, and not in circles", {
  ignore: posixIsMissing,
}, () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "far"));
    await Deno.symlink("far", join(folder, "checkpoints"));
    await Deno.symlink("real", join(folder, "far/vae.safetensors"));
    await Deno.symlink("far/new.png", join(folder, "dangling.png"));
    await Deno.symlink("loop.png", join(folder, "loop.png"));
    for (const epochs of ["1", "2"]) {
      await runWell(folder, "train", [...BRIEF, epochs, NO_PLOTS]);
    }
    assertEquals(await epochsOf(folder), 2);
    await runWell(folder, "sample", ["--out", "dangling.png"]);
    assertFailed(
      await runTask(folder, "sample", ["--out", "loop.png"]),
      "cannot write loop.png: its symbolic links lead in a circle",
    );
    assertEquals(names(folder), [
      ...["checkpoints", "dangling.png", "far", "loop.png"],
    ]);
    assertEquals(names(join(folder, "far")), [
      ...["new.png", "real", "real.1", "vae.safetensors"],
    ]);
    assertEquals(
      await Deno.readLink(join(folder, "far/vae.safetensors")),
      "real",
    );
  }));
