/**
 * Chooses recipes by the validation images, and measures the chosen ones on the
 * test images. Each run is `deno task train` as a user would run it, in a
 * process of its own, without pictures.
 *
 *     deno run --allow-read --allow-write=checkpoints --allow-run=deno \
 *       tests/recipes/recipes.ts choose sprint
 *     deno run … tests/recipes/recipes.ts measure sprint \
 *       --likelihood bce --latent-dim 20
 *
 * `choose` trains each line of options in `sprint.txt` with two seeds;
 * `measure` trains `--recipe sprint` with five that had no part in the choice.
 * Options after the name go to `train`; with `--threads 1`, two runs go on at a
 * time: the losses are the same bits, but the seconds mean nothing.
 *
 * @module
 */
import { fixed } from "../../lib/text.ts";

const SEEDS = { choose: [11, 12], measure: [1, 2, 3, 4, 5] };

/** What a run came to. */
interface Outcome {
  readonly validation: number;
  readonly test: number;
  readonly seconds: number;
}

/** A run that has ended before its end; the message is what it said. */
class RunFailed extends Error {}

const [mode, name, ...options] = Deno.args;
if ((mode !== "choose" && mode !== "measure") || name === undefined) {
  console.error("usage: recipes.ts choose|measure NAME [OPTIONS OF TRAIN]");
  Deno.exit(2);
}
const here = new URL(".", import.meta.url);
const lines = mode === "measure"
  ? [`--recipe ${name}`]
  : await candidates(name);
const atOnce = options.join(" ").includes("--threads 1") ? 2 : 1;
await Deno.mkdir("checkpoints", { recursive: true });
const folder = await Deno.makeTempDir({ dir: "checkpoints" });
// Ctrl-C reaches the runs, too; when they have ended their folder goes.
Deno.addSignalListener("SIGINT", () => {});
try {
  for (const line of lines) {
    const outcomes: Outcome[] = [];
    for (let at = 0; at < SEEDS[mode].length; at += atOnce) {
      const seeds = SEEDS[mode].slice(at, at + atOnce);
      const runs = seeds.map((seed) => train(line, seed));
      await Promise.allSettled(runs);
      outcomes.push(...await Promise.all(runs));
    }
    const totals = outcomes.map(({ validation, test }) =>
      mode === "choose" ? validation : test
    );
    const seconds = median(outcomes.map(({ seconds }) => seconds));
    console.log(`${spread(totals)}  ${fixed(seconds, 1)} s  ${line}`);
  }
} catch (error) {
  if (!(error instanceof RunFailed)) throw error;
  console.error(error.message);
  Deno.exitCode = 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(); // the listener would wait for more

/** Reads a list of options; says which lists there are where it is none. */
async function candidates(name: string): Promise<string[]> {
  const lists = [...Deno.readDirSync(here)].map(({ name }) => name)
    .filter((file) => file.endsWith(".txt"))
    .map((file) => file.slice(0, -".txt".length)).sort();
  if (!lists.includes(name)) {
    console.error(
      `error: there is no list of candidates ${name}: choose one of ` +
        lists.join(", "),
    );
    Deno.exit(2);
  }
  const text = await Deno.readTextFile(new URL(`${name}.txt`, here));
  return text.split("\n").filter((line) => line.startsWith("--"));
}

/** Trains in a process of its own. */
async function train(line: string, seed: number): Promise<Outcome> {
  const started = performance.now();
  const command = new Deno.Command("deno", {
    args: [
      ...["task", "--quiet", "train", ...line.split(" "), ...options],
      ...["--seed", `${seed}`, "--no-save-plots", "--json"],
      ...["--checkpoint", `${folder}/${seed}.safetensors`],
    ],
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  const seconds = (performance.now() - started) / 1000;
  if (!success) throw new RunFailed(new TextDecoder().decode(stderr).trim());
  const { test, history } = JSON.parse(new TextDecoder().decode(stdout));
  return {
    seconds,
    test: test.total,
    validation: history.at(-1).validation.total,
  };
}

/** Mean ± standard deviation, and all of them. */
function spread(values: readonly number[]): string {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const squares = values.map((value) => (value - mean) ** 2);
  const deviation = Math.sqrt(
    squares.reduce((a, b) => a + b) / (values.length - 1),
  );
  return `${fixed(mean, 2)} ± ${fixed(deviation, 2)} (` +
    `${values.map((value) => fixed(value, 2)).join(" ")})`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
