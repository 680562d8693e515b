/**
 * Where everything of one engine lies in memory, in bytes.
 *
 * @module
 */
import { drawsOf } from "../../options/conflicts.ts";
import { type EngineOptions, noiseRows } from "../engine.ts";
import {
  LINEAR,
  linearShape,
  type Norm,
  type Stage,
  STAGES,
  usesMap,
} from "../stages.ts";
import {
  FEATURE_COUNT,
  IMAGE_PIXELS,
  type ModelSpec,
  modelSpec,
} from "../../model/spec.ts";
import {
  biasCount,
  PASSING,
  PER_DRAW,
  roundUp,
  rowBytes,
  rowSizes,
  weightCount,
} from "./rows.ts";
import { ADDRESS, SIZE } from "./words.ts";

/** A buffer in memory. */
export interface Buffer {
  readonly at: number;
  /** Bytes from one image to the next. */
  readonly row: number;
  /** Bytes from thread to thread, if each has its own. */
  readonly thread: number;
}

/** Images that are evaluated, encoded or decoded at a time, at least. */
const EVALUATION_BATCH = 128;

/** Bytes of a thread's workspace; `upEdge` and its like use half of it. */
const WORKSPACE = 32 * 1024;

/** Stages that have their input's norm in their weights in evaluation mode. */
export const FOLDED = STAGES.filter(({ direction, inputNorm }) =>
  direction === "up" && inputNorm
) as readonly (Stage & { readonly inputNorm: Norm })[];

/** What a kernel may read behind a buffer's last element. */
const SPARE = 64;

/** The addresses of all that an engine keeps; the data set comes at `end`. */
export class MemoryMap {
  readonly latentDim: number;
  readonly spec: ModelSpec;
  /** Images that fit in the buffers. */
  readonly capacity: number;
  /** Draws of z for each image of a training step, and their rows of noise. */
  readonly draws: number;
  readonly noiseRows: number;
  /** Whether each draw has a weight of its own, as those of `iwae` have. */
  readonly isWeighed: boolean;
  /** Where fc_decode and decoder.0 are one map of z; it is remade each batch. */
  readonly map: {
    readonly training: boolean;
    readonly inference: boolean;
    /** A row for each latent dimension, one for the bias, one for each class. */
    readonly rows: number;
    /** The share that one image of a batch has in making it. */
    readonly share: number;
  };
  readonly parameters: number;
  readonly gradients: number;
  readonly expAvg: number;
  readonly expAvgSq: number;
  readonly running: number;
  /**
   * f64: Σ reconstruction loss, then Σ KL for each latent dimension, then
   * Σ −log of the mean importance weight, or Σ total correlation up to a constant.
   */
  readonly results: number;
  /** One f64 for each shard of the decoder. */
  readonly losses: number;
  /** One f64 for each image. */
  readonly scores: number;
  /** One f64 for each shard and latent dimension. */
  readonly klSums: number;
  /** One for each latent dimension. */
  readonly klFactors: number;
  /**
   * For each draw of z: log p(z) − log q(z|x) and −log p(x|z), f64, and its
   * importance weight and the square, both divided by the images of the batch.
   */
  readonly importance: {
    readonly ratios: number;
    readonly losses: number;
    readonly weights: number;
    readonly squares: number;
  };
  /** The tables of correlation.ts, images in a row of them, and the shards' f64. */
  readonly correlation: {
    readonly tables: number;
    readonly columns: number;
    readonly sums: number;
  };
  /** Room for images that do not stay, and for labels. */
  readonly staging: number;
  readonly labels: number;
  readonly scratch: number;
  readonly scratchThread: number;
  readonly #buffers = new Map<string, Buffer>();
  readonly #norms = new Map<string, { coefficients: number; sums: number }>();
  readonly #partials = new Map<string, { at: number; shard: number }>();
  readonly #packed = new Map<string, number>();
  #next: number = ADDRESS.free;

