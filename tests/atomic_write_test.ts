import {
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { join } from "node:path";
import {
  atomicWrite,
  checkWritable,
  WriteError,
} from "../lib/files/atomic_write.ts";
import { lockCheckpoint } from "../lib/files/lock.ts";
import { inFolder } from "./folder.ts";
import { linuxIsMissing } from "./platform.ts";

const OLD = new TextEncoder().encode("old content, longer than the new");
const NEW = new TextEncoder().encode("new");

/** Windows has to be told what a link leads to. */
const FILE_LINK = { type: "file" } as const;

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

Deno.test("atomicWrite() makes the folder and leaves only the file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a", "b", "file.bin");
    await atomicWrite(path, NEW);
    assertEquals(await Deno.readFile(path), NEW);
    assertEquals(names(join(folder, "a", "b")), ["file.bin"]);
  }));

Deno.test("atomicWrite() replaces a longer file by a rename", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file.bin");
    await Deno.writeFile(path, OLD);
    using reader = await Deno.open(path);
    await atomicWrite(path, NEW);
    assertEquals(await Deno.readFile(path), NEW);
    // One who had the old file open still has the whole of it.
    const seen = new Uint8Array(100);
    const n = await reader.read(seen);
    assertEquals(seen.subarray(0, n ?? 0), OLD);
  }));

Deno.test("atomicWrite() writes an empty file", () =>
  inFolder(async (folder) => {
    await atomicWrite(join(folder, "empty"), new Uint8Array());
    assertEquals((await Deno.stat(join(folder, "empty"))).size, 0);
  }));

Deno.test("atomicWrite() writes to the target of a link and keeps the link", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "far"));
    await Deno.writeFile(join(folder, "far", "file"), OLD);
    await Deno.symlink(join("far", "file"), join(folder, "first"), FILE_LINK);
    await Deno.symlink("first", join(folder, "second"), FILE_LINK);
    await atomicWrite(join(folder, "second"), NEW);
    assertEquals(await Deno.readFile(join(folder, "far", "file")), NEW);
    assertEquals(await Deno.readLink(join(folder, "second")), "first");
    assertEquals(names(folder), ["far", "first", "second"]);
    assertEquals(names(join(folder, "far")), ["file"]);
  }));

Deno.test("atomicWrite() fills in a dangling link", () =>
  inFolder(async (folder) => {
    await Deno.symlink(join("new", "file"), join(folder, "link"), FILE_LINK);
    await atomicWrite(join(folder, "link"), NEW);
    assertEquals(await Deno.readFile(join(folder, "new", "file")), NEW);
    assertStrictEquals(
      (await Deno.lstat(join(folder, "link"))).isSymlink,
      true,
    );
  }));

Deno.test("atomicWrite() refuses links in a circle", () =>
  inFolder(async (folder) => {
    await Deno.symlink("b", join(folder, "a"), FILE_LINK);
    await Deno.symlink("a", join(folder, "b"), FILE_LINK);
    await assertRejects(
      () => atomicWrite(join(folder, "a"), NEW),
      WriteError,
      "lead in a circle",
    );
  }));

Deno.test("atomicWrite() refuses a folder", () =>
  inFolder(async (folder) => {
    for (const path of [folder, join(folder, "missing") + "/"]) {
      const error = await assertRejects(
        () => atomicWrite(path, NEW),
        WriteError,
      );
      assertEquals(
        error.message,
        `cannot write ${path}: it is a folder, not a file`,
      );
    }
  }));

Deno.test("atomicWrite() refuses a path through a file and keeps the file", () =>
  inFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeFile(file, OLD);
    for (const path of [join(file, "x"), join(file, "x", "y")]) {
      await assertRejects(
        () => atomicWrite(path, NEW),
        WriteError,
        `cannot write ${path}: a part of the path is a file, not a folder`,
      );
    }
    assertEquals(await Deno.readFile(file), OLD);
  }));

Deno.test("atomicWrite() and lockCheckpoint() take the longest names there are", () =>
  inFolder(async (folder) => {
    for (const bytes of [241, 242, 249, 250, 254, 255]) {
      for (const letter of ["a", "é", "😀"]) {
        const size = new TextEncoder().encode(letter).length;
        const fill = letter.repeat(Math.floor(bytes / size));
        const path = join(folder, fill.padEnd(fill.length + bytes % size, "b"));
        await atomicWrite(path, OLD);
        await checkWritable(path);
        await atomicWrite(path, NEW);
        using lock = await lockCheckpoint(path);
        assertEquals([lock.held, await Deno.readFile(path)], [true, NEW]);
      }
    }
    assertEquals(names(folder).filter((name) => name.startsWith(".")), []);
    await assertRejects(
      () => atomicWrite(join(folder, "a".repeat(256)), NEW),
      WriteError,
      "the name is too long",
    );
  }));

