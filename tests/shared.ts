/**
 * The files beside the checkout that some tests are held against: golden values
 * from PyTorch and the real MNIST. Where they are absent those tests skip, and
 * say so; with VAE_REQUIRE_SHARED=1 their absence is a failure.
 */
import { parseSafetensors, type Tensor } from "../lib/formats/safetensors.ts";

export const sharedDir = new URL("../../shared/", import.meta.url);

/** Whether tests that need `path` must be ignored. */
export function isMissing(path: string): boolean {
  try {
    Deno.statSync(new URL(path, sharedDir));
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (Deno.env.get("VAE_REQUIRE_SHARED") === "1") {
      throw new Error(`VAE_REQUIRE_SHARED=1, but ../shared/${path} is absent`);
    }
    console.log(`skipping tests that need ../shared/${path}: it is absent`);
    return true;
  }
}

const GOLDEN = "reference/step.safetensors";

export const goldenIsMissing = isMissing(GOLDEN);

/** The golden values: see `vae_reference.py` for the names. */
export function readGolden(): Map<string, Tensor> {
  const bytes = Deno.readFileSync(new URL(GOLDEN, sharedDir));
  return parseSafetensors(bytes).tensors;
}
