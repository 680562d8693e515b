/**
 * `deno task traverse`: moves along each latent dimension.
 *
 * @module
 */
import { grid } from "../lib/image/grid.ts";
import { spread, traversal } from "../lib/latent/traversal.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { runTask } from "./shared/cli.ts";
import {
  describe,
  openImages,
  openModel,
  writePicture,
} from "./shared/model.ts";
import {
  animationPath,
  dimensionsOf,
  imageAt,
  join,
  signed,
  swing,
  writeAnimation,
} from "./shared/pictures.ts";
import { showDigits } from "./shared/preview.ts";

await runTask("traverse", async (options, { given }) => {
  const { index, range, steps, split, scale, out } = options;
  const { checkpoint, engine } = await openModel(options.checkpoint, options);
  const { latentDim } = checkpoint.options;
  let center = new Float32Array(latentDim);
  if (index !== null) {
    const images = await openImages(
      checkpoint,
      split,
      given.has("dataDir") ? options.dataDir : undefined,
    );
    center = (await engine.encode(imageAt(images, index))).mu.slice();
  }
  const dimensions = dimensionsOf(checkpoint);
  const offsets = spread(range, steps);
  const digits = await engine.decode(
    traversal(center, dimensions.map(({ index }) => index), offsets),
  );

  const rowLabels = dimensions.map(({ name, kl }) =>
    kl === null ? name : `${name}  KL ${kl.toFixed(2)}`
  );
  const labels = signed(offsets);
  const picture = grid(digits, {
    columns: steps,
    scale,
    rowLabels,
    columnLabels: scale > 1 ? labels : [],
  });
  const around = index === null
    ? "the prior's mean"
    : `${split} image ${index}`;
  const title = `Latent dimensions around ${around}`;
  await writePicture(out, picture, title, checkpoint);
  const animation = options.gif ? animationPath(out) : null;
  if (animation) {
    const frame = (step: number) =>
      grid(
        join(dimensions.map((_, row) => {
          const at = (row * steps + step) * IMAGE_PIXELS;
          return digits.subarray(at, at + IMAGE_PIXELS);
        })),
        { columns: 1, scale, rowLabels, columnLabels: [labels[step]] },
      );
    await writeAnimation(animation, swing(steps, frame), title, checkpoint);
  }
  if (options.preview) showDigits(digits.subarray(0, steps * IMAGE_PIXELS));
  if (options.json) {
    console.log(JSON.stringify({ out, animation, index, offsets, dimensions }));
  } else {
    const written = animation ? `${out}, ${animation}` : out;
    console.log(`${written}: around ${around} (${describe(checkpoint)})`);
  }
});
