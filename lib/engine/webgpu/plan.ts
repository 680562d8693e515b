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
import { OUTPUT, type Stage, STAGES } from "../stages.ts";
import { adam, type Filter } from "./adam.ts";
import { type Convolution, down, up } from "./convolution.ts";
import { filterGradient, singleFilterGradient } from "./filter.ts";
import { gathered } from "./images.ts";
import { latentBackward, latentForward, latentRow } from "./latent.ts";
import { linearGradients } from "./linear.ts";
import { lossOutput, lossRow, pixelOutput, record } from "./loss.ts";
import {
  coefficientCount,
  inferenceMoments,
  moments,
  normGradient,
  SUMS,
} from "./norm.ts";
import type { Program } from "./program.ts";
import {
  gradientOf,
  type Input,
  normalised,
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
  readonly #partialCount: number;
  readonly #headsTranspose: number;
  readonly #transposeCount: number;

  constructor(options: ModelOptions, tiling: Tiling) {
    this.spec = modelSpec(options.latentDim);
    this.#options = options;
    this.#tiling = tiling;
    let offset = 0, transpose = 0;
    for (const stage of STAGES) {
      const { name, shape } = stage;
      const size = 9 * shape.large.channels * shape.small.channels;
      const splits = tiling.splits[shapeIndex(stage)];
      const kept = !NO_TRANSPOSE.has(name);
      this.#filters.push({
        stage,
        name,
        shape,
        partials: { offset, splits },
        transpose: kept ? transpose : undefined,
      });
      offset += splits * size;
      if (kept) transpose += size;
    }
    this.#partialCount = offset;
    this.#headsTranspose = transpose;
    this.#transposeCount = transpose + FEATURE_COUNT * 2 * options.latentDim;
  }

  /** Sizes of all buffers but the images' and the order's, in 4-byte words. */
  buffers(batchSize: number, slots: number): Map<string, number> {
    const { latentDim, parameterCount, runningCount } = this.spec;
    const sizes = new Map<string, number>([
      ["parameters", parameterCount],
      ["expAvg", parameterCount],
      ["expAvgSq", parameterCount],
      ["gradients", parameterCount],
      ["running", runningCount],
      ["partials", this.#partialCount],
      ["transposes", this.#transposeCount],
      ["records", slots * lossRow(latentDim)],
    ]);
    const perImage = (name: string, size: number) =>
      sizes.set(name, batchSize * size);
    perImage("image", IMAGE_PIXELS);
    perImage("losses", lossRow(latentDim));
    perImage("latents", latentRow(latentDim).length);
    perImage("∂heads", 2 * latentDim);
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
      perImage(`sums ${norm.name}`, SUMS * norm.channels);
      sizes.set(`norm ${norm.name}`, coefficientCount(norm));
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
    const moments_ = ({ norm }: Stage) => moments(norm!, this.spec);
    return [
      ...[e0, e3, e6].flatMap((s) => [this.#forward(s, true), moments_(s)]),
      latentForward(this.spec, autoencoder, {
        features: normalised(e6.norm!, e6.output),
        sample: true,
        decode: true,
      }),
      ...[d0, d3].flatMap((s) => [this.#forward(s, true), moments_(s)]),
      this.#forward(
        d6,
        true,
        lossOutput(likelihood, latentDim, this.#bias(d6), true),
      ),
      ...this.#backward(d6, gradientOf(d3.norm!, d3.output)),
      ...this.#backward(d3, gradientOf(d0.norm!, d0.output)),
      ...this.#backward(d0, stored("∂fc_decode")),
      latentBackward(
        this.spec,
        autoencoder,
        e6.norm!,
        e6.output,
        this.#headsTranspose,
      ),
      linearGradients(this.spec, e6.norm!, e6.output),
      ...this.#backward(e6, gradientOf(e3.norm!, e3.output)),
      ...this.#backward(e3, gradientOf(e0.norm!, e0.output)),
      ...this.#backward(e0),
      adam(this.spec, this.#filters, `${OUTPUT}.bias`, this.#headsTranspose),
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
    return make({ shape, weights, tile, ...rest });
  }

  #forward(
    stage: Stage,
    training: boolean,
    output?: Output,
    input = inputOf(stage),
  ): Program {
    const { name, direction, norm } = stage;
    return this.#convolution(stage, direction, {
      name,
      input,
      output: output ??
        rectified(stage.output, this.#bias(stage), training ? norm : undefined),
    });
  }

  /**
   * The gradients of a stage, with the output of its input gradient, if that is
   * wanted. The input gradient keeps the gradient before the ReLU for the
   * filter gradient.
   */
  #backward(stage: Stage, output?: Output): Program[] {
    const { name, direction, norm, shape } = stage;
    const gradient = norm
      ? throughNorm(norm, stage, output !== undefined)
      : plain(`∂${name}`, "f32");
    const before = inputOf(stage);
    const after = norm && output ? plain(`∂${name}`, "vec4<f32>") : gradient;
    return [
      ...norm ? [normGradient(norm, stage, this.spec)] : [],
      ...output
        ? [this.#convolution(stage, direction === "down" ? "up" : "down", {
          name: `∂${name} input`,
          input: gradient,
          output,
        })]
        : [],
      (shape.large.channels === 1 ? singleFilterGradient : filterGradient)({
        name: `∂${name} filter`,
        shape,
        large: direction === "down" ? before : after,
        small: direction === "down" ? after : before,
        partials: this.#filters.find((f) => f.name === name)!.partials,
        tile: this.#tiling.filter[shapeIndex(stage)],
      }),
    ];
  }
}

/** What a stage reads on the way forward. */
function inputOf({ input, inputNorm }: Stage): Input {
  if (!inputNorm) return plain(input, input === "image" ? "f32" : "vec4<f32>");
  const source = STAGES.find(({ norm }) => norm?.name === inputNorm.name)!;
  return normalised(inputNorm, source.output);
}
