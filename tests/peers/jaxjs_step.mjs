/**
 * Times a training step of the same model in jax-js on its WebAssembly backend:
 * loss, gradient and Adam inside one jitted function. The running statistics of
 * the norms are left out, and ε is drawn beforehand: both are in jax-js's favour.
 *
 *     deno run --allow-read jaxjs_step.mjs --peers DIR [--threads 2] [--batch-size 128]
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { BATCHES, findPackage, milliseconds, peerOptions } from "./timing.ts";

const { threads, batchSize, latentDim, seconds, peers } = peerOptions();
const { entry, version } = findPackage(peers, "@jax-js/jax");

// It starts a worker for each core that the navigator names.
Object.defineProperty(navigator, "hardwareConcurrency", { value: threads });
const jax = await import(pathToFileURL(entry).href.replace(/cjs$/, "js"));
const { defaultDevice, init, jit, nn, numpy: np, random, tree } = jax;
await init("wasm");
defaultDevice("wasm");

// Whatever takes an array frees it; `.ref` keeps it for one more use.
let seed = 0;
const normal = (...shape) => random.normal(random.key(seed++), shape);
const layer = (channels, ...shape) => ({
  weight: normal(...shape).mul(0.05),
  bias: np.zeros([channels]),
});
const norm = (channels) => ({
  scale: np.ones([channels]),
  shift: np.zeros([channels]),
});

// Layers of 3×3 taps, stride 2, padding 1, as products of matrices: jax-js's own
// convolutions take ten times as long (0.1.25, wasm).
const model = {
  encoder: [[1, 16], [16, 32], [32, 64]].map(([from, to]) => ({
    ...layer(to, 9 * from, to),
    ...norm(to),
  })),
  mu: layer(latentDim, 1024, latentDim),
  logvar: layer(latentDim, 1024, latentDim),
  decode: layer(1024, latentDim, 1024),
  decoder: [[64, 32], [32, 16]].map(([from, to]) => ({
    ...transposedLayer(from, to),
    ...norm(to),
  })),
  pixels: transposedLayer(16, 1),
};

/** Taps by the parity of the row and column that they write to. */
function transposedLayer(from, to) {
  return {
    ee: normal(from, to).mul(0.05),
    eo: normal(2 * from, to).mul(0.05),
    oe: normal(2 * from, to).mul(0.05),
    oo: normal(4 * from, to).mul(0.05),
    bias: np.zeros([to]),
  };
}

function dense(x, { weight, bias }) {
  return np.matmul(x, weight).add(bias);
}

/** The product of a matrix and several images side by side, by channels. */
function product(images, weight) {
  const [n, rows, columns] = images[0].shape;
  const all = images.length > 1 ? np.concatenate(images, 3) : images[0];
  const channels = all.shape[3];
  return np.matmul(all.reshape([n * rows * columns, channels]), weight)
    .reshape([n, rows, columns, -1]);
}

/** A convolution of images [n, size, size, channels]. */
function down(x, { weight, bias }) {
  const [n, size, , channels] = x.shape;
  const to = Math.ceil(size / 2);
  const after = 2 * (to + 1) - size - 1;
  const pairs = np.pad(x, [[0, 0], [1, after], [1, after], [0, 0]])
    .reshape([n, to + 1, 2, to + 1, 2, channels]);
  const range = (tap) => tap < 2 ? [0, to] : [1, to + 1];
  const taps = [];
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      taps.push(pairs.ref.slice([], range(i), i % 2, range(j), j % 2, []));
    }
  }
  pairs.dispose();
  return product(taps, weight).add(bias);
}

