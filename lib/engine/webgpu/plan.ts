/**
 * Which programs make a training step, an evaluation, an encoding and a
 * decoding, and which buffers they need.
 *
 * @module
 */
import {
  ENCODER,
  FEATURE_COUNT,
  IMAGE_PIXELS,
  type ModelOptions,
  type ModelSpec,
  modelSpec,
  offsetOf,
} from "../../model/spec.ts";
import { type Norm, OUTPUT, type Stage, STAGES } from "../stages.ts";
import { adam, type Filter } from "./adam.ts";
import { type Convolution, down, up } from "./convolution.ts";
import {
  filterGradient,
  filterThreads,
  type Partials,
  singleFilterGradient,
} from "./filter.ts";
import { gathered } from "./images.ts";
import { latentBackward, latentForward, latentRow } from "./latent.ts";
import { linearGradients, linearRegion, linearSplits } from "./linear.ts";
import { lossOutput, lossRow, pixelOutput, record } from "./loss.ts";
import {
  BACKWARD_SUMS,
  inferenceMoments,
  normGradient,
  RUNNING_LENGTH,
} from "./norm.ts";
import type { Program } from "./program.ts";
import { type FixedShare, sharedOut } from "./shares.ts";
import {
  gradientOf,
  type Input,
  normalised,
  normalisedByBatch,
  type Output,
  plain,
  rectified,
  stored,
  throughNorm,
} from "./sides.ts";
import type { Tiling } from "./tiling.ts";

const NO_TRANSPOSE = new Set(["encoder.0", OUTPUT]);

function shapeIndex({ shape }: Stage): number {
  return ENCODER.indexOf(shape);
}

/** The programs of one model. */
export class Plan {
  readonly spec: ModelSpec;
  readonly #options: ModelOptions;
  readonly #tiling: Tiling;
  readonly #filters: (Filter & { stage: Stage })[] = [];
  readonly #linear: Partials;
  readonly #gradientCount: number;
  readonly #headsTranspose: number;
  readonly #transposeCount: number;

