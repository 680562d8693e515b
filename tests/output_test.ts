import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { writeIdx } from "../lib/formats/idx.ts";
import { WriteError } from "../lib/files/atomic_write.ts";
import { kindOf } from "../lib/files/kind.ts";
import { lockCheckpoint } from "../lib/files/lock.ts";
import { checkOutput, isSameFile, setAside } from "../lib/files/output.ts";
import { encodeGif } from "../lib/image/gif.ts";
import { encodePng } from "../lib/image/png.ts";
import { grid } from "../lib/image/grid.ts";
import { onnxModels } from "../lib/interop/onnx_model.ts";
import { layersModels } from "../lib/interop/keras_model.ts";
import { decodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { inFolder } from "./folder.ts";
import { untrained } from "./process.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("kindOf() knows all that is written here", () => {
  const picture = grid(new Float32Array(784));
  const checkpoint = decodeCheckpoint(untrained());
  assertEquals(kindOf(encodePng(picture)), "png");
  assertEquals(kindOf(encodeGif([{ picture, delay: 1 }], "")), "gif");
  assertEquals(kindOf(untrained()), "safetensors");
  assertEquals(kindOf(encodeWeights(checkpoint)), "safetensors");
  assertEquals(
    kindOf(writeIdx({ shape: [1], data: Uint8Array.of(1) })),
    "idx",
  );
  for (const model of onnxModels(checkpoint).values()) {
    assertEquals(kindOf(model), "onnx");
  }
  for (const [name, bytes] of layersModels(checkpoint)) {
    assertEquals(kindOf(bytes), name.endsWith(".json") ? "json" : "binary");
  }
});

Deno.test("kindOf() knows foreign files by their first bytes", async () => {
  const legacy = new URL("fixtures/torch-1.13.pth", import.meta.url);
  assertEquals(kindOf(await Deno.readFile(legacy)), "zip");
  const cases: [Uint8Array, ReturnType<typeof kindOf>][] = [
    [new Uint8Array(), undefined],
    [Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), "jpeg"],
    [encode("%PDF-1.7\n"), "pdf"],
    [Uint8Array.of(0x80, 2, 0x8a, 10), "pickle"],
    [Uint8Array.of(0x80, 4, 0x95, 10), "pickle"],
    [Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10), "hdf5"],
    [Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59), "npy"],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), "gzip"],
    [encode("\n <!doctype html>"), "html"],
    [encode('{"a": 1}'), "json"],
    [encode("# Ωmega\n"), "text"],
    // A character of four bytes that the 512th byte cuts in two.
    [encode(`${"a".repeat(510)}😀`), "text"],
    [Uint8Array.of(0, 1, 2), "binary"],
    [encode("text\0"), "binary"],
  ];
  for (const [bytes, kind] of cases) assertEquals(kindOf(bytes), kind);
});

Deno.test("checkOutput() lets a file be made, replaced by its kind or filled", () =>
  inFolder(async (folder) => {
    const path = join(folder, "new", "a.png");
    await checkOutput(path, { kind: "png", inputs: [folder, "elsewhere"] });
    assertEquals([...Deno.readDirSync(join(folder, "new"))], []);
    await Deno.writeFile(path, new Uint8Array());
    await checkOutput(path, { kind: "png", inputs: [] });
    await Deno.writeFile(path, encodePng(grid(new Float32Array(784))));
    await checkOutput(path, { kind: "png", inputs: [] });
    await assertRejects(
      () => checkOutput(path, { kind: "safetensors", inputs: [] }),
      WriteError,
      "it is a PNG picture, and a safetensors file would replace it",
    );
  }));

Deno.test("checkOutput() refuses an input behind a link, and one not there yet", () =>
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await Deno.writeTextFile(at("a"), "text");
    await Deno.symlink("a", at("b"), { type: "file" });
    await Deno.link(at("a"), at("c"));
    for (const name of ["a", "b", "c"]) {
      await assertRejects(
        () => checkOutput(at(name), { kind: "text", inputs: [at("b")] }),
        WriteError,
        "is read here: choose another name",
      );
    }
    assertEquals(await isSameFile(at("b"), at("c")), true);
    assertEquals(await isSameFile(at("a"), at("none")), false);
    assertEquals(await isSameFile(at("none"), at("x/../none")), true);
  }));

Deno.test("checkOutput() does not mind the process's own lock", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    using _lock = await lockCheckpoint(path);
    await checkOutput(path, { kind: "safetensors", inputs: [] });
  }));

Deno.test("setAside() takes the next number and moves what a link leads to", () =>
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    assertEquals(await setAside(at("a.b.st")), undefined);
    for (const n of [1, 2]) {
      await Deno.writeTextFile(at("a.b.st"), `run ${n}`);
      assertEquals(await setAside(at("a.b.st")), at(`a.b.${n}.st`));
    }
    await Deno.mkdir(at("far"));
    await Deno.writeTextFile(at("far/run"), "run 3");
    await Deno.symlink(join("far", "run"), at("link"), { type: "file" });
    assertEquals(await setAside(at("link")), at("far/run.1"));
    assertEquals(await Deno.readTextFile(at("a.b.1.st")), "run 1");
    assertEquals(await Deno.readTextFile(at("a.b.2.st")), "run 2");
    assertEquals(await Deno.readTextFile(at("far/run.1")), "run 3");
  }));
