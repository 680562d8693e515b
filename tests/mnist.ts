/**
 * The real MNIST, where `deno task fetch` puts it. Where it is absent the tests
 * that need it skip, and say so; with VAE_REQUIRE_MNIST=1 that is a failure.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { filesOf, sources } from "../lib/dataset/mnist.ts";

/** The folder of its four files, decompressed. */
export const mnistDir = fileURLToPath(
  new URL("../data/mnist", import.meta.url),
);

/** Whether the tests that need it must be ignored. */
export const mnistIsMissing = isMissing();

function isMissing(): boolean {
  try {
    for (const { name } of filesOf(sources.mnist)) {
      Deno.statSync(join(mnistDir, name));
    }
    return false;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const reason = "MNIST is not in data/mnist: `deno task fetch` gets it";
    if (Deno.env.get("VAE_REQUIRE_MNIST") === "1") {
      throw new Error(`VAE_REQUIRE_MNIST=1, but ${reason}`);
    }
    console.log(`skipping the tests on real MNIST: ${reason}`);
    return true;
  }
}
