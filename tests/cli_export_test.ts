import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { decodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { encodeWeights } from "../lib/checkpoint/weights.ts";
import { layersModels } from "../lib/interop/keras_model.ts";
import { onnxModels } from "../lib/interop/onnx_model.ts";
import { encodePth } from "../lib/interop/torch_writer.ts";
import { hubFolder } from "../tasks/shared/hub_folder.ts";
import { refuses, runTask, runWell, snapshot, untrained } from "./process.ts";
import { inFolder } from "./folder.ts";

const GOOD = untrained();
const checkpoint = decodeCheckpoint(GOOD);

/** What each format writes, by its default paths. */
const formats: Record<string, Map<string, Uint8Array>> = {
  safetensors: new Map([[
    "weights.safetensors",
    encodeWeights(checkpoint, { trained_on: "synthetic" }),
  ]]),
  pth: new Map([["vae.pth", encodePth(checkpoint)]]),
  onnx: below("onnx", onnxModels(checkpoint)),
  tfjs: below("tfjs", layersModels(checkpoint)),
  hub: below("hub", await hubFolder(checkpoint)),
};

/** What opens each of them. */
const OPENERS: Record<string, string> = {
  safetensors: 'load_file("weights.safetensors")',
  pth: 'torch.load("vae.pth", weights_only=True)',
  onnx: 'InferenceSession("onnx/decoder.onnx")',
  tfjs: 'loadLayersModel("tfjs/decoder/model.json")',
  hub: "hf upload NAME/MODEL hub",
};

function below(
  folder: string,
  files: Map<string, Uint8Array>,
): Map<string, Uint8Array> {
  return new Map(
    [...files].map(([name, bytes]) => [join(folder, name), bytes]),
  );
}

for (const [format, files] of Object.entries(formats)) {
  Deno.test(`export --format ${format} writes the model's files`, () =>
    inFolder(async (folder) => {
      const path = join("checkpoints", "vae.safetensors");
      await Deno.mkdir(join(folder, "checkpoints"));
      await Deno.writeFile(join(folder, path), GOOD);
      const { stdout, stderr } = await runWell(
        folder,
        "export",
        ["--format", format],
      );
      assertEquals(stderr, "");
      assertEquals(await snapshot(folder), new Map([[path, GOOD], ...files]));
      const lines = stdout.trimEnd().split("\n");
      // How to open them is said in a line, or in one and the code after it.
      assertEquals(lines.length, files.size + (format === "html" ? 1 : 2));
      [...files.keys()].forEach((file, i) =>
        assertMatch(lines[i], new RegExp(`^${file}: \\d+ kB$`))
      );
      assertStringIncludes(lines.at(-1)!, OPENERS[format]);
    }));
}

Deno.test("export --format hub keeps a card that someone has edited", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "a.st"), GOOD);
    const args = "--checkpoint a.st --format hub".split(" ");
    await runWell(folder, "export", args);
    assertEquals((await runWell(folder, "export", args)).stderr, "");
    const card = join(folder, "hub", "README.md");
    await Deno.writeTextFile(card, "mine");
    const { stderr } = await runWell(folder, "export", args);
    assertMatch(
      stderr,
      /note: what was hub\/README\.md is now hub\/README\.1\.md/,
    );
    assertEquals(
      await Deno.readTextFile(join(folder, "hub", "README.1.md")),
      "mine",
    );
  }));

Deno.test("export --json lists the files that it has written", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "a.st"), GOOD);
    const { stdout } = await runWell(folder, "export", [
      ..."--checkpoint a.st --format onnx --out-dir to/here --json".split(" "),
    ]);
    const files = [...formats.onnx].map(([path, { length }]) => ({
      path: path.replace(/^onnx/, join("to", "here")),
      bytes: length,
    }));
    const printed = JSON.parse(stdout);
    assertEquals(printed, { format: "onnx", out: "to/here", files });
    for (const { path, bytes } of files) {
      assertEquals((await Deno.stat(join(folder, path))).size, bytes);
    }
  }));

