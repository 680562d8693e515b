/**
 * Makes the models of a release, or those of them that are named: `deno run -A
 * .ci/models.ts FOLDER [NAME…]` trains each, holds it against its record, and
 * writes its checkpoint there and a folder for the Hugging Face Hub, with the
 * model's card, packed. FOLDER is a new one inside the checkout.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadCheckpoint } from "../lib/checkpoint/checkpoint.ts";
import { digestTensors } from "../lib/checkpoint/run_record.ts";
import { MODELS } from "../tasks/shared/models.ts";

const cwd = fileURLToPath(new URL("../", import.meta.url));
const [folder, ...named] = Deno.args;
for (const [name, { train: [words], record }] of Object.entries(MODELS)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const checkpoint = join(folder, `${name}.safetensors`);
  const card = join(folder, name);
  await run(
    ...["task", "train", ...words.split(" "), "--engine", "wasm"],
    ...["--no-save-plots", "--checkpoint", checkpoint],
  );
  const tensors = digestTensors(await loadCheckpoint(join(cwd, checkpoint)));
  if (tensors !== record.tensors) {
    throw new Error(`${name}: tensors ${tensors}, not ${record.tensors}`);
  }
  await run(
    ...["task", "export", "--format", "hub"],
    ...["--checkpoint", checkpoint, "--out-dir", card],
  );
  await start("tar", ["-C", folder, "-czf", `${card}-hub.tar.gz`, name]);
  await Deno.remove(join(cwd, card), { recursive: true });
}

function run(...args: string[]): Promise<void> {
  return start(Deno.execPath(), args);
}

async function start(program: string, args: string[]): Promise<void> {
  const { success } = await new Deno.Command(program, { args, cwd }).spawn()
    .status;
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
}
