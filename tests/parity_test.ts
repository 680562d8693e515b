import { assertLess } from "@std/assert";
import { PROBE, relativeError } from "../lib/engine_check.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import { digits, hyper, inOrder } from "./engine_suite.ts";

Deno.test({
  name: "WasmEngine learns from 2048 copies what it learns from 8 images",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const latentDim = PROBE.latentDim;
    const few = fillNormal(
      new Float32Array(8 * latentDim),
      streamKey(3, "epsilon"),
      0,
    );
    const gradients: Float32Array[] = [];
    for (const count of [8, 2048]) {
      const engine = new WasmEngine({ ...PROBE, batchSize: count, threads: 2 });
      engine.setImages(digits(8));
      engine.setOrder(inOrder(count).map((row) => row % 8));
      const epsilon = Float32Array.from(
        { length: count * latentDim },
        (_, i) => few[i % few.length],
      );
      engine.trainStep({ first: 0, count, step: 0, epsilon }, hyper);
      gradients.push((await engine.readState()).expAvg);
      engine.dispose();
    }
    assertLess(relativeError(gradients[1], gradients[0]), 1e-4);
  },
});
