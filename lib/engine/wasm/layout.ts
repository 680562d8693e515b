/**
 * The memory map: where everything of one engine lies, in bytes.
 *
 * @module
 */
import type { EngineOptions } from "../engine.ts";
import { bufferSpecs, type LinearName, NORMS, STAGES } from "../stages.ts";
import {
  FEATURE_COUNT,
  IMAGE_PIXELS,
  type ModelSpec,
  modelSpec,
} from "../../model/spec.ts";
import { At, Size } from "./records.ts";

/** A buffer in memory. */
export interface Placed {
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

/** What a kernel may read behind a buffer's last element. */
const SPARE = 64;

/** The next multiple of `multiple`. */
export function roundUp(size: number, multiple: number): number {
  return Math.ceil(size / multiple) * multiple;
}

/** Where everything lies but the data set, which comes at `end`. */
export class Layout {
  readonly latentDim: number;
  readonly spec: ModelSpec;
  /** Images that fit in the buffers. */
  readonly capacity: number;
  readonly parameters: number;
  readonly gradients: number;
  readonly expAvg: number;
  readonly expAvgSq: number;
  readonly running: number;
  /** f64: Σ reconstruction loss, then Σ KL for each latent dimension. */
  readonly results: number;
  /** One f64 for each shard. */
  readonly losses: number;
  /** One f64 for each shard and latent dimension. */
  readonly klSums: number;
  readonly klFactor: number;
  /** Room for images that do not stay. */
  readonly staging: number;
  readonly scratch: number;
  readonly scratchThread: number;
  readonly #buffers = new Map<string, Placed>();
  readonly #norms = new Map<string, { coefficients: number; sums: number }>();
  readonly #partials = new Map<string, { at: number; shard: number }>();
  readonly #packed = new Map<string, number>();
  #next: number = At.free;

  constructor({ latentDim, batchSize }: EngineOptions, threads: number) {
    this.latentDim = latentDim;
    this.spec = modelSpec(latentDim);
    this.capacity = Math.max(batchSize, EVALUATION_BATCH);
    const shards = Math.ceil(this.capacity / Size.shard);

    const { parameterCount, runningCount } = this.spec;
    this.parameters = this.claim(4 * parameterCount + SPARE);
    this.gradients = this.claim(4 * parameterCount);
    this.expAvg = this.claim(4 * parameterCount);
    this.expAvgSq = this.claim(4 * parameterCount);
    this.running = this.claim(4 * runningCount);
    this.results = this.claim(8 * (1 + latentDim));
    this.losses = this.claim(8 * shards);
    this.klSums = this.claim(8 * latentDim * shards);
    this.klFactor = this.claim(4);
    this.staging = this.claim(this.capacity * IMAGE_PIXELS);

    for (const { name, channels } of NORMS) {
      this.#norms.set(name, {
        coefficients: this.claim((5 * 4 + 2 * 8) * channels),
        sums: this.claim(2 * 8 * channels * shards),
      });
    }
    for (const { name, shape, direction } of STAGES) {
      const L = shape.large.channels, S = shape.small.channels;
      const bias = direction === "down" ? S : L;
      const shard = roundUp(4 * (9 * L * S + bias), 64);
      this.#partials.set(name, { at: this.claim(shard * shards), shard });
      this.#packed.set(`down ${name}`, this.#panels(9 * L, S));
      this.#packed.set(
        `up ${name}`,
        L === 1 ? this.#panels(S, 9) : this.#panels(9 * S, L),
      );
    }
    for (const name of ["heads", "fc_decode"] as const) {
      const [rows, columns] = this.linearShape(name);
      this.#packed.set(name, this.#panels(rows, columns));
      this.#packed.set(`back ${name}`, this.#panels(columns, rows));
    }

    const buffers = [...bufferSpecs(latentDim)]
      .map(([name, { size, passing }]) => ({
        name,
        row: rowBytes(size),
        passing,
      }));
    const passing = buffers.filter((buffer) => buffer.passing);
    this.scratchThread = passing.reduce(
      (sum, { row }) => sum + row * Size.shard + SPARE,
      WORKSPACE,
    );
    this.scratch = this.claim(this.scratchThread * threads);
    let own = this.scratch + WORKSPACE;
    for (const { name, row } of passing) {
      this.#buffers.set(name, { at: own, row, thread: this.scratchThread });
      own += row * Size.shard + SPARE;
    }
    for (const { name, row, passing } of buffers) {
      if (passing) continue;
      const at = this.claim(row * this.capacity + SPARE);
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

  buffer(name: string): Placed {
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

  /** Inputs and outputs of a linear layer. */
  linearShape(name: LinearName): [number, number] {
    return name === "heads"
      ? [FEATURE_COUNT, 2 * this.latentDim]
      : [this.latentDim, FEATURE_COUNT];
  }

  #panels(rows: number, columns: number): number {
    return this.claim(4 * roundUp(rows, 4) * roundUp(columns, Size.panel));
  }
}

/**
 * Bytes of a buffer's row. Panels are written whole; and rows that are a
 * multiple of 4 KiB apart would fall on the same lines of the cache.
 */
function rowBytes(size: number): number {
  const bytes = 4 * roundUp(size, Size.panel);
  return bytes % 4096 ? bytes : bytes + 64;
}

function known<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new RangeError(`nothing is named ${name}`);
  return value;
}
