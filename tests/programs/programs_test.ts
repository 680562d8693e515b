/**
 * The programs of a release, as those have them who have no Deno: from the
 * folder VAE_PROGRAMS, in an empty one, with nothing on the PATH.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { inFolder } from "../folder.ts";
import { signalsAreMissing, slashed } from "../platform.ts";

const programs = Deno.env.get("VAE_PROGRAMS")!;

function start(folder: string, line: string): Deno.ChildProcess {
  const [name, ...args] = line.split(" ");
  return new Deno.Command(join(programs, name), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1", PATH: "", XDG_RUNTIME_DIR: folder },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a program; returns what it printed. */
async function run(folder: string, line: string, code = 0): Promise<string> {
  const output = await start(folder, line).output();
  const [said, complaint] = [output.stdout, output.stderr]
    .map((bytes) => slashed(new TextDecoder().decode(bytes)));
  assertEquals(output.code, code, said + complaint);
  return code === 0 ? said : complaint;
}

const train = "train --dataset synthetic --limit 256 --epochs 1";

Deno.test("the programs train, sample and explore without Deno", () =>
  inFolder(async (folder) => {
    assertMatch(
      await run(folder, train),
      /^test  +total .*\ncheckpoint checkpoints\/vae\.safetensors\n/m,
    );
    assertMatch(
      await run(folder, "sample -n 4"),
      /^samples\.png: 4 samples \(VAE, /,
    );
    const [, type] = await Deno.readFile(join(folder, "samples.png"));
    assertEquals(String.fromCharCode(type), "P");

    const explore = start(folder, "explore --port 0 --json");
    const complaint = new Response(explore.stderr).text();
    const lines = explore.stdout.pipeThrough(new TextDecoderStream());
    const { value, done } = await lines[Symbol.asyncIterator]().next();
    if (done) throw new Error(await complaint);
    const page = await (await fetch(JSON.parse(value).url)).text();
    assertStringIncludes(page, "<script");
    explore.kill("SIGINT");
    assertEquals((await explore.status).code, signalsAreMissing ? 1 : 130);
    await complaint;
  }));

Deno.test("the programs call themselves by their names", () =>
  inFolder(async (folder) => {
    assertStringIncludes(
      await run(folder, "sample --help"),
      "\nUsage: ./sample [options]\n",
    );
    assertEquals(
      await run(folder, "sample", 1),
      "error: there is no checkpoint checkpoints/vae.safetensors: train one " +
        "first with `./train`\n",
    );
    assertMatch(
      await run(folder, "explore --nope", 2),
      /\n`\.\/explore --help` lists the options\.\n$/,
    );
  }));

Deno.test("the programs write in the folder that they are started in alone", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "inner"));
    assertMatch(
      await run(
        join(folder, "inner"),
        `${train} --checkpoint ../vae.safetensors`,
        1,
      ),
      /^error: .*may not write there/m,
    );
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [
      "inner",
    ]);
  }));
