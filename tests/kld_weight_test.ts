/**
 * README.md's table of how β goes by the losses of other programs: what it calls
 * the same is the same, but for a factor and what no weight can change.
 */
import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { fillNormal } from "../lib/rng.ts";
import { kl as klOf, reconstruction } from "./examples/losses.ts";

const README = Deno.readTextFileSync(new URL("../README.md", import.meta.url));

const [BATCH, PIXELS, DIMENSIONS] = [3, 784, 12];

/** A batch: pixels from 0 to 1, and what a model makes of them. */
interface Batch {
  readonly x: number[][];
  readonly xHat: number[][];
  readonly mu: number[][];
  readonly logvar: number[][];
}

/** Draws a batch. */
function batchOf(seed: number): Batch {
  const draw = (width: number, stream: number, of: (n: number) => number) =>
    Array.from({ length: BATCH }, (_, i) => {
      const values = new Float32Array(width);
      fillNormal(values, [seed, 10 * stream + i], 0);
      return Array.from(values, of);
    });
  const logistic = (n: number) => 1 / (1 + Math.exp(-n));
  return {
    x: draw(PIXELS, 0, logistic),
    xHat: draw(PIXELS, 1, logistic),
    mu: draw(DIMENSIONS, 2, (n) => n),
    logvar: draw(DIMENSIONS, 3, (n) => n),
  };
}

/** Sums over all numbers of a batch. */
function sum(
  batch: number[][],
  of: (n: number, i: number, j: number) => number,
) {
  return batch.reduce(
    (all, row, i) => all + row.reduce((s, n, j) => s + of(n, i, j), 0),
    0,
  );
}

/** The deviation of pixels in the row that has one. */
const S = 0.3;

const squares = ({ x, xHat }: Batch) =>
  sum(x, (n, i, j) => (xHat[i][j] - n) ** 2);
const entropy = ({ x, xHat }: Batch) =>
  -sum(
    x,
    (n, i, j) => n * Math.log(xHat[i][j]) + (1 - n) * Math.log(1 - xHat[i][j]),
  );
const nats = ({ mu, logvar }: Batch) =>
  sum(mu, (m, i, j) => klOf([m], [logvar[i][j]]));

/** What PyTorch computes, by how the table writes it. */
const RECONSTRUCTIONS: Record<string, (batch: Batch) => number> = {
  "((x̂ - x)**2).sum()": squares,
  "F.mse_loss(x̂, x)": (b) => squares(b) / (BATCH * PIXELS),
  "0.5 * ((x̂ - x)**2).sum()": (b) => squares(b) / 2,
  "-Normal(x̂, s).log_prob(x).sum()": ({ x, xHat }) =>
    sum(x, (n, i, j) =>
      (n - xHat[i][j]) ** 2 / (2 * S ** 2) +
      Math.log(S * Math.sqrt(2 * Math.PI))),
  "((x̂ - x)**2).sum(), pixels from −1 to 1": (b) => {
    const wide = (rows: number[][]) => rows.map((r) => r.map((n) => 2 * n - 1));
    return squares({ ...b, x: wide(b.x), xHat: wide(b.xHat) });
  },
  'F.binary_cross_entropy(x̂, x, reduction="sum")': entropy,
  "F.binary_cross_entropy(x̂, x)": (b) => entropy(b) / (BATCH * PIXELS),
};

const DIVERGENCES: Record<string, (batch: Batch) => number> = {
  "kl.sum()": nats,
  "kl.sum(1).mean()": (b) => nats(b) / BATCH,
  "kl.mean()": (b) => nats(b) / (BATCH * DIMENSIONS),
};

/** The rows of the table, without what is said of them besides. */
const ROWS = [...README.matchAll(
  /^\| `(.+?)`(, pixels from −1 to 1)?.*? +\| `w \* (.+?)`.*? +\| `(mse|bce)` +\| `(.+?)` +\|$/gm,
)].map(([, error, pixels = "", divergence, likelihood, beta]) => ({
  error: error + pixels,
  ...{ divergence, likelihood, beta },
}));

/** Computes what the table writes, from the left, with numbers for its letters. */
function valueOf(expression: string, w: number): number {
  const letters: Record<string, number> = { w, "s**2": S ** 2 };
  const words = expression.split(" ");
  return words.reduce((value, word, i) => {
    if (i % 2 === 1) return value;
    const number = letters[word] ?? Number(word);
    return words[i - 1] === "/" ? value / number : value * number;
  }, 1);
}

Deno.test("README.md has a row for each loss of others", () => {
  assertGreater(ROWS.length, 7);
  assertEquals(
    new Set(ROWS.map(({ error }) => error)),
    new Set(Object.keys(RECONSTRUCTIONS)),
  );
  assertEquals(
    new Set(ROWS.map(({ divergence }) => divergence)),
    new Set(Object.keys(DIVERGENCES)),
  );
});

for (const { error, divergence, likelihood, beta } of ROWS) {
  Deno.test(`${error} + w * ${divergence} is β = ${beta} with ${likelihood}`, () => {
    const ours = (batch: Batch, beta: number) =>
      (likelihood === "mse"
        ? batch.x.reduce(
          (all, x, i) => all + reconstruction(x, batch.xHat[i]),
          0,
        )
        : entropy(batch)) + beta * nats(batch);
    const theirs = (batch: Batch, w: number) =>
      RECONSTRUCTIONS[error](batch) + w * DIVERGENCES[divergence](batch);
    const [a, b, c] = [1, 2, 3].map(batchOf);
    for (const w of [0.01, 1, 5]) {
      const value = valueOf(beta, w);
      // What they agree in is how much one batch is better than another.
      const factor = (theirs(b, w) - theirs(a, w)) /
        (ours(b, value) - ours(a, value));
      assertAlmostEquals(
        (theirs(c, w) - theirs(a, w)) / factor,
        ours(c, value) - ours(a, value),
        1e-6,
      );
    }
  });
}
