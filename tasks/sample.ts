/**
 * `deno task sample`: draws new digits from a trained model.
 *
 * @module
 */
import { grid } from "../lib/image/grid.ts";
import { priorSample } from "../lib/model/prior.ts";
import { runTask } from "./shared/cli.ts";
import { describe, openModel, writePicture } from "./shared/model.ts";
import { showDigits } from "./shared/preview.ts";

await runTask("sample", async (options) => {
  const { n, seed, temperature, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { latentDim } = checkpoint.options;
  const digits = await engine.decode(
    priorSample(n, latentDim, seed, temperature),
  );
  const picture = grid(digits, { scale });
  await writePicture(out, picture, "Samples from the prior", checkpoint);
  if (options.preview) showDigits(digits);
  if (options.json) {
    console.log(JSON.stringify({ out, n, seed, temperature }));
  } else {
    console.log(`${out}: ${n} samples (${describe(checkpoint)})`);
  }
});
