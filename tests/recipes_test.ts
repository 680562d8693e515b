/** The recipes, and the lists of candidates that they were chosen from. */
import { assert } from "@std/assert";
import { recipes, trainingOptions } from "../lib/options/run.ts";
import { flagOf } from "../tasks/shared/flags.ts";
import { recipeOf } from "../tasks/shared/options.ts";

for (const name of Object.keys(recipes) as (keyof typeof recipes)[]) {
  if (name === "none") continue;
  const said = recipes[name].likelihood;
  for (const likelihood of trainingOptions.likelihood.choices) {
    if ((said ?? likelihood) !== likelihood) continue;
    Deno.test(`recipes.${name} is one of its candidates (${likelihood})`, async () => {
      const options = recipeOf(name, {
        likelihood,
        autoencoder: false,
        objective: "elbo",
      });
      const wanted = Object.entries(options)
        .map(([name, value]) => `${flagOf(name)} ${value}`);
      const isOfBce = likelihood === "bce" && !said;
      const file = isOfBce ? `${name}-bce.txt` : `${name}.txt`;
      const text = await Deno.readTextFile(
        new URL(`recipes/${file}`, import.meta.url),
      );
      const candidates = text.split("\n").filter((line) =>
        line.startsWith("--")
      );
      assert(
        candidates.some((line) =>
          wanted.every((word) => `${line} `.includes(`${word} `))
        ),
        `${file} lacks ${wanted.join(" ")}`,
      );
    });
  }
}
