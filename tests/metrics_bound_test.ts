import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
} from "@std/assert";
import { estimate } from "../lib/math/estimate.ts";
import { sampleBounds } from "../lib/metrics/importance.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { fillNormal, streamKey } from "../lib/rng.ts";
import {
  boundsOf,
  exact,
  LATENTS,
  LinearEngine,
  set,
} from "./linear_engine.ts";

Deno.test("sampleBounds() is log p(x) of each image under the exact posterior", async () => {
  const engine = new LinearEngine();
  const posterior = await engine.encode(set.images);
  for (const samples of [1, 3]) {
    const { bound } = await sampleBounds(engine, set.images, posterior, {
      likelihood: "mse",
      samples,
      seed: 0,
    });
    bound.forEach((value, i) => assertAlmostEquals(value, exact[i], 1e-3));
  }
});

/** KL of the distorted posterior from the exact one, by which the ELBO lacks. */
function lack({ shift, stretch }: LinearEngine): number {
  // In units of the exact σ the mean is off by shift·stretch.
  const perLatent = (stretch ** 2 + (shift * stretch) ** 2 - 1) / 2 -
    Math.log(stretch);
  return LATENTS * perLatent;
}

Deno.test("sampleBounds() of one draw is the ELBO on average", async () => {
  const engine = new LinearEngine(0.5, 1.2);
  const { gap } = await boundsOf(engine, 1);
  assertLess(
    Math.abs(gap.mean + lack(engine)),
    4 * gap.standardError,
  );
  assertGreater(lack(engine), 5 * gap.standardError); // so it is not log p(x)
});

Deno.test("sampleBounds() rises with the draws, to log p(x)", async () => {
  const engine = new LinearEngine(0.5, 1.2);
  const gaps = [];
  for (const samples of [1, 4, 16, 256]) {
    gaps.push((await boundsOf(engine, samples)).gap);
  }
  for (let i = 1; i < gaps.length; i++) {
    assertGreater(gaps[i].mean, gaps[i - 1].mean);
  }
  const last = gaps[gaps.length - 1];
  // What is left of the bias is about half the variance of a weight over K.
  assertLess(Math.abs(last.mean), 4 * last.standardError + 0.01);
  assertLess(last.standardError, 0.02);
});

Deno.test("sampleBounds() draws from the seed, whatever comes before", async () => {
  const engine = new LinearEngine();
  const run = async (images: Uint8Array, seed: number) =>
    (await sampleBounds(engine, images, await engine.encode(images), {
      likelihood: "mse",
      samples: 2,
      seed,
    })).reconstruction;
  const whole = await run(set.images, 5);
  assertEquals(await run(set.images, 5), whole);
  const head = await run(set.images.subarray(0, 7 * IMAGE_PIXELS), 5);
  assertEquals(head, whole.subarray(0, 7));
  assertGreater(
    Math.abs((await run(set.images, 6))[0] - whole[0]),
    1e-6,
  );
});

Deno.test("sampleBounds() survives weights that exp() cannot hold", async () => {
  const dark = new Uint8Array(IMAGE_PIXELS);
  const { bound } = await sampleBounds(
    {
      score: (z) => Promise.resolve(new Float64Array(z.length).fill(784 * 81)),
    },
    dark,
    { mu: new Float32Array(1), logvar: new Float32Array(1) },
    { likelihood: "mse", samples: 4, seed: 0 },
  );
  assertAlmostEquals(
    bound[0],
    -784 * 81 - 392 * Math.log(Math.PI),
    1e-6,
  );
});

Deno.test("sampleBounds() counts the draws that matter", async () => {
  // Under the exact posterior all weights are p(x).
  const exactly = new LinearEngine();
  const some = set.images.subarray(0, 20 * IMAGE_PIXELS);
  const sampling = { likelihood: "mse", samples: 400, seed: 0 } as const;
  const all = await sampleBounds(
    exactly,
    some,
    await exactly.encode(some),
    sampling,
  );
  all.effectiveSamples.forEach((n) => assertAlmostEquals(n / 400, 1, 1e-2));

  // With σ stretched by s each latent has E w² / (E w)² = s² / √(2s² − 1).
  const stretch = 1.3;
  const wide = new LinearEngine(0, stretch);
  const others = set.images.subarray(0, 80 * IMAGE_PIXELS);
  const { effectiveSamples } = await sampleBounds(
    wide,
    others,
    await wide.encode(others),
    sampling,
  );
  const share = (Math.sqrt(2 * stretch ** 2 - 1) / stretch ** 2) ** LATENTS;
  const { mean, standardError } = estimate(
    effectiveSamples.map((n) => n / 400),
  );
  assertLess(Math.abs(mean - share), 4 * standardError + 1 / 400);
});

Deno.test("sampleBounds() is log-mean-exp of weights in any order", async () => {
  // Scores that fall and rise by hundreds, so that the largest moves often.
  const losses = [900, 300, 301, 1000, 299.5, 700, 299];
  let k = 0;
  const { bound, effectiveSamples, reconstruction } = await sampleBounds(
    { score: () => Promise.resolve(Float64Array.of(losses[k++])) },
    new Uint8Array(IMAGE_PIXELS),
    // z = μ = 0 to 1e-9, so that log p(z) / q(z|x) is ε² / 2 − 20.
    { mu: new Float32Array(1), logvar: Float32Array.of(-40) },
    { likelihood: "bce", samples: losses.length, seed: 0 },
  );
  const key = streamKey(0, "evaluation");
  const logWeights = losses.map((loss, k) => {
    const [epsilon] = fillNormal(new Float32Array(1), key, 2 ** 31 + k);
    return epsilon ** 2 / 2 - 20 - loss;
  });
  const largest = Math.max(...logWeights);
  const weights = logWeights.map((w) => Math.exp(w - largest));
  const sum = weights.reduce((a, b) => a + b);
  const squares = weights.reduce((a, b) => a + b * b, 0);
  assertAlmostEquals(bound[0], largest + Math.log(sum / 7), 1e-9);
  assertAlmostEquals(effectiveSamples[0], sum ** 2 / squares, 1e-9);
  assertAlmostEquals(
    reconstruction[0],
    losses.reduce((a, b) => a + b) / 7,
    1e-9,
  );
});
