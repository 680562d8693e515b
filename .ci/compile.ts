/**
 * Makes the programs of a release for this machine: `deno run -A
 * .ci/compile.ts FOLDER` writes them there, each with the permissions of its
 * line in deno.json, and prints their sizes.
 *
 * @module
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { PROGRAMS } from "../tasks/shared/cli.ts";

const [folder] = Deno.args;
const lines: Record<string, string> = config.tasks;
for (const name of PROGRAMS) {
  const line = lines[name].split(" ").slice(2); // after `deno run`
  const suffix = Deno.build.os === "windows" ? ".exe" : "";
  const program = resolve(folder, name + suffix);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "--no-check", `--output=${program}`, ...line],
    cwd: fileURLToPath(new URL("../", import.meta.url)),
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) {
    throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
  }
  const megabytes = Deno.statSync(program).size / 1e6;
  console.log(`${program}: ${megabytes.toFixed(0)} MB`);
}
