/**
 * Tells two heads apart whose names do not say which of them gives μ.
 *
 * @module
 */
import type { Checkpoint } from "../checkpoint/metadata.ts";
import { synthesize } from "../dataset/synthetic.ts";
import { engineOptions } from "../engine/checks.ts";
import { WasmEngine } from "../engine/wasm/engine.ts";
import { ImportError } from "./error.ts";

/** Images that the heads are tried on. */
const PROBES = 64;

/** The right order may have the larger KL, in nats, of a model that uses no z. */
const FACTOR = 1.5, MARGIN = 1;

/**
 * Tries a model's heads on drawn digits. Training makes the KL small, so the right
 * order is that with the smaller one.
 *
 * @throws {ImportError} If they seem to stand in the other order.
 */
export async function tryHeads(
  { options, state }: Pick<Checkpoint, "options" | "state">,
): Promise<void> {
  const engine = new WasmEngine({ ...engineOptions(options), threads: 1 });
  try {
    await engine.writeState(state);
    const { images } = synthesize(PROBES, { seed: 0 });
    const { mu, logvar } = await engine.encode(images, new Uint8Array(PROBES));
    const asNamed = klOf(mu, logvar), swapped = klOf(logvar, mu);
    if (asNamed <= FACTOR * swapped + MARGIN) return;
    throw new ImportError(
      "the layers that give μ and log σ² seem to stand in the other order: as " +
        `they stand drawn digits have a KL of ${
          asNamed.toFixed(1)
        } nats, and ` +
        `the other way round of ${swapped.toFixed(1)}; call them fc_mu and ` +
        "fc_logvar in the file",
    );
  } finally {
    engine.dispose();
  }
}

/** The mean KL of images in nats (Kingma & Welling 2014, appendix B). */
function klOf(mu: Float32Array, logvar: Float32Array): number {
  return mu.reduce(
    (sum, mu, i) => sum + (mu ** 2 + Math.exp(logvar[i]) - 1 - logvar[i]) / 2,
    0,
  ) / PROBES;
}
