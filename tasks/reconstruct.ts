/**
 * `deno task reconstruct`: shows originals above their reconstructions.
 *
 * @module
 */
import { loadDataset } from "../lib/dataset/dataset.ts";
import { pairGrid } from "../lib/image/grid.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { runTask, TaskError } from "./cli.ts";
import { describe, openModel, writePicture } from "./model.ts";

await runTask("reconstruct", async (options, { given, signal }) => {
  const { n, split, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const dataset = await loadDataset({
    ...checkpoint.data.options,
    ...(given.has("dataDir") && { dataDir: options.dataDir }),
    splits: [split],
    signal,
  });
  for (const note of dataset.notes) console.error(`note: ${note}`);
  const images = dataset[split]?.images.subarray(0, n * IMAGE_PIXELS);
  if (!images?.length) {
    throw new TaskError(
      `${dataset.name} has no ${split} images: choose another --split`,
    );
  }
  const { mu } = await engine.encode(images);
  const reconstructions = await engine.decode(mu);
  await writePicture(
    out,
    pairGrid(images, reconstructions),
    `Originals above reconstructions (${split})`,
    checkpoint,
  );
  const shown = images.length / IMAGE_PIXELS;
  if (options.json) {
    console.log(JSON.stringify({ out, n: shown, split }));
  } else {
    console.log(`${out}: ${shown} ${split} images (${describe(checkpoint)})`);
  }
});
