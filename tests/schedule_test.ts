import {
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { OptionError } from "../lib/options/table.ts";
import type { Schedule } from "../lib/train/schedule.ts";
import { describe } from "../tasks/shared/model.ts";
import { collect, dataset, FakeEngine } from "./fake_engine.ts";

const setup = { dataset: dataset(8), epochs: 2, batchSize: 4 } as const;

Deno.test("train({ schedule }) takes what it returns, and the rest of the options", async () => {
  const engine = new FakeEngine();
  const calls: [number, number][] = [];
  const schedule: Schedule = (step, stepsPerEpoch) => {
    calls.push([step, stepsPerEpoch]);
    return { beta: 10 * step, learningRate: 1 / (step + 1) };
  };
  const { end } = await collect(engine, {
    ...setup,
    capacity: 3,
    warmupEpochs: 0.001,
    schedule,
  });
  const hypers = engine.batches.map(({ hyper }) => hyper);
  assertEquals(hypers.map(({ beta }) => beta), [0, 10, 20, 30]);
  assertEquals(hypers.map(({ capacity }) => capacity), [0, 3, 3, 3]);
  assertAlmostEquals(hypers[3].learningRate, 0.25);
  // An epoch is validated, and recorded, as its last step was trained.
  assertEquals(end.history.map(({ beta }) => beta), [10, 30]);
  assertEquals(engine.evaluations[0].beta, 10);
  assertEquals(calls, [0, 1, 2, 3].map((step) => [step, 2]));
});

Deno.test("describe() says the β that a schedule has come to", async () => {
  const described = async (schedule?: Schedule, options = {}) => {
    const engine = new FakeEngine();
    const { end } = await collect(engine, { ...setup, schedule, ...options });
    return describe(await end.checkpoint());
  };
  assertMatch(await described(), /^VAE, β = 1, /);
  assertMatch(await described(() => ({ learningRate: 0 })), /^VAE, β = 1, /);
  assertMatch(
    await described((step) => ({ beta: step / 9 })),
    /^VAE, β = 0\.333 in the last epoch, /,
  );
  const rising = { betaSchedule: "linear", warmupEpochs: 8 };
  assertMatch(
    await described(undefined, rising),
    /^VAE, β = 0\.\d+ in the last epoch, /,
  );
});

Deno.test("train({ schedule }) refuses what options do not take", async () => {
  const refusal = (returned: unknown, options = {}) =>
    assertRejects(
      () =>
        collect(new FakeEngine(), {
          ...setup,
          ...options,
          schedule: () => returned as object,
        }),
      OptionError,
    );
  const { message } = await refusal({ beta: -1 });
  assertEquals(message, "beta takes a number from 0 to 1000000, not -1");
  assertEquals(
    (await refusal({ learningRate: NaN })).message,
    "learningRate takes a number from 0 to 10, not NaN",
  );
  assertEquals((await refusal({ lr: 1 })).message, "there is no option lr");
  assertEquals(
    (await refusal({ beta: 1 }, { objective: "iwae" })).message,
    "a schedule of beta does not go with objective iwae, which weighs its " +
      "terms itself",
  );
  for (
    const [returned, said] of [
      [Promise.resolve({ beta: 1 }), "a promise"],
      [undefined, "missing"],
      [0.5, "0.5"],
    ]
  ) {
    assertEquals(
      (await refusal(returned)).message,
      "a schedule returns an object of beta, capacity, learningRate, or of " +
        `none where nothing changes, not ${said}`,
    );
  }
});
