/**
 * Where everything of a model lies in the buffers of an engine, and how long
 * these are.
 *
 * @module
 */
import {
  type ConvShape,
  ENCODER,
  FEATURE_COUNT,
  IMAGE_PIXELS,
  type ModelSpec,
  modelSpec,
  offsetOf,
} from "../../model/spec.ts";
import { drawsOf } from "../../options/conflicts.ts";
import { engineOptions } from "../checks.ts";
import type { EngineOptions } from "../engine.ts";
import { MAPPED, OUTPUT, type Stage, STAGES, usesMap } from "../stages.ts";
import { filterThreads, type Partials } from "./filter.ts";
import {
  type DensityRow,
  densityRow,
  givenRow,
  type LatentRow,
  latentRow,
} from "./latents.ts";
import { linearRegion, linearSplits } from "./linear.ts";
import { lossRow } from "./loss.ts";
import { MAP_ROW, mapRows } from "./map.ts";
import { BACKWARD_SUMS, RUNNING_LENGTH } from "./norm.ts";
import { fixedRows, IMAGES, perImage, type Rows } from "./rows.ts";
import type { Tiling } from "./tiling.ts";

/** What a plan is made for: a model and its largest batch. */
export type PlanOptions = Omit<EngineOptions, "seed">;

/** A convolution's weights: their partial gradients and their transpose. */
export interface Filter {
  readonly name: string;
  readonly shape: ConvShape;
  readonly partials: Partials;
  /** Index in the transposes of the [3, 3, small, large] copy, if one is kept. */
  readonly transpose?: number;
}

const NO_TRANSPOSE = new Set(["encoder.0", OUTPUT]);

/**
 * Most parts of the map's gradient. Who reads it adds them up each time; one
 * would be made by few threads of a large GPU.
 */
const MAP_PARTS = 4;

/** Returns which of the three shapes of convolution a stage has. */
export function shapeIndex({ shape }: Stage): number {
  return ENCODER.indexOf(shape);
}

/** Lays out one model. */
export class Layout {
  readonly spec: ModelSpec;
  readonly options: Required<PlanOptions>;
  readonly tiling: Tiling;
  /** Draws of z for each image of a training step. */
  readonly draws: number;
  /** How the rows of `latents` lie in training. */
  readonly latents: LatentRow;
  /** How they lie in inference. */
  readonly inferred: LatentRow;
  /**
   * Where, behind these rows, the batch's mean of the KL of each dimension lies,
   * if some of it is free.
   */
  readonly klMeans: number;
  readonly densities: DensityRow;
  /** Length of a row of losses, and of a record. */
  readonly lossRow: number;
  /** Whether fc_decode and decoder.0 are one map: in training, in inference. */
  readonly maps: { readonly training: boolean; readonly inference: boolean };
  /** The weights of the convolutions. */
  readonly filters: readonly Filter[];
  /** The linear layers' gradients: parts of {@linkcode linearRegion}. */
  readonly linear: Partials;
  /** The map's gradient, in a buffer of its own. */
  readonly mapPartials: Partials;
  /** Where the heads' weights [heads, features] lie in the transposes. */
  readonly headsTranspose: number;
  /** Where the map lies there. */
  readonly map: number;
  readonly #gradientCount: number;
  readonly #transposeCount: number;