/** A transposed convolution, to twice the size less `less`. */
function up(x, { ee, eo, oe, oo, bias }, less) {
  const [n, size] = x.shape;
  const padded = np.pad(x.ref, [[0, 0], [0, 1], [0, 1], [0, 0]]);
  const at = (row, column) =>
    padded.ref.slice([], [row, row + size], [column, column + size], []);
  const right = at(0, 1), below = at(1, 0), diagonal = at(1, 1);
  padded.dispose();
  const parts = [
    product([x.ref], ee),
    product([x.ref, right.ref], eo),
    product([x.ref, below.ref], oe),
    product([x, right, below, diagonal], oo),
  ];
  const y = np.stack(parts).reshape([2, 2, n, size, size, -1])
    .transpose([2, 3, 0, 4, 1, 5]).reshape([n, 2 * size, 2 * size, -1]);
  const end = 2 * size - less;
  return y.slice([], [0, end], [0, end], []).add(bias);
}

function reluAndNorm(x, { scale, shift }) {
  const h = nn.relu(x);
  const overAll = { keepdims: true };
  const centred = h.ref.sub(np.mean(h, [0, 1, 2], overAll));
  const variance = np.mean(np.square(centred.ref), [0, 1, 2], overAll);
  return centred.div(np.sqrt(variance.add(1e-5)))
    .mul(scale).add(shift);
}

function lossOf(model, x, epsilon) {
  let h = x.ref;
  for (const layer of model.encoder) h = reluAndNorm(down(h, layer), layer);
  h = h.reshape([batchSize, 1024]);
  const mu = dense(h.ref, model.mu);
  const logvar = dense(h, model.logvar);
  const z = mu.ref.add(np.exp(logvar.ref.mul(0.5)).mul(epsilon));
  h = dense(z, model.decode).reshape([batchSize, 4, 4, 64]);
  model.decoder.forEach((layer, i) => {
    h = reluAndNorm(up(h, layer, 1 - i), layer);
  });
  const difference = up(h, model.pixels, 0).sub(x);
  const reconstruction = np.sum(np.square(difference));
  const kl = np.sum(
    logvar.ref.add(1).sub(np.square(mu)).sub(np.exp(logvar)),
  ).mul(-0.5);
  return reconstruction.add(kl).div(batchSize);
}

const step = jit((model, m, v, corrections, x, epsilon) => {
  const [loss, gradient] = jax.valueAndGrad(lossOf)(
    tree.ref(model),
    x,
    epsilon,
  );
  m = tree.map((m, g) => m.mul(0.9).add(g.mul(0.1)), m, tree.ref(gradient));
  v = tree.map(
    (v, g) => v.mul(0.999).add(np.square(g).mul(0.001)),
    v,
    gradient,
  );
  const [first, second] = corrections;
  const updated = tree.map(
    (p, m, v) =>
      p.sub(
        m.div(first.ref).mul(1e-3)
          .div(np.sqrt(v.div(second.ref)).add(1e-8)),
      ),
    model,
    tree.ref(m),
    tree.ref(v),
  );
  tree.dispose(corrections);
  return [updated, m, v, loss];
});

const zeros = () => tree.map((p) => np.zeros(p.shape), model);
const images = [], noise = [];
for (let i = 0; i < BATCHES; i++) {
  images.push(random.uniform(random.key(100 + i), [batchSize, 28, 28, 1]));
  noise.push(normal(batchSize, latentDim));
}
let state = [model, zeros(), zeros()];
let loss;
const took = await milliseconds(
  async (i) => {
    loss?.dispose();
    const corrections = [0.9, 0.999].map((b) => np.array(1 - b ** (i + 1)));
    const [x, epsilon] = [images, noise].map((of) => of[i % BATCHES].ref);
    const result = step(...state, corrections, x, epsilon);
    state = result.slice(0, 3);
    loss = result[3];
    await loss.blockUntilReady();
  },
  seconds,
);
if (!Number.isFinite(await loss.data().then(([value]) => value))) {
  throw new Error("jax-js's loss is not a number: what was timed is no step");
}
console.log(JSON.stringify({
  name: "jax-js",
  version,
  build: "wasm",
  threads,
  isFair: true,
  times: [{ of: "step", variant: "jitted", milliseconds: took }],
}));
Deno.exit(0);
