import { assertEquals, assertThrows } from "@std/assert";
import {
  completeOptions,
  defaults,
  OptionError,
  type OptionValues,
  parseOption,
} from "../lib/options/table.ts";
import { conflictOf } from "../lib/options/conflicts.ts";
import {
  type DataOptions,
  dataOptions,
  recipes,
  recipesOfBce,
  type TrainingOptions,
  trainingOptions,
} from "../lib/options/run.ts";
import { objectiveLines } from "../tasks/shared/beginning.ts";
import { followRecipe, recipeOf } from "../tasks/shared/options.ts";
import { tasks } from "./tasks.ts";

/** Whether two types are one, for the compiler to say. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;
/** A type with its properties written out. */
type Plain<T> = { [K in keyof T]: T[K] };

Deno.test("TrainingOptions and DataOptions are what the tables describe", () => {
  const training: Same<
    Plain<TrainingOptions>,
    Plain<OptionValues<typeof trainingOptions>>
  > = true;
  const data: Same<
    Plain<DataOptions>,
    Plain<OptionValues<typeof dataOptions>>
  > = true;
  assertEquals([training, data], [true, true]);
});

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

Deno.test("parseOption() says what is counted", () => {
  assertThrows(
    () => parseOption(dataOptions.testSize, "--test-size", "0.2"),
    OptionError,
    '--test-size takes a whole number of images from 0 to 1000000, not "0.2"',
  );
});

Deno.test("parseOption() names the largest seed, and what a value is", () => {
  const { seed, beta } = trainingOptions;
  assertEquals(parseOption(seed, "--seed", "9007199254740991"), 2 ** 53 - 1);
  const error = assertThrows(
    () => parseOption(seed, "--seed", "18446744073709551615"),
    OptionError,
  );
  assertEquals(
    error.message,
    "--seed takes a whole number from 0 to 9007199254740991, not " +
      '"18446744073709551615"',
  );
  const values: [unknown, string][] = [
    [() => 1, "a function"],
    [Symbol("x"), "a symbol"],
    [1n, "a bigint"],
    [{}, "{}"],
  ];
  for (const [value, shown] of values) {
    const { message } = assertThrows(
      () => parseOption(beta, "beta", value),
      OptionError,
    );
    assertEquals(
      message,
      `beta takes a number from 0 to 1000000, not ${shown}`,
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

Deno.test("recipeOf() goes with a VAE and with an autoencoder", () => {
  for (const name of Object.keys(recipes) as (keyof typeof recipes)[]) {
    for (const autoencoder of [false, true]) {
      for (const likelihood of trainingOptions.likelihood.choices) {
        if ((recipes[name].likelihood ?? likelihood) !== likelihood) continue;
        for (const objective of trainingOptions.objective.choices) {
          if (autoencoder && objective !== "elbo") continue;
          const model = { autoencoder, likelihood, objective };
          const options = completeOptions(trainingOptions, {
            ...recipeOf(name, model),
            ...model,
          });
          assertEquals(conflictOf(options), undefined, name);
        }
      }
    }
    const vae = {
      autoencoder: false,
      likelihood: "mse",
      objective: "elbo",
    } as const;
    assertEquals(recipeOf(name, vae), recipes[name]);
    assertEquals(recipeOf(name, { ...vae, likelihood: "bce" }), {
      ...recipes[name],
      ...recipesOfBce[name],
    });
  }
});

Deno.test("followRecipe() leaves what is given, and makes lists of what is one", () => {
  const values = {
    ...defaults(trainingOptions),
    recipe: "nll",
    latentDim: [12],
    epochs: 3,
  } as const;
  const followed = followRecipe(values, new Set(["epochs"]));
  assertEquals<unknown>(followed, {
    ...values,
    ...recipes.nll,
    latentDim: [recipes.nll.latentDim],
    epochs: 3,
  });
});

Deno.test("objectiveLines() say what is seen and minimised where it is chosen", () => {
  const lines = (options: Partial<TrainingOptions>) =>
    objectiveLines(completeOptions(trainingOptions, options));
  assertEquals(lines({}), []);
  assertEquals(lines({ binarize: "static", freeBits: 0.5 }), [
    "black-and-white pixels, drawn once",
    "0.5 nats of KL are free in each dimension; totals count that much of " +
    "each at least, so they may exceed reconstruction + KL",
  ]);
  const measured = "validation and test totals are reconstruction + KL";
  assertEquals(lines({ binarize: "dynamic", objective: "iwae" }), [
    "black-and-white pixels, drawn anew each time they are seen",
    `importance-weighted bound of 5 draws; ${measured}`,
  ]);
  assertEquals(lines({ objective: "btc", tcWeight: 6 }), [
    "total correlation weighted by 6, by a minibatch's estimate, which is " +
    `far too high; ${measured}`,
  ]);
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
    "epochs takes a number from 0.001 to 100000, not -1",
  );
  assertThrows(
    () => completeOptions(trainingOptions, { toString: 1 } as never),
    OptionError,
  );
});
