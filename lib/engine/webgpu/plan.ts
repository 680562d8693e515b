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
  type ModelSpec,
  modelSpec,
  offsetOf,
} from "../../model/spec.ts";
import type { EngineOptions } from "../engine.ts";
import {
  mapFlops,
  type Norm,
  OUTPUT,
  type Stage,
  STAGES,
  usesMap,
} from "../stages.ts";
import { adam, type Filter } from "./adam.ts";
import { type Convolution, down, up } from "./convolution.ts";
import {
  filterGradient,
  filterThreads,
  type Partials,
  singleFilterGradient,
} from "./filter.ts";
import { gathered } from "./images.ts";
import {
  type Decoded,
  latentBackward,
  latentForward,
  type LatentParts,
  latentRow,
} from "./latent.ts";
import {
  decodeGradient,
  headsGradient,
  linearRegion,
  linearSplits,
  mapGradient,
} from "./linear.ts";
import { MAP_ROW, mapParts, mapped } from "./map.ts";
import { lossOutput, lossRow, pixelOutput, record } from "./loss.ts";
import {
  BACKWARD_SUMS,
  inferenceMoments,
  normGradient,
  RUNNING_LENGTH,
} from "./norm.ts";
import { type Program, read, write } from "./program.ts";
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

/** The stages before and behind the latent space. */
const [, , E6, D0] = STAGES;

const NO_TRANSPOSE = new Set(["encoder.0", OUTPUT]);

/**
 * Most parts of the map's gradient. Who reads it adds them up each time; one
 * would be made by few threads of a large GPU.
 */
const MAP_PARTS = 4;

function shapeIndex({ shape }: Stage): number {
  return ENCODER.indexOf(shape);
}

/** What a plan is made for: a model and its largest batch. */
export type PlanOptions = Omit<EngineOptions, "seed">;

/** The programs of one model. */
export class Plan {
  readonly spec: ModelSpec;
  readonly #options: PlanOptions;
  /** Whether fc_decode and decoder.0 are one map: in training, in inference. */
  readonly #mapsTraining: boolean;
  readonly #mapsInference: boolean;
  /** Where the map lies in the transposes. */
  readonly #map: number;
  readonly #mapPartials: Partials;
  readonly #tiling: Tiling;
  readonly #filters: (Filter & { stage: Stage })[] = [];
  readonly #linear: Partials;
  readonly #gradientCount: number;
  readonly #headsTranspose: number;
  readonly #transposeCount: number;

