import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import {
  firstDifference,
  PROBE,
  probeState,
  type ProbeTensor,
  relativeError,
  runProbe,
  TOLERANCE,
  wordDifference,
} from "../lib/engine_check.ts";
import type { Engine } from "../lib/engine/engine.ts";
import { TfjsEngine } from "../lib/engine/tfjs/engine.ts";
import { WasmEngine } from "../lib/engine/wasm/engine.ts";
import { Plan } from "../lib/engine/webgpu/plan.ts";
import { trainingOrder } from "../lib/engine/webgpu/training_order.ts";
import { HARDWARE } from "../lib/engine/webgpu/tiling.ts";
import { modelSpec } from "../lib/model/spec.ts";

const engines = { sanitizeResources: false, sanitizeOps: false };

Deno.test("runProbe() finds the wasm engine right, and a wrong one wrong", {
  ...engines,
}, async () => {
  const reference = await TfjsEngine.create(PROBE, "cpu");
  const expected = await runProbe(reference);
  reference.dispose();
  const engine = new WasmEngine({ ...PROBE, threads: 2 });
  const probe = await runProbe(engine);
  assertEquals(firstDifference(probe, expected), undefined);
  for (const [i, { name, part, values }] of probe.entries()) {
    const error = relativeError(values, expected[i].values);
    // What is allowed is ten times what rounding comes to; Adam's changes are
    // small beside the weights, whose rounding they have.
    assertLess(error, TOLERANCE[part] / (part === "adam" ? 1 : 10), name);
  }
  for (const [i, tensor] of probe.entries()) {
    const values = Float32Array.from(tensor.values);
    const largest = Math.max(...values.map(Math.abs));
    if (largest === 0) continue;
    values[0] += 2 * TOLERANCE[tensor.part] * largest;
    const wrong = probe.with(i, { ...tensor, values });
    assertEquals(firstDifference(wrong, expected)?.tensor.name, tensor.name);
  }
  assertEquals(await probeState(engine, PROBE, 8), undefined);
  engine.dispose();
});

for (const classCount of [0, 3]) {
  const told = classCount > 0 ? `, of ${classCount} classes too` : "";
  Deno.test(`runProbe() sees every tensor of the state${told}`, {
    ...engines,
  }, async () => {
    const options = { ...PROBE, classCount };
    const engine = new WasmEngine({ ...options, threads: 1 });
    const names = (await runProbe(engine, options)).map(({ name }) => name);
    engine.dispose();
    const spec = modelSpec(PROBE.latentDim, classCount);
    const expected = [
      ...["KL", "reconstruction", "μ", "log σ²", "pixels"],
      ...spec.runningBlocks.map(({ name }) => name),
      ...spec.parameterBlocks.flatMap(({ name }) => [
        `∂${name}`,
        name,
        `${name}, its second moment`,
      ]),
    ];
    assertEquals(names.toSorted(), expected.toSorted());
  });
}

Deno.test("runProbe() gives each image a class of its own, in turn", {
  ...engines,
}, async () => {
  const options = { ...PROBE, classCount: 10 };
  const probeOf = async (create: () => Engine | Promise<Engine>) => {
    const engine = await create();
    const probe = await runProbe(engine, options);
    engine.dispose();
    return probe;
  };
  const probe = await probeOf(() => new WasmEngine({ ...options, threads: 1 }));
  const expected = await probeOf(() => TfjsEngine.create(options, "cpu"));
  assertEquals(firstDifference(probe, expected), undefined);
  const { values } = probe.find(({ name }) => name === "∂heads.classes")!;
  // Eight images of ten classes: two have none.
  const width = 2 * options.latentDim;
  const seen = Array.from(
    { length: 10 },
    (_, label) =>
      Array.from(values).slice(label * width, (label + 1) * width)
        .some((g) => g !== 0),
  );
  assertEquals(seen, [...Array(8).fill(true), false, false]);
});

Deno.test("probeState() notices an engine that keeps something of its own", {
  ...engines,
}, async () => {
  const engine = new WasmEngine({ ...PROBE, threads: 1 });
  await runProbe(engine);
  const write = engine.writeState.bind(engine);
  engine.writeState = (state) =>
    write({ ...state, running: state.running.map((x) => 1.01 * x) });
  const difference = await probeState(engine, PROBE, 8);
  engine.dispose();
  assertEquals(difference?.tensor.name, "encoder.2.running_var");
  assertEquals(difference?.tensor.programs, ["adam"]);
});

Deno.test("trainingOrder() names the programs of a step, and no others", () => {
  const cases = ([2, 128] as const).flatMap((batchSize) =>
    (["elbo", "iwae", "btc"] as const).flatMap((objective) =>
      [0, 10].map((classCount) => [batchSize, objective, classCount] as const)
    )
  );
  for (const [batchSize, objective, classCount] of cases) {
    const model = {
      latentDim: 30,
      likelihood: "mse",
      autoencoder: false,
      batchSize,
      objective,
      classCount,
    } as const;
    const programs = new Plan(model, HARDWARE).training()
      .map(({ name }) => name);
    const isMapped = batchSize === 128;
    const order = trainingOrder(isMapped, objective, classCount > 0);
    const named = order.flatMap(({ programs }) => programs);
    assertEquals(new Set(named), new Set(programs));
    // They come in the order of their dispatch, but for Adam, which is in all.
    const first = order.map(({ programs: [name] }) => programs.indexOf(name));
    assertEquals(first, first.toSorted((a, b) => a - b));
    for (const { programs: [name, next = name] } of order) {
      assertLessOrEqual(programs.indexOf(name), programs.indexOf(next));
    }
  }
});

Deno.test("firstDifference() finds what is not a number", () => {
  const tensor = (...values: number[]): ProbeTensor => ({
    part: "forward",
    name: "x",
    programs: ["a", "b"],
    values,
  });
  assertEquals(firstDifference([tensor(1, 2)], [tensor(1, 2)]), undefined);
  const wrong = firstDifference([tensor(1, NaN)], [tensor(1, 2)]);
  assert(wrong);
  assertEquals(wordDifference(wrong), "first in a or b (x is not a number)");
  const off = firstDifference([tensor(1, 2.5)], [tensor(1, 2)]);
  assert(off);
  assertEquals(wordDifference(off), "first in a or b (x is off by 25 %)");
});

Deno.test("relativeError() is 0 of what vanishes, and refuses other lengths", () => {
  assertEquals(relativeError([0, 0], [0, 0]), 0);
  assertEquals(relativeError([1, 3], [1, 4]), 0.25);
  assertEquals(relativeError([1], [0]), Infinity);
  assertEquals(relativeError([NaN], [0]), NaN);
  assertThrows(() => relativeError([1], [1, 2]), RangeError, "1 numbers");
});
