/**
 * The operations that plans are made of: for each kernel, what it computes and
 * the record that it reads. Those of the layers stand in `layers.ts`.
 *
 * @module
 */
import { OUTPUT, STAGES } from "../stages.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { LayerOperations } from "./layers.ts";
import { type Operation, operation } from "./record.ts";
import { weightCount } from "./rows.ts";
import { type Fields, type OPERATION, SIZE } from "./words.ts";

/** Makes operations on the buffers and weights of one memory. */
export class Operations extends LayerOperations {
  /** image = bytes / 255, for the images of the batch; or 0 and 1, drawn by it. */
  gather({ drawn = false } = {}): Operation {
    return operation(drawn ? "gatherDrawn" : "gather", "", {
      ...this.operands({ to: "image" }),
      columns: IMAGE_PIXELS,
    });
  }

  /** ε from the counter-based generator, unless it was given. */
  noise({ training }: { training: boolean }): Operation {
    const { row } = this.memory.buffer("epsilon");
    const rows = training ? this.memory.noiseRows : 1;
    return operation("noise", "", {
      ...this.operands({ to: "epsilon" }),
      toRow: rows * row,
      drawStep: row,
      rows,
    });
  }

  /**
   * z = μ ± σ·ε, and Σ KL for each dimension; where draws are weighted, each one's
   * log p(z) − log q(z|x).
   */
  reparameterise({ training }: { training: boolean }): Operation {
    const { memory } = this;
    // A row of ε is as long as one of z.
    const { row } = memory.buffer("z");
    const draws = training ? memory.draws : 1;
    return operation("reparameterise", "", {
      ...this.operands({ from: "heads", other: "epsilon", to: "z" }),
      ...this.#klSums(),
      otherRow: (training ? memory.noiseRows : 1) * row,
      toRow: draws * row,
      ...training && memory.isWeighed
        ? { extra: memory.importance.ratios, extraRow: 8 * draws }
        : {},
      drawStep: row,
      rows: draws,
    });
  }

  /** The KL of the batch, and the factors of its gradient. */
  latentTotals(): Operation {
    return operation("latentTotals", "", {
      to: this.memory.klFactors,
      ...this.#klSums(),
    });
  }

  /** The gradient of μ and log σ² from those of the draws of z. */
  latentBackward(): Operation {
    const { draws, noiseRows, importance, klFactors } = this.memory;
    const { row } = this.memory.buffer("z");
    return operation("latentBackward", "", {
      ...this.operands({
        from: "∂z",
        other: "heads",
        extra: "epsilon",
        to: "∂heads",
      }),
      fromRow: draws * row,
      extraRow: noiseRows * row,
      drawStep: row,
      rows: draws,
      norm: klFactors,
      weight: importance.squares,
    });
  }

  /** What the total correlation takes of each image, in tables. */
  densities(): Operation {
    return operation("densities", "", {
      ...this.operands({ from: "heads", other: "z" }),
      ...this.#tables(),
    });
  }

  /** The total correlation, and its slope in z. */
  totalCorrelation(): Operation {
    return operation("totalCorrelation", "", {
      ...this.operands({ to: "∂correlation" }),
      ...this.#tables(),
      ...this.#correlations(),
    });
  }

  /** The gradient of μ and log σ² from the total correlation alone. */
  totalCorrelationBackward(): Operation {
    return operation("totalCorrelationBackward", "", {
      ...this.operands({ other: "∂correlation", to: "∂heads" }),
      ...this.#tables(),
    });
  }

  /** The total correlation of the batch. */
  correlationTotal(): Operation {
    const { results, latentDim } = this.memory;
    return operation("lossTotal", "total correlation", {
      to: results + 8 * (1 + latentDim),
      ...this.#correlations(),
    });
  }

  /**
   * Σ loss and its gradient; for training also that of the last bias. Where rows
   * are weighted, the loss of each, and its gradient in the output's place.
   */
  loss({ training }: { training: boolean }): Operation {
    const { isWeighed, importance } = this.memory;
    const each = training && isWeighed;
    return operation("loss", "", {
      ...this.operands({
        from: OUTPUT,
        other: "image",
        to: each ? OUTPUT : `∂${OUTPUT}`,
      }),
      ...this.#losses(),
      columns: IMAGE_PIXELS,
      ...each
        ? { extra: importance.losses, extraRow: 8 }
        : training
        ? this.#lastBias()
        : {},
    });
  }

  /** The loss of the batch. */
  lossTotal(): Operation {
    const { results } = this.memory;
    return operation("lossTotal", "", { to: results, ...this.#losses() });
  }

  /** The weights of an image's draws, and the importance-weighted bound. */
  importance(): Operation {
    const { importance, results, latentDim, draws } = this.memory;
    return operation("importance", "", {
      from: importance.ratios,
      other: importance.losses,
      to: importance.weights,
      extra: importance.squares,
      partial: results + 8 * (1 + latentDim),
      rows: draws,
    });
  }

  /** The gradient of each row's loss times its weight, or the weight's square. */
  weigh(by: "weights" | "squares"): Operation {
    return operation("weigh", by, {
      ...this.operands({ from: OUTPUT, to: `∂${OUTPUT}` }),
      other: this.memory.importance[by],
      otherRow: 4,
      columns: IMAGE_PIXELS,
      ...this.#lastBias(),
    });
  }

  /** The loss of each image, in double precision. */
  score(): Operation {
    return operation("score", "", {
      ...this.operands({ from: OUTPUT, other: "image" }),
      to: this.memory.scores,
      toRow: 8,
      columns: IMAGE_PIXELS,
    });
  }

  /** The decoder's logits turned into pixel means, in place. */
  sigmoid(): Operation {
    return operation("sigmoid", "", {
      ...this.operands({ to: OUTPUT }),
      columns: IMAGE_PIXELS,
    });
  }

  /** Adam's update of all parameters, with a factor of the rate for the heads. */
  adam(headsFactor: number): Operation[] {
    const { memory } = this;
    const heads = memory.parameter("heads.weight");
    const decoder = memory.parameter("fc_decode.weight");
    const range = (start: number, end: number, factor: number) =>
      operation("adam", "", {
        units: Math.ceil((end - start) / 4 / SIZE.block),
        from: memory.gradients + start,
        to: memory.parameters + start,
        weight: memory.expAvg + start,
        bias: memory.expAvgSq + start,
        columns: (end - start) / 4,
        factor,
      });
    return [
      range(0, heads, 1),
      range(heads, decoder, headsFactor),
      range(decoder, 4 * memory.spec.parameterCount, 1),
    ];
  }

  #klSums(): Fields<typeof OPERATION> {
    const { klSums, latentDim } = this.memory;
    return { partial: klSums, partialShard: 8 * latentDim };
  }

  #tables(): Fields<typeof OPERATION> {
    const { tables, columns } = this.memory.correlation;
    return { extra: tables, columns };
  }

  #correlations(): Fields<typeof OPERATION> {
    return { partial: this.memory.correlation.sums, partialShard: 8 };
  }

  /** Where each shard's gradient of the last bias goes. */
  #lastBias(): Fields<typeof OPERATION> {
    const last = STAGES.at(-1)!;
    const { at, shard } = this.memory.partial(last.name);
    return { bias: at + 4 * weightCount(last), biasShard: shard };
  }

  #losses(): Fields<typeof OPERATION> {
    return { partial: this.memory.losses, partialShard: 8 };
  }
}
