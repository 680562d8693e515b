/**
 * The real MNIST beside the checkout, which some tests need. Where it is absent
 * they skip, and say so; with VAE_REQUIRE_SHARED=1 its absence is a failure.
 */
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
