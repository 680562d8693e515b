/**
 * Which programs make a training step, an evaluation, an encoding and a
 * decoding.
 *
 * @module
 */
import { STAGES } from "../stages.ts";
import { adam } from "./adam.ts";
import { backward } from "./backward.ts";
import { gather, gathered } from "./images.ts";
import { importance } from "./draw_weights.ts";
import { latentForward, type LatentParts } from "./latent.ts";
import {
  biasOf,
  byBatch,
  inferenceStage,
  makeMap,
  mapDrawn,
  mapGiven,
  trainingStage,
} from "./layers.ts";
import { Layout, type PlanOptions } from "./layout.ts";
import { lossOutput, pixelOutput, record } from "./loss.ts";
import { inferenceMoments } from "./norm.ts";
import type { Program } from "./program.ts";
import { normalised, type Output } from "./sides.ts";
import type { Tiling } from "./tiling.ts";
import { correlation, correlationBackward } from "./total_correlation.ts";

const [E0, E3, E6, D0, D3, D6] = STAGES;

/** The programs of one model. */
export class Plan {
  readonly layout: Layout;

  /** @throws {OptionError} If an option is missing or out of range. */
  constructor(options: PlanOptions, tiling: Tiling) {
    this.layout = new Layout(options, tiling);
  }

  /** The first layer in training, which gathers its batch by itself. */
  first(): Program {
    const input = gathered(this.layout.latents, this.#isDrawn);
    return trainingStage(this.layout, E0, { input });
  }

  /** What takes a batch to train on from one of several buffers. */
  gathering(): Program {
    return gather(this.layout.latents, this.#isDrawn);
  }

  /** What takes a batch that is not trained on. */
  taking(): Program {
    return gather(this.layout.inferred);
  }

  /** Forward, backward and Adam, after the batch has been gathered. */
  training(): Program[] {
    const { layout } = this;
    const { draws, options: { objective } } = layout;
    const isMapped = layout.maps.training;
    return [
      ...[E0, E3, E6].map((stage) => trainingStage(layout, stage)),
      latentForward(layout, {
        features: byBatch(layout, E6),
        draws: layout.latents,
        decode: !isMapped,
      }),
      ...objective === "btc"
        ? [correlation(layout), correlationBackward(layout)]
        : [],
      ...isMapped
        ? [makeMap(layout), mapDrawn(layout, true)]
        : [trainingStage(layout, D0)],
      trainingStage(layout, D3),
      trainingStage(layout, D6, { output: this.#losses(draws, true) }),
      ...objective === "iwae" ? [importance(layout)] : [],
      ...backward(layout),
      adam(layout),
    ];
  }

  /**
   * What the following four need of the weights alone: scale and shift of all
   * norms, and the map.
   */
  inference(): Program[] {
    const { layout } = this;
    return [
      inferenceMoments(layout.spec),
      ...layout.maps.inference ? [makeMap(layout)] : [],
    ];
  }

  /** The losses of a batch that has been gathered, with one draw of z. */
  evaluation(): Program[] {
    const { layout } = this;
    const { maps: { inference: isMapped }, inferred } = layout;
    return [
      ...this.#encoder({ draws: inferred, decode: !isMapped }),
      isMapped ? mapDrawn(layout, false) : inferenceStage(layout, D0),
      ...this.#afterFirst(this.#losses(1, false)),
      record(layout.lossRow),
    ];
  }

  /** Heads of a batch that has been gathered. */
  encoding(): Program[] {
    return this.#encoder({ decode: false });
  }

  /** Pixel means of `z`. */
  decoding(): Program[] {
    const { layout } = this;
    const { likelihood } = layout.options;
    return this.#fromZ(pixelOutput(likelihood, biasOf(layout, D6)));
  }

  /** The loss of each image of a batch that has been gathered, given `z`. */
  scoring(): Program[] {
    return this.#fromZ(this.#losses(1, false));
  }

  get #isDrawn(): boolean {
    return this.layout.options.binarize === "dynamic";
  }

  #losses(draws: number, training: boolean): Output {
    const { options: { likelihood, objective }, lossRow } = this.layout;
    const bias = biasOf(this.layout, D6);
    return lossOutput({
      ...{ lossRow, likelihood, bias, draws, training },
      isWeighted: training && objective === "iwae",
    });
  }

  #encoder(latent: Omit<LatentParts, "features">): Program[] {
    const { layout } = this;
    return [
      ...[E0, E3, E6].map((stage) => inferenceStage(layout, stage)),
      latentForward(layout, {
        features: normalised(E6.norm!, E6.output),
        ...latent,
      }),
    ];
  }

  #fromZ(output: Output): Program[] {
    const { layout } = this;
    return [
      ...layout.maps.inference ? [mapGiven(layout)] : [
        latentForward(layout, { decode: true }),
        inferenceStage(layout, D0),
      ],
      ...this.#afterFirst(output),
    ];
  }

  /** The decoder behind its first layer. */
  #afterFirst(output: Output): Program[] {
    const { layout } = this;
    return [
      inferenceStage(layout, D3),
      inferenceStage(layout, D6, output),
    ];
  }
}