  constructor(options: PlanOptions, tiling: Tiling) {
    this.options = engineOptions({ ...options, seed: 0 });
    this.tiling = tiling;
    const { latentDim, batchSize, classCount, objective } = this.options;
    const draws = this.draws = drawsOf(this.options);
    this.spec = modelSpec(latentDim, classCount);
    this.latents = latentRow(this.spec, draws, objective);
    this.inferred = latentRow(this.spec);
    this.klMeans = batchSize * this.latents.length;
    this.densities = densityRow(latentDim, batchSize);
    this.lossRow = lossRow(this.options);
    this.maps = {
      training: usesMap(latentDim, batchSize * draws, classCount),
      inference: usesMap(latentDim, Infinity, classCount),
    };
    const rowsOfMap = mapRows(this.spec);
    // Behind the gradients that are there at once lie those in parts.
    let offset = this.spec.parameterCount, transpose = 0;
    this.filters = STAGES.map((stage): Filter => {
      const { name, shape } = stage;
      const size = 9 * shape.large.channels * shape.small.channels;
      const splits = tiling.splits[shapeIndex(stage)];
      const rows = stage === MAPPED && this.maps.training
        ? fixedRows(rowsOfMap)
        : this.trainingRows(stage);
      const filter = {
        name,
        shape,
        partials: { offset, splits, units: shape.small.size, rows },
        transpose: NO_TRANSPOSE.has(name) ? undefined : transpose,
      };
      offset += splits * size;
      if (filter.transpose !== undefined) transpose += size;
      return filter;
    });
    const splits = linearSplits(
      latentDim,
      tiling.linear,
      this.filterThreads(MAPPED),
    );
    this.linear = { offset, splits, units: 1, rows: IMAGES };
    this.#gradientCount = offset +
      splits * linearRegion(this.spec, this.maps.training).length;
    this.headsTranspose = transpose;
    this.map = transpose + FEATURE_COUNT * 2 * latentDim;
    this.#transposeCount = this.map +
      (this.maps.inference ? rowsOfMap * 4 * MAP_ROW : 0);
    this.mapPartials = {
      offset: 0,
      splits: Math.min(splits, MAP_PARTS),
      units: 1,
      rows: IMAGES,
    };
  }

  /** Returns the rows that a stage has in a training step. */
  trainingRows({ direction }: Stage): Rows {
    return direction === "down" ? IMAGES : perImage(this.draws);
  }

  /** Returns the layout of a stage's weights. */
  filterOf({ name }: Stage): Filter {
    return this.filters.find((filter) => filter.name === name)!;
  }

  /** Returns the threads of a workgroup of a stage's filter gradient. */
  filterThreads(stage: Stage): number {
    const tile = this.tiling.filter[shapeIndex(stage)];
    return filterThreads(stage.shape, tile);
  }

  /**
   * Returns the sizes of all buffers but the bytes' and the order's, in 4-byte
   * words.
   *
   * @param inferred The most images of a batch that is not trained on.
   * @param slots Records of losses.
   */
  buffers(inferred: number, slots: number): Map<string, number> {
    const { latentDim, parameterCount } = this.spec;
    const { batchSize, freeBits, objective } = this.options;
    const { draws } = this;
    const images = Math.max(batchSize, inferred);
    const rows = Math.max(batchSize * draws, inferred);
    const sizes = new Map<string, number>([
      ["parameters", parameterCount],
      ["expAvg", parameterCount],
      ["expAvgSq", parameterCount],
      ["gradients", this.#gradientCount],
      ["running", RUNNING_LENGTH],
      ["transposes", this.#transposeCount],
      ["records", slots * this.lossRow],
      ["image", images * IMAGE_PIXELS],
      ["losses", rows * this.lossRow],
      [
        "latents",
        Math.max(
          this.klMeans + (freeBits > 0 ? latentDim : 0),
          inferred * this.inferred.length,
        ),
      ],
      ["z", inferred * givenRow(this.spec)],
    ]);
    if (objective === "btc") {
      sizes.set("densities", batchSize * this.densities.length);
    }
    if (this.maps.training) {
      const { splits } = this.mapPartials;
      sizes.set("∂map", splits * mapRows(this.spec) * 4 * MAP_ROW);
    } else {
      sizes.set("fc_decode", rows * FEATURE_COUNT);
      sizes.set("∂fc_decode", rows * FEATURE_COUNT);
    }
    for (const { name, direction, output, norm } of STAGES) {
      const count = direction === "down" ? images : rows;
      const size = norm ? norm.places * norm.channels : IMAGE_PIXELS;
      sizes.set(output, count * size);
      sizes.set(`∂${name}`, count * size);
      if (!norm) continue;
      sizes.set(`∂${norm.name}`, count * size);
      sizes.set(`sums ${norm.name}`, count * BACKWARD_SUMS * norm.channels);
    }
    return sizes;
  }

  /** Returns the weights that are kept transposed, from a parameter arena. */
  transposes(parameters: Float32Array): Float32Array<ArrayBuffer> {
    const all = new Float32Array(this.#transposeCount);
    for (const { name, shape, transpose } of this.filters) {
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
      all[this.headsTranspose + at] = parameters[first + i];
    }
    return all;
  }
}
