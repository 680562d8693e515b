/** Every program of the engine, on every case, with every barrier taken out. */
import { assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { installGpu } from "./device.ts";
import { CASES, compareEngines, titleOf } from "./engine_case.ts";
import { seed, Watch } from "./watch.ts";

const watch = new Watch();
installGpu((job) => watch.run(job));

for (const of of CASES) {
  Deno.test(`${titleOf(of)}: no fault, and wasm's results (seed ${seed})`, async () => {
    const before = watch.accesses;
    watch.of = of;
    await compareEngines(of, seed);
    assertEquals([...watch.findings.values()], []);
    assertGreater(watch.accesses, before);
  });
}

Deno.test("at least 100 million accesses were watched", () => {
  console.log(`${watch.accesses} accesses`);
  assertGreaterOrEqual(watch.accesses, 1e8);
});

Deno.test("at least 90 % of the barriers are missed when they are taken out", () => {
  const { unmissed, barriers: { size } } = watch;
  console.log(`${size - unmissed.length} of ${size} barriers`);
  for (const key of unmissed) console.log(`not missed: ${key}`);
  assertGreater(size, 0);
  assertGreaterOrEqual(1 - unmissed.length / size, 0.9, unmissed.join("\n"));
});
