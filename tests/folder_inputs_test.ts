/** Folders of images, among which nothing is written. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { saveCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { decodeCheckpoint } from "../lib/checkpoint/codec.ts";
import { WriteError } from "../lib/files/atomic_write.ts";
import { isIn, placesOf } from "../lib/files/folder_inputs.ts";
import { claim, readsFrom, willWrite } from "../tasks/shared/files.ts";
import { openCheckpoint } from "../tasks/shared/model.ts";
import { inFolder } from "./folder.ts";
import { untrained } from "./process.ts";

Deno.test("isIn() finds what is in a folder, or would be, by whatever name", () =>
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    for (const name of ["own/cat", "photos", "own.old"]) {
      await Deno.mkdir(at(name), { recursive: true });
    }
    await Deno.writeTextFile(at("one.png"), "x");
    await Deno.symlink(at("photos"), at("own/dog"), { type: "dir" });
    await Deno.symlink(at("one.png"), at("own/cat/1.png"), { type: "file" });
    await Deno.symlink(at("nothing"), at("own/cat/2.png"), { type: "file" });
    await Deno.symlink(at("own"), at("link"), { type: "dir" });
    await Deno.symlink(at("own/new.png"), at("new.png"), { type: "file" });
    const places = await placesOf(at("own"));
    const found = async (...names: string[]) =>
      await Promise.all(names.map((name) => isIn(at(name), places)));
    assertEquals(
      await found(
        ...["own/a.png", "own/cat/new/a.png", "link/cat/a.png", "own/..a.png"],
        ...["photos/a.png", "own/dog/a.png", "one.png", "new.png", "own"],
        "own.old/../own/a.png",
      ),
      Array(10).fill(true),
    );
    assertEquals(
      await found("a.png", "own.old/a.png", "own/../a.png", "two/a.png"),
      Array(4).fill(false),
    );
    assertEquals(await placesOf(at("one.png")), []);
    assertEquals(await placesOf(at("none")), []);
  }));

Deno.test("willWrite() refuses every file among images, also those of a model", () =>
  inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await Deno.mkdir(at("own/cat"), { recursive: true });
    await Deno.mkdir(at("trained"));
    readsFrom(at("own"));
    const run = decodeCheckpoint(untrained());
    const options = { ...run.data.options, images: at("trained") };
    await saveCheckpoint(at("vae.safetensors"), {
      ...run,
      data: { ...run.data, options },
    });
    await openCheckpoint(at("vae.safetensors"));
    for (
      const [path, images] of [
        ["own/cat/1.png", "own"],
        ["own/new/1.png", "own"],
        ["trained/1.png", "trained"],
      ]
    ) {
      for (const check of [willWrite, claim]) {
        await assertRejects(
          () => check(at(path), "png"),
          WriteError,
          `it is among the images in ${at(images)}: choose another folder`,
        );
      }
    }
    assertEquals(Array.from(Deno.readDirSync(at("own"))).length, 1);
    await willWrite(at("1.png"), "png");
  }));