  constructor(options: Required<EngineOptions>, threads: number) {
    const { latentDim, batchSize, classCount, objective } = options;
    const draws = drawsOf(options);
    this.latentDim = latentDim;
    this.draws = draws;
    this.noiseRows = noiseRows(draws, objective);
    this.isWeighed = objective === "iwae";
    this.spec = modelSpec(latentDim, classCount);
    this.capacity = Math.max(batchSize, EVALUATION_BATCH);
    this.map = {
      training: usesMap(latentDim, batchSize * draws, classCount),
      inference: usesMap(latentDim, Infinity, classCount),
      rows: latentDim + 1 + classCount,
      share: 1 / batchSize,
    };
    const rows = (perImage: number) =>
      Math.max(batchSize * perImage, this.capacity);
    const shards = Math.ceil(rows(1) / SIZE.shard);
    const decoderShards = Math.ceil(rows(draws) / SIZE.shard);

    const { parameterCount, runningCount } = this.spec;
    this.parameters = this.claim(4 * parameterCount + SPARE);
    this.gradients = this.claim(4 * parameterCount);
    this.expAvg = this.claim(4 * parameterCount);
    this.expAvgSq = this.claim(4 * parameterCount);
    this.running = this.claim(4 * runningCount);
    this.results = this.claim(8 * (2 + latentDim));
    this.losses = this.claim(8 * decoderShards);
    this.scores = this.claim(8 * this.capacity);
    this.klSums = this.claim(8 * latentDim * shards);
    this.klFactors = this.claim(4 * latentDim);
    const weighed = this.isWeighed ? rows(draws) : 0;
    this.importance = {
      ratios: this.claim(8 * weighed),
      losses: this.claim(8 * weighed),
      weights: this.claim(4 * weighed),
      squares: this.claim(4 * weighed),
    };
    const correlated = objective === "btc" ? roundUp(batchSize, 16) : 0;
    this.correlation = {
      tables: this.claim(4 * correlated * (5 * latentDim + 1)),
      columns: correlated,
      sums: this.claim(correlated),
    };
    if (correlated) {
      const row = rowBytes(latentDim), at = this.claim(row * batchSize);
      this.#buffers.set("∂correlation", { at, row, thread: 0 });
    }
    this.staging = this.claim(this.capacity * IMAGE_PIXELS);
    this.labels = this.claim(classCount && this.capacity);

    for (const stage of STAGES) {
      const { name, shape, direction, norm } = stage;
      const count = direction === "down" ? shards : decoderShards;
      if (norm) {
        this.#norms.set(norm.name, {
          coefficients: this.claim((5 * 4 + 2 * 8) * norm.channels),
          sums: this.claim(2 * 8 * norm.channels * count),
        });
      }
      const L = shape.large.channels, S = shape.small.channels;
      const shard = roundUp(4 * (weightCount(stage) + biasCount(stage)), 64);
      this.#partials.set(name, { at: this.claim(shard * count), shard });
      if (L > 1) this.#packed.set(`down ${name}`, this.#panels(9 * L, S));
      this.#packed.set(
        `up ${name}`,
        L === 1 ? this.#panels(S, 9) : this.#panels(9 * S, L),
      );
    }
    for (const { name, shape } of FOLDED) {
      const L = shape.large.channels, S = shape.small.channels;
      const weights = L === 1 ? this.#panels(S, 9) : this.#panels(9 * S, L);
      this.#packed.set(`folded ${name}`, weights);
      this.#packed.set(`folded ${name} bias`, this.#panels(9, L));
    }
    for (const name of LINEAR) {
      const [inputs, outputs] = linearShape(name, latentDim);
      this.#packed.set(name, this.#panels(inputs, outputs));
      this.#packed.set(`back ${name}`, this.#panels(outputs, inputs));
    }

    const decode = this.parameter("fc_decode.weight"), row = 4 * FEATURE_COUNT;
    const fixed = { row, thread: 0 };
    this.#buffers
      .set("fc_decode.weight", { at: this.parameters + decode, ...fixed })
      .set("∂fc_decode.weight", { at: this.gradients + decode, ...fixed });
    const [, outputs] = linearShape("map", latentDim);
    for (const name of ["map", "∂map"]) {
      const row = rowBytes(outputs);
      const at = this.claim(row * this.map.rows);
      this.#buffers.set(name, { at, row, thread: 0 });
    }

    const buffers = Object.entries(rowSizes(latentDim))
      .map(([name, size]) => ({ name, row: rowBytes(size) }));
    const passing = buffers.filter(({ name }) => PASSING.has(name));
    this.scratchThread = passing.reduce(
      (sum, { row }) => sum + row * SIZE.shard + SPARE,
      WORKSPACE,
    );
    this.scratch = this.claim(this.scratchThread * threads);
    let own = this.scratch + WORKSPACE;
    for (const { name, row } of passing) {
      this.#buffers.set(name, { at: own, row, thread: this.scratchThread });
      own += row * SIZE.shard + SPARE;
    }
    for (const { name, row } of buffers) {
      if (PASSING.has(name)) continue;
      const perImage = name === "epsilon"
        ? this.noiseRows
        : PER_DRAW.has(name)
        ? draws
        : 1;
      const at = this.claim(row * rows(perImage) + SPARE);
      this.#buffers.set(name, { at, row, thread: 0 });
    }
  }

  /** The first byte that nobody has claimed. */
  get end(): number {
    return this.#next;
  }

  /** Claims bytes of memory, on a cache line; returns their address. */
  claim(bytes: number): number {
    const at = this.#next;
    this.#next = roundUp(at + bytes, 64);
    return at;
  }

  /**
   * A buffer of activations or gradients, with a row for each image; from `z` on
   * with one for each draw, and in `epsilon` one for each draw or pair of them.
   * `map` and its gradient have `map.rows`; so has `fc_decode.weight`, which the
   * arena's bias and classes follow.
   */
  buffer(name: string): Buffer {
    return known(this.#buffers, name);
  }

  /** A norm's coefficients (see norm.ts), and its sums: f64 [shard][2][channels]. */
  norm(name: string): { coefficients: number; sums: number } {
    return known(this.#norms, name);
  }

  /** A convolution's partial gradients: f32 [shard][weights, then bias]. */
  partial(name: string): { at: number; shard: number } {
    return known(this.#partials, name);
  }

  /** Weights in panels, as `product` reads them. */
  packed(name: string): number {
    return known(this.#packed, name);
  }

  /** Byte offset of a block in the parameter arena and its like. */
  parameter(name: string): number {
    const blocks = this.spec.parameterBlocks;
    return 4 * known(new Map(blocks.map((b) => [b.name, b.offset])), name);
  }

  #panels(rows: number, columns: number): number {
    return this.claim(4 * roundUp(rows, 4) * roundUp(columns, SIZE.panel));
  }
}

function known<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new RangeError(`nothing is named ${name}`);
  return value;
}
