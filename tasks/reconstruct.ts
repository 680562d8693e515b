/**
 * `deno task reconstruct`: shows originals above their reconstructions.
 *
 * @module
 */
import { pairGrid } from "../lib/image/grid.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { runTask } from "./shared/cli.ts";
import {
  describe,
  openImages,
  openModel,
  writePicture,
} from "./shared/model.ts";
import { showDigits } from "./shared/preview.ts";

await runTask("reconstruct", async (options, { given }) => {
  const { n, split, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const set = await openImages(
    checkpoint,
    split,
    given.has("dataDir") ? options.dataDir : undefined,
  );
  const images = set.images.subarray(0, n * IMAGE_PIXELS);
  const { mu } = await engine.encode(images);
  const reconstructions = await engine.decode(mu);
  await writePicture(
    out,
    pairGrid(images, reconstructions, { scale }),
    `Originals above reconstructions (${split})`,
    checkpoint,
  );
  if (options.preview) showDigits(reconstructions);
  const shown = images.length / IMAGE_PIXELS;
  if (options.json) {
    console.log(JSON.stringify({ out, n: shown, split }));
  } else {
    console.log(`${out}: ${shown} ${split} images (${describe(checkpoint)})`);
  }
});
