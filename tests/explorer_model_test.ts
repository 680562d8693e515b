/** What the page takes for granted of a model. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Engine } from "../lib/engine/engine.ts";
import { modelOf } from "../lib/explorer/page/model.ts";
import { randomModel } from "./exported.ts";

Deno.test("modelOf() draws where the codes are if β = 0 has let them go", () => {
  const { options, state } = randomModel(2, "mse");
  const known = {
    ...{ description: "", kl: [9, 1], labels: null },
    mu: Float32Array.of(10, -1, 14, -3),
    images: new Uint8Array(),
    subject: "pictures" as const,
  };
  const of = (beta: number | null) =>
    modelOf({} as Engine, options, state, { ...known, beta });
  for (const beta of [1, null]) {
    assertEquals([...of(beta).scale.mean], [0, 0]);
    assertEquals(of(beta).range, 3.5);
  }
  const { scale, range } = of(0);
  assertEquals([...scale.mean], [12, -2]);
  assertAlmostEquals(scale.deviation[0], 2, 1);
  assertEquals(range, 14);
});