Deno.test("export writes the explorer unless told otherwise", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "a.st"), GOOD);
    const { stdout } = await runWell(folder, "export", [
      "--checkpoint",
      "a.st",
    ]);
    assertMatch(stdout, /^explorer\.html: \d+ kB\n.*browser.*explorer\.html/);
    const page = await Deno.readTextFile(join(folder, "explorer.html"));
    assertMatch(page, /^<!doctype html>/i);
    assertEquals([...(await snapshot(folder)).keys()], [
      "a.st",
      "explorer.html",
    ]);
  }));

Deno.test("export refuses what it cannot write before it writes anything", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "a.st"), GOOD);
    await Deno.writeTextFile(join(folder, "file"), "mine");
    await Deno.mkdir(join(folder, "folder", "decoder.onnx"), {
      recursive: true,
    });
    const to = (
      format: string,
      out: string,
    ) => [
      "--checkpoint",
      "a.st",
      "--format",
      format,
      isGraph(format) ? "--out-dir" : "--out",
      out,
    ];
    const isGraph = (format: string) => /onnx|tfjs/.test(format);
    const isFolder = /cannot write folder: it is a folder, not a file/;
    const isFile = /write file\/enc.*: a part of the path is a file, not a fol/;
    const isCheckpoint = /a\.st: it is read here: choose another name/;
    await refuses(isFolder, folder, "export", to("safetensors", "folder"));
    await refuses(isFolder, folder, "export", to("html", "folder"));
    await refuses(isFile, folder, "export", to("onnx", "file"));
    await refuses(isFile, folder, "export", to("tfjs", "file"));
    await refuses(
      /cannot write folder\/decoder\.onnx: it is a folder/,
      folder,
      "export",
      to("onnx", "folder"),
    );
    await refuses(isCheckpoint, folder, "export", to("safetensors", "./a.st"));
    await refuses(isCheckpoint, folder, "export", to("html", "a.st"));
  }));

Deno.test("export --format pth keeps a run that went on elsewhere", () =>
  inFolder(async (folder) => {
    await Deno.writeFile(join(folder, "a.st"), GOOD);
    const pth = join(folder, "vae.pth");
    const words = ["--checkpoint", "a.st", "--format", "pth"];
    await runWell(folder, "export", words);
    await runWell(folder, "export", words); // the same bytes: nothing to keep
    const other = new Uint8Array([...await Deno.readFile(pth), 0]);
    await Deno.writeFile(pth, other);
    const { stderr } = await runWell(folder, "export", words);
    assertStringIncludes(stderr, "vae.1.pth");
    assertEquals(await Deno.readFile(join(folder, "vae.1.pth")), other);
    await assertRejects(
      () => Deno.stat(join(folder, "vae.2.pth")),
      Deno.errors.NotFound,
    );
  }));

Deno.test("export wants a checkpoint and a format that it knows", () =>
  inFolder(async (folder) => {
    await refuses(/there is no checkpoint checkpoints\/vae/, folder, "export", [
      "--format",
      "onnx",
    ]);
    const { code, stderr } = await runTask(folder, "export", [
      "--format",
      "pdf",
    ]);
    assertMatch(
      stderr,
      /--format .*html, safetensors, pth, onnx, tfjs, hub, not "pdf"/,
    );
    assertEquals(code, 2);
    const file = await runTask(folder, "export", ["--out-dir", "a"]);
    assertMatch(file.stderr, /html writes a file: .* --out, not --out-dir\n/);
    const graph = ["--format", "onnx", "--embed", "0"];
    const none = await runTask(folder, "export", graph);
    assertMatch(none.stderr, /--embed is for --format html/);
    assertEquals(file.code, 2);
    assertEquals(await snapshot(folder), new Map());
  }));
