/**
 * The operations that plans are made of: for each kernel, what it computes and
 * the record that it reads. Those of the layers stand in `layers.ts`.
 *
 * @module
 */
import { noiseRows } from "../engine.ts";
import { OUTPUT, STAGES } from "../stages.ts";
import { IMAGE_PIXELS } from "../../model/spec.ts";
import { LayerOperations } from "./layers.ts";
import { weightCount } from "./memory.ts";
import { type Operation, operation } from "./record.ts";
import { type Fields, type OPERATION, SIZE } from "./words.ts";

/** Makes operations on the buffers and weights of one memory. */
export class Operations extends LayerOperations {
  /** image = bytes / 255, for the images of the batch. */
  gather(): Operation {
    return operation("gather", "", {
      ...this.operands({ to: "image" }),
      columns: IMAGE_PIXELS,
    });
  }

  /** ε from the counter-based generator, unless it was given. */
  noise(draws: number): Operation {
    const rows = noiseRows(draws), { row } = this.memory.buffer("epsilon");
    return operation("noise", "", {
      ...this.operands({ to: "epsilon" }),
      toRow: rows * row,
      drawStep: row,
      rows,
    });
  }

  /** z = μ ± σ·ε, and Σ KL for each dimension. */
  reparameterise(draws: number): Operation {
    // A row of ε is as long as one of z.
    const { row } = this.memory.buffer("z");
    return operation("reparameterise", "", {
      ...this.operands({ from: "heads", other: "epsilon", to: "z" }),
      ...this.#klSums(),
      otherRow: noiseRows(draws) * row,
      toRow: draws * row,
      drawStep: row,
      rows: draws,
    });
  }

  /** The KL of the batch, and the factor of its gradient. */
  latentTotals(): Operation {
    return operation("latentTotals", "", {
      to: this.memory.klFactor,
      ...this.#klSums(),
    });
  }

  /** The gradient of μ and log σ² from those of the draws of z. */
  latentBackward(): Operation {
    const { draws } = this.memory;
    const { row } = this.memory.buffer("z");
    return operation("latentBackward", "", {
      ...this.operands({
        from: "∂z",
        other: "heads",
        extra: "epsilon",
        to: "∂heads",
      }),
      fromRow: draws * row,
      extraRow: noiseRows(draws) * row,
      drawStep: row,
      rows: draws,
      norm: this.memory.klFactor,
    });
  }

  /** Σ loss and its gradient; for training also that of the last bias. */
  loss({ training }: { training: boolean }): Operation {
    const last = STAGES.at(-1)!;
    const { at, shard } = this.memory.partial(last.name);
    return operation("loss", "", {
      ...this.operands({ from: OUTPUT, other: "image", to: `∂${OUTPUT}` }),
      ...this.#losses(),
      columns: IMAGE_PIXELS,
      bias: training ? at + 4 * weightCount(last) : 0,
      biasShard: shard,
    });
  }

  /** The loss of the batch. */
  lossTotal(): Operation {
    return operation("lossTotal", "", this.#losses());
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

  #losses(): Fields<typeof OPERATION> {
    return { partial: this.memory.losses, partialShard: 8 };
  }
}
