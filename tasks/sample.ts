/**
 * `deno task sample`: draws new digits from a trained model.
 *
 * @module
 */
import { grid } from "../lib/image/grid.ts";
import { priorSample } from "../lib/model/prior.ts";
import { runTask } from "./cli.ts";
import { describe, openModel, writePicture } from "./model.ts";

await runTask("sample", async (options) => {
  const { n, seed, temperature, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { latentDim } = checkpoint.options;
  const digits = await engine.decode(
    priorSample(n, latentDim, seed, temperature),
  );
  await writePicture(out, grid(digits), "Samples from the prior", checkpoint);
  if (options.json) {
    console.log(JSON.stringify({ out, n, seed, temperature }));
  } else {
    console.log(`${out}: ${n} samples (${describe(checkpoint)})`);
  }
});