Deno.test("atomicWrite() keeps the old file and no temporary when it fails", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeFile(path, OLD);
    using _file = failingSync();
    const error = await assertRejects(() => atomicWrite(path, NEW), WriteError);
    assertEquals(error.message, `cannot write ${path}: the disk caught fire`);
    assertEquals(await Deno.readFile(path), OLD);
    assertEquals(names(folder), ["file"]);
  }));

/** Makes the flush to disk fail until it is disposed. */
function failingSync(): Disposable {
  const { sync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.sync = () =>
    Promise.reject(new Error("the disk caught fire"));
  return { [Symbol.dispose]: () => void (Deno.FsFile.prototype.sync = sync) };
}

Deno.test("atomicWrite() leaves nothing behind when the process exits", () =>
  inFolder(async (folder) => {
    const module = new URL(
      "../lib/files/atomic_write.ts",
      import.meta.url,
    );
    const code = `
      import { atomicWrite } from "${module}";
      atomicWrite(${JSON.stringify(join(folder, "file"))}, new Uint8Array(3e8));
      while ([...Deno.readDirSync(${JSON.stringify(folder)})].length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      Deno.exit(130);`;
    const { code: exit } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
    }).output();
    assertEquals(exit, 130);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("atomicWrite() removes what dead writers of its file have left, and no more", () =>
  inFolder(async (folder) => {
    const dead = ".file.0123abcd.tmp";
    const alive = ".file.89abcdef.tmp";
    const others = [
      ".file.0123abcd.lock",
      ".file.abc.tmp",
      ".file.png.0123abcd.tmp",
      "file.0123abcd.tmp",
    ];
    for (const name of [dead, ...others]) {
      await Deno.writeFile(join(folder, name), OLD);
    }
    const writer = await Deno.open(join(folder, alive), {
      write: true,
      createNew: true,
    });
    await writer.lock(true);
    await atomicWrite(join(folder, "file"), NEW);
    assertEquals(names(folder), [...others, alive, "file"].sort());

    writer.close();
    await checkWritable(join(folder, "file"));
    assertEquals(names(folder), [...others, "file"].sort());
    assertEquals(await Deno.readFile(join(folder, "file")), NEW);
  }));

Deno.test("atomicWrite() can be called for one file by several processes at once", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    const module = new URL(
      "../lib/files/atomic_write.ts",
      import.meta.url,
    );
    const write = `
      import { atomicWrite } from "${module}";
      for (let i = 0; i < 100; i++) {
        await atomicWrite(${
      JSON.stringify(path)
    }, new Uint8Array(9999).fill(Deno.pid));
      }`;
    const results = await Promise.all(
      [0, 1, 2].map(() =>
        new Deno.Command(Deno.execPath(), { args: ["eval", write] }).output()
      ),
    );
    for (const { code, stderr } of results) {
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    }
    const bytes = await Deno.readFile(path);
    assertEquals(bytes, new Uint8Array(9999).fill(bytes[0]));
    assertEquals(names(folder), ["file"]);
  }));

Deno.test({
  name: "atomicWrite() writes to devices directly and names a full disk",
  ignore: linuxIsMissing,
  async fn() {
    // Deno opens devices only with every permission, which `deno eval` has.
    const module = new URL(
      "../lib/files/atomic_write.ts",
      import.meta.url,
    );
    const code = `
      import { atomicWrite } from "${module}";
      await atomicWrite("/dev/null", new Uint8Array(10));
      await atomicWrite("/dev/full", new Uint8Array(10))
        .catch((error) => console.log(error.name, error.message));
      for (const path of ["/dev/null", "/dev/full"]) {
        console.log(Deno.statSync(path).isCharDevice);
      }`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
    }).output();
    assertEquals(new TextDecoder().decode(stdout).split("\n"), [
      "WriteError cannot write /dev/full: no space left on the device",
      "true",
      "true",
      "",
    ]);
  },
});

Deno.test({
  name: "atomicWrite() says so where a task has no permission to write",
  permissions: { read: true, write: false },
  async fn() {
    const error = await assertRejects(
      () => atomicWrite("nowhere/file", NEW),
      WriteError,
    );
    assertMatch(
      error.message,
      /^cannot write nowhere\/file: this process may not write there; Deno must be given write access to ".*nowhere"/,
    );
    assertNotMatch(error.message, /\n/);
  },
});
