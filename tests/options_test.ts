import { assertEquals, assertThrows } from "@std/assert";
import {
  completeOptions,
  defaults,
  OptionError,
  parseOption,
} from "../lib/options/table.ts";
import { trainingOptions } from "../lib/options/run.ts";
import { tasks } from "./tasks.ts";

Deno.test("defaults() are values that the options take", () => {
  for (const { options } of tasks.values()) {
    for (const [name, option] of Object.entries(options)) {
      assertEquals(parseOption(option, name, option.default), option.default);
    }
  }
});

Deno.test("parseOption() reads numbers and keeps their range", () => {
  const { latentDim, beta } = trainingOptions;
  assertEquals(parseOption(latentDim, "--latent-dim", "16"), 16);
  assertEquals(parseOption(beta, "--beta", "2.5e-1"), 0.25);
  for (const wrong of ["0", "513", "1.5", "", " ", "12x", "NaN", "Infinity"]) {
    assertThrows(
      () => parseOption(latentDim, "--latent-dim", wrong),
      OptionError,
      "--latent-dim takes a whole number from 1 to 512, not ",
    );
  }
});

Deno.test("parseOption() names the choices", () => {
  const error = assertThrows(
    () => parseOption(trainingOptions.likelihood, "--likelihood", "l2"),
    OptionError,
  );
  assertEquals(error.message, '--likelihood takes one of mse, bce, not "l2"');
});

Deno.test("completeOptions() adds the defaults", () => {
  assertEquals(completeOptions(trainingOptions, { beta: 4 }), {
    ...defaults(trainingOptions),
    beta: 4,
  });
  assertEquals(
    completeOptions(trainingOptions, { patience: null, lr: undefined }),
    defaults(trainingOptions),
  );
});

Deno.test("completeOptions() refuses what the table does not have", () => {
  assertThrows(
    () => completeOptions(trainingOptions, { betta: 4 } as never),
    OptionError,
    "there is no option betta",
  );
  assertThrows(
    () => completeOptions(trainingOptions, { epochs: -1 }),
    OptionError,
    "epochs takes a whole number from 1 to 100000, not -1",
  );
  assertThrows(
    () => completeOptions(trainingOptions, { toString: 1 } as never),
    OptionError,
  );
});