  constructor(options: PlanOptions, tiling: Tiling) {
    const { latentDim, batchSize } = options;
    this.spec = modelSpec(latentDim);
    this.#mapsTraining = usesMap(latentDim, batchSize);
    this.#mapsInference = usesMap(latentDim, Infinity);
    const mapRows = latentDim + 1;
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
        partials: {
          offset,
          splits,
          units: shape.small.size,
          rows: stage === D0 && this.#mapsTraining ? mapRows : undefined,
        },
        transpose: kept ? transpose : undefined,
      });
      offset += splits * size;
      if (kept) transpose += size;
    }
    const splits = linearSplits(
      latentDim,
      tiling.linear,
      this.#filterThreads(D0),
    );
    this.#linear = { offset, splits, units: 1 };
    this.#gradientCount = offset +
      splits * linearRegion(this.spec, this.#mapsTraining).length;
    this.#headsTranspose = transpose;
    this.#map = transpose + FEATURE_COUNT * 2 * latentDim;
    this.#transposeCount = this.#map +
      (this.#mapsInference ? mapRows * 4 * MAP_ROW : 0);
    this.#mapPartials = {
      offset: 0,
      splits: Math.min(splits, MAP_PARTS),
      units: 1,
    };
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
    if (this.#mapsTraining) {
      const { splits } = this.#mapPartials;
      sizes.set("∂map", splits * (latentDim + 1) * 4 * MAP_ROW);
    } else {
      perImage("fc_decode", FEATURE_COUNT);
      perImage("∂fc_decode", FEATURE_COUNT);
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
    const { latentDim, likelihood } = this.#options;
    const [e0, e3, e6, d0, d3, d6] = STAGES;
    const isMapped = this.#mapsTraining;
    return [
      ...[e0, e3, e6].map((stage) => this.#forward(stage, true)),
      this.#latentForward({
        features: this.#byBatch(e6),
        sample: true,
        decode: !isMapped,
      }),
      ...isMapped
        ? [this.#makeMap(), this.#mapped(true, true)]
        : [this.#forward(d0, true)],
      this.#forward(d3, true),
      this.#forward(
        d6,
        true,
        lossOutput(likelihood, latentDim, this.#bias(d6), true),
      ),
      this.#inputGradient(d6, gradientOf(d3.norm!, d3.output)),
      this.#filterGradient(d6, d3),
      this.#inputGradient(d3, gradientOf(d0.norm!, d0.output)),
      this.#filterGradient(d3, d0),
      ...isMapped ? this.#mappedMiddle() : this.#middle(),
      this.#inputGradient(e6, gradientOf(e3.norm!, e3.output)),
      this.#filterGradient(e6, e3),
      this.#inputGradient(e3, gradientOf(e0.norm!, e0.output)),
      this.#filterGradient(e3, e0),
      this.#filterGradient(e0),
      adam(
        this.spec,
        this.#filters,
        {
          ...linearRegion(this.spec, isMapped),
          partials: this.#linear,
        },
        this.#bias(d6),
        this.#headsTranspose,
        this.#tiling.slices,
      ),
    ];
  }

  /** From decoder.0's output back to the features. */
  #middle(): Program[] {
    const split = this.#split(this.#linear);
    return [
      this.#inputGradient(D0, stored("∂fc_decode")),
      this.#latentBackward({
        gradient: plain("∂fc_decode", "vec4<f32>"),
        width: FEATURE_COUNT / 4,
        columns: FEATURE_COUNT / 4,
        weights: {
          buffer: "parameters",
          offset: offsetOf(this.spec, "fc_decode.weight"),
        },
      }),
      this.#filterGradient(D0, E6, [
        this.#headsGradient(),
        decodeGradient(this.spec, split),
      ]),
    ];
  }

  /** The same through the map, and from its gradient to those of both layers. */
  #mappedMiddle(): Program[] {
    const { spec } = this;
    const { latentDim, batchSize } = this.#options;
    const flops = mapFlops(latentDim) / batchSize;
    const gradient = throughNorm(D0.norm!, D0, false);
    const split = this.#split(this.#mapPartials);
    const parts = mapParts(latentDim, this.#mapPartials.splits);
    const heads = this.#headsGradient();
    const decode = offsetOf(spec, "fc_decode.weight");
    const back = this.#convolution(D0, "down", {
      name: `∂${D0.name} input`,
      input: parts,
      output: {
        bindings: { to: write("gradients") },
        store: `to[${decode / 4}u + at] = value;`,
        sums: 0,
      },
      rows: latentDim + 1,
    });
    const filter = sharedOut(
      `∂${D0.name} filter`,
      split.threads,
      filterGradient({
        shape: D0.shape,
        large: parts,
        small: this.#decodeRows(),
        partials: this.#filterOf(D0).partials,
        tile: this.#tiling.filter[shapeIndex(D0)],
      }),
      [],
    );
    return [
      this.#latentBackward({
        gradient,
        width: MAP_ROW,
        columns: D0.norm!.channels / 4,
        weights: { buffer: "transposes", offset: this.#map },
      }),
      sharedOut(
        "linearGradients",
        split.threads,
        { ...heads, groups: () => heads.groups },
        [
          normGradient(E6.norm!, E6, spec, "job.count", split.threads),
          mapGradient(spec, gradient, split),
        ],
      ),
      { ...back, flops },
      { ...filter, flops },
    ];
  }

  /** How the linear layers' gradients are shared. */
  #split(partials: Partials) {
    const threads = this.#filterThreads(D0);
    return { partials, tile: this.#tiling.linear, threads };
  }

  #headsGradient(): FixedShare {
    return headsGradient(
      this.spec,
      E6.norm!,
      E6.output,
      this.#split(this.#linear),
      this.#mapsTraining,
    );
  }

  #latentForward(parts: LatentParts): Program {
    const { autoencoder } = this.#options;
    return latentForward(this.spec, autoencoder, parts, this.#headsTranspose);
  }

  #latentBackward(decoded: Decoded): Program {
    return latentBackward(
      this.spec,
      this.#options.autoencoder,
      E6.norm!,
      E6.output,
      this.#headsTranspose,
      decoded,
    );
  }

  /** The rows of fc_decode's weights and its bias, as if they were images. */
  #decodeRows(): Input {
    const first = offsetOf(this.spec, "fc_decode.weight");
    return {
      bindings: { input: read("parameters") },
      value: `input[${first / 4}u + at]`,
    };
  }

  /** Takes them through decoder.0: the map. */
  #makeMap(): Program {
    const { latentDim, batchSize } = this.#options;
    const made = this.#convolution(D0, "up", {
      name: "map",
      input: this.#decodeRows(),
      output: {
        // The weights come from the same buffer.
        bindings: { weights: write("transposes") },
        store: `weights[${this.#map / 4}u + at] = value;`,
        sums: 0,
      },
      rows: latentDim + 1,
    });
    return { ...made, flops: mapFlops(latentDim) / batchSize };
  }

  /**
   * decoder.0's output by the map.
   *
   * @param isSampled Whether z was drawn by `latentForward`, or given.
   */
  #mapped(training: boolean, isSampled: boolean): Program {
    const { latentDim } = this.#options;
    const { z, length } = latentRow(latentDim);
    return mapped({
      latentDim,
      z: isSampled
        ? { buffer: "latents", length, first: z }
        : { buffer: "z", length: latentDim, first: 0 },
      map: this.#map,
      output: rectified(
        D0.output,
        this.#bias(D0),
        training ? D0.norm : undefined,
      ),
      workgroups: this.#tiling.workgroups,
      images: this.#tiling.mapped,
    });
  }

  /**
   * What the following four need of the weights alone: scale and shift of all
   * norms, and the map.
   */
  inference(): Program[] {
    return [
      inferenceMoments(this.spec),
      ...this.#mapsInference ? [this.#makeMap()] : [],
    ];
  }

  /** The losses of a batch that has been gathered. */
  evaluation(): Program[] {
    return [
      ...this.#encoder(),
      this.#latentForward({
        features: normalised(E6.norm!, E6.output),
        sample: true,
        decode: !this.#mapsInference,
      }),
      ...this.#decoder(true, this.#losses()),
      record(this.#options.latentDim),
    ];
  }

  /** Heads of a batch that has been gathered. */
  encoding(): Program[] {
    return [
      ...this.#encoder(),
      this.#latentForward({
        features: normalised(E6.norm!, E6.output),
        sample: false,
        decode: false,
      }),
    ];
  }

  /** Pixel means of `z`. */
  decoding(): Program[] {
    const { likelihood } = this.#options;
    return this.#fromZ(pixelOutput(likelihood, this.#bias(STAGES[5])));
  }

  /** The loss of each image of a batch that has been gathered, given `z`. */
  scoring(): Program[] {
    return this.#fromZ(this.#losses());
  }

  #losses(): Output {
    const { latentDim, likelihood } = this.#options;
    return lossOutput(likelihood, latentDim, this.#bias(STAGES[5]), false);
  }

  #encoder(): Program[] {
    return STAGES.slice(0, 3).map((stage) => this.#forward(stage, false));
  }

  #fromZ(output: Output): Program[] {
    return [
      ...this.#mapsInference
        ? []
        : [this.#latentForward({ sample: false, decode: true })],
      ...this.#decoder(false, output),
    ];
  }

  #decoder(isSampled: boolean, output: Output): Program[] {
    const [, , , d0, d3, d6] = STAGES;
    return [
      this.#mapsInference
        ? this.#mapped(false, isSampled)
        : this.#forward(d0, false),
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
    rest: Pick<Convolution, "name" | "input" | "output" | "rows">,
  ): Program {
    const { name, shape } = stage;
    const { transpose } = this.#filterOf(stage);
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

  #filterOf({ name }: Stage): Filter {
    return this.#filters.find((filter) => filter.name === name)!;
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
    const parts = next === E6 ? "job.count" : this.#parts();
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
        partials: this.#filterOf(stage).partials,
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