  constructor(options: ModelOptions, tiling: Tiling) {
    this.spec = modelSpec(options.latentDim);
    this.#options = options;
    this.#tiling = tiling;
    // Behind the gradients that are there at once lie those in parts.
    let offset = this.spec.parameterCount, transpose = 0;
    for (const stage of STAGES) {
      const { name, shape } = stage;
      const size = 9 * shape.large.channels * shape.small.channels;
      const splits = tiling.splits[shapeIndex(stage)];
      const kept = !NO_TRANSPOSE.has(name);
      this.#filters.push({
        stage,
        name,
        shape,
        partials: { offset, splits, units: shape.small.size },
        transpose: kept ? transpose : undefined,
      });
      offset += splits * size;
      if (kept) transpose += size;
    }
    const splits = linearSplits(
      options.latentDim,
      tiling.linear,
      this.#filterThreads(STAGES[3]),
    );
    this.#linear = { offset, splits, units: 1 };
    this.#gradientCount = offset + splits * linearRegion(this.spec).length;
    this.#headsTranspose = transpose;
    this.#transposeCount = transpose + FEATURE_COUNT * 2 * options.latentDim;
  }

  /** Sizes of all buffers but the images' and the order's, in 4-byte words. */
  buffers(batchSize: number, slots: number): Map<string, number> {
    const { latentDim, parameterCount } = this.spec;
    const sizes = new Map<string, number>([
      ["parameters", parameterCount],
      ["expAvg", parameterCount],
      ["expAvgSq", parameterCount],
      ["gradients", this.#gradientCount],
      ["running", RUNNING_LENGTH],
      ["transposes", this.#transposeCount],
      ["records", slots * lossRow(latentDim)],
    ]);
    const perImage = (name: string, size: number) =>
      sizes.set(name, batchSize * size);
    perImage("image", IMAGE_PIXELS);
    perImage("losses", lossRow(latentDim));
    perImage("latents", latentRow(latentDim).length);
    perImage("z", latentDim);
    for (const name of ["fc_decode", "∂fc_decode"]) {
      perImage(name, FEATURE_COUNT);
    }
    for (const { name, output, norm } of STAGES) {
      const size = norm ? norm.places * norm.channels : IMAGE_PIXELS;
      perImage(output, size);
      perImage(`∂${name}`, size);
      if (!norm) continue;
      perImage(`∂${norm.name}`, size);
      perImage(`sums ${norm.name}`, BACKWARD_SUMS * norm.channels);
    }
    return sizes;
  }

  /** The weights that are kept transposed, from a parameter arena. */
  transposes(parameters: Float32Array): Float32Array<ArrayBuffer> {
    const all = new Float32Array(this.#transposeCount);
    for (const { name, shape, transpose } of this.#filters) {
      if (transpose === undefined) continue;
      const L = shape.large.channels, S = shape.small.channels;
      const first = offsetOf(this.spec, `${name}.weight`);
      for (let i = 0; i < 9 * L * S; i++) {
        const tap = Math.floor(i / (L * S)), l = Math.floor(i / S) % L;
        all[transpose + (tap * S + i % S) * L + l] = parameters[first + i];
      }
    }
    const heads = 2 * this.spec.latentDim;
    const first = offsetOf(this.spec, "fc_mu.weight");
    for (let i = 0; i < FEATURE_COUNT * heads; i++) {
      const at = i % heads * FEATURE_COUNT + Math.floor(i / heads);
      all[this.#headsTranspose + at] = parameters[first + i];
    }
    return all;
  }

  /** The first layer in training, which gathers its batch by itself. */
  first(): Program {
    return this.#forward(STAGES[0], true, undefined, gathered());
  }

  /** Forward, backward and Adam, after the batch has been gathered. */
  training(): Program[] {
    const { latentDim, autoencoder, likelihood } = this.#options;
    const [e0, e3, e6, d0, d3, d6] = STAGES;
    return [
      ...[e0, e3, e6].map((stage) => this.#forward(stage, true)),
      latentForward(this.spec, autoencoder, {
        features: this.#byBatch(e6),
        sample: true,
        decode: true,
      }),
      ...[d0, d3].map((stage) => this.#forward(stage, true)),
      this.#forward(
        d6,
        true,
        lossOutput(likelihood, latentDim, this.#bias(d6), true),
      ),
      this.#inputGradient(d6, gradientOf(d3.norm!, d3.output)),
      this.#filterGradient(d6, d3),
      this.#inputGradient(d3, gradientOf(d0.norm!, d0.output)),
      this.#filterGradient(d3, d0),
      this.#inputGradient(d0, stored("∂fc_decode")),
      latentBackward(
        this.spec,
        autoencoder,
        e6.norm!,
        e6.output,
        this.#headsTranspose,
      ),
      this.#filterGradient(d0, e6, [
        linearGradients(
          this.spec,
          e6.norm!,
          e6.output,
          this.#linear,
          this.#tiling.linear,
          this.#filterThreads(d0),
        ),
      ]),
      this.#inputGradient(e6, gradientOf(e3.norm!, e3.output)),
      this.#filterGradient(e6, e3),
      this.#inputGradient(e3, gradientOf(e0.norm!, e0.output)),
      this.#filterGradient(e3, e0),
      this.#filterGradient(e0),
      adam(
        this.spec,
        this.#filters,
        { ...linearRegion(this.spec), partials: this.#linear },
        this.#bias(d6),
        this.#headsTranspose,
        this.#tiling.slices,
      ),
    ];
  }

  /** Scale and shift of all norms for the following three. */
  inference(): Program {
    return inferenceMoments(this.spec);
  }

  /** The losses of a batch that has been gathered. */
  evaluation(): Program[] {
    const { latentDim, likelihood } = this.#options;
    const last = STAGES[5];
    return [
      ...this.#encoder(),
      this.#heads(true),
      ...this.#decoder(
        lossOutput(likelihood, latentDim, this.#bias(last), false),
      ),
      record(latentDim),
    ];
  }

  /** Heads of a batch that has been gathered. */
  encoding(): Program[] {
    return [...this.#encoder(), this.#heads(false)];
  }

  /** Pixel means of `z`. */
  decoding(): Program[] {
    return [
      latentForward(this.spec, this.#options.autoencoder, {
        sample: false,
        decode: true,
      }),
      ...this.#decoder(
        pixelOutput(this.#options.likelihood, this.#bias(STAGES[5])),
      ),
    ];
  }

  /** The loss of each image of a batch that has been gathered, given `z`. */
  scoring(): Program[] {
    const { latentDim, likelihood, autoencoder } = this.#options;
    return [
      latentForward(this.spec, autoencoder, { sample: false, decode: true }),
      ...this.#decoder(
        lossOutput(likelihood, latentDim, this.#bias(STAGES[5]), false),
      ),
    ];
  }

  #encoder(): Program[] {
    return STAGES.slice(0, 3).map((stage) => this.#forward(stage, false));
  }

  #heads(onwards: boolean): Program {
    const { norm, output } = STAGES[2];
    return latentForward(this.spec, this.#options.autoencoder, {
      features: normalised(norm!, output),
      sample: onwards,
      decode: onwards,
    });
  }

  #decoder(output: Output): Program[] {
    const [, , , d0, d3, d6] = STAGES;
    return [
      this.#forward(d0, false),
      this.#forward(d3, false),
      this.#forward(d6, false, output),
    ];
  }

  #bias({ name }: Stage): number {
    return offsetOf(this.spec, `${name}.bias`);
  }

  #convolution(
    stage: Stage,
    direction: "down" | "up",
    rest: Pick<Convolution, "name" | "input" | "output">,
  ): Program {
    const { name, shape } = stage;
    const { transpose } = this.#filters.find((f) => f.name === name)!;
    const tile = this.#tiling[direction][shapeIndex(stage)];
    const weights = direction === "up" && transpose !== undefined
      ? { buffer: "transposes", offset: transpose }
      : {
        buffer: "parameters",
        offset: offsetOf(this.spec, `${name}.weight`),
      };
    const make = direction === "down" ? down : up;
    const { workgroups } = this.#tiling;
    return make({ shape, weights, tile, workgroups, ...rest });
  }

  #forward(
    stage: Stage,
    training: boolean,
    output?: Output,
    input?: Input,
  ): Program {
    const { name, direction, norm, inputNorm } = stage;
    return this.#convolution(stage, direction, {
      name,
      input: input ??
        (training && inputNorm
          ? this.#byBatch(sourceOf(inputNorm))
          : inputOf(stage)),
      output: output ??
        rectified(stage.output, this.#bias(stage), training ? norm : undefined),
    });
  }

  /** Workgroups that left sums, as WGSL. */
  #parts(): string {
    return `min(job.count, ${this.#tiling.workgroups}u)`;
  }

  /** What a stage leaves, normalised by whoever is the first to need it. */
  #byBatch({ norm, output }: Stage): Input {
    return normalisedByBatch(norm!, output, this.spec, this.#parts());
  }

  /** What arrives at a stage's output on the way back. */
  #gradient(stage: Stage, keep: boolean): Input {
    return stage.norm
      ? throughNorm(stage.norm, stage, keep)
      : plain(`∂${stage.name}`, "f32");
  }

  /** Keeps the gradient before the ReLU for the filter gradient. */
  #inputGradient(stage: Stage, output: Output): Program {
    const { name, direction } = stage;
    return this.#convolution(stage, direction === "down" ? "up" : "down", {
      name: `∂${name} input`,
      input: this.#gradient(stage, true),
      output,
    });
  }

  #filterThreads(stage: Stage): number {
    const tile = this.#tiling.filter[shapeIndex(stage)];
    return filterThreads(stage.shape, tile);
  }

  /**
   * The filter gradient of a stage. Some of its workgroups make the norm's
   * gradient of the stage `next`, which is next on the way back, or do `more`.
   */
  #filterGradient(
    stage: Stage,
    next?: Stage,
    more: readonly FixedShare[] = [],
  ): Program {
    const { name, direction, norm, shape } = stage;
    const threads = this.#filterThreads(stage);
    const before = inputOf(stage);
    const after = norm && next
      ? plain(`∂${name}`, "vec4<f32>")
      : this.#gradient(stage, false);
    // latentBackward leaves sums for each image.
    const parts = next === STAGES[2] ? "job.count" : this.#parts();
    const make = shape.large.channels === 1
      ? singleFilterGradient
      : filterGradient;
    return sharedOut(
      `∂${name} filter`,
      threads,
      make({
        shape,
        large: direction === "down" ? before : after,
        small: direction === "down" ? after : before,
        partials: this.#filters.find((f) => f.name === name)!.partials,
        tile: this.#tiling.filter[shapeIndex(stage)],
      }),
      [
        ...next
          ? [normGradient(next.norm!, next, this.spec, parts, threads)]
          : [],
        ...more,
      ],
    );
  }
}

/** What a stage reads on the way forward. */
function inputOf({ input, inputNorm }: Stage): Input {
  if (!inputNorm) return plain(input, input === "image" ? "f32" : "vec4<f32>");
  return normalised(inputNorm, sourceOf(inputNorm).output);
}

/** The stage whose output a norm reads. */
function sourceOf({ name }: Norm): Stage {
  return STAGES.find(({ norm }) => norm?.name === name)!;
}
