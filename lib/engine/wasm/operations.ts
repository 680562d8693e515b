/**
 * The operations that plans are made of: for each kernel, what it computes and
 * the record that it reads. Those of the layers stand in `layers.ts`.
 *
 * @module
 */
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
  noise(): Operation {
    return operation("noise", "", this.operands({ to: "epsilon" }));
  }

  /** z = μ + σ·ε, and Σ KL for each dimension. */
  reparameterise(): Operation {
    return operation("reparameterise", "", {
      ...this.operands({ from: "heads", other: "epsilon", to: "z" }),
      ...this.#klSums(),
    });
  }

  /** The KL of the batch, and the factor of its gradient. */
  latentTotals(): Operation {
    return operation("latentTotals", "", {
      to: this.memory.klFactor,
      ...this.#klSums(),
    });
  }

  /** The gradient of μ and log σ² from that of z. */
  latentBackward(): Operation {
    return operation("latentBackward", "", {
      ...this.operands({
        from: "∂z",
        other: "heads",
        extra: "epsilon",
        to: "∂heads",
      }),
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

  /** Adam's update of all parameters. */
  adam(): Operation {
    const { memory } = this;
    const { parameterCount } = memory.spec;
    return operation("adam", "", {
      units: Math.ceil(parameterCount / SIZE.block),
      from: memory.gradients,
      to: memory.parameters,
      weight: memory.expAvg,
      bias: memory.expAvgSq,
      columns: parameterCount,
    });
  }

  #klSums(): Fields<typeof OPERATION> {
    const { klSums, latentDim } = this.memory;
    return { partial: klSums, partialShard: 8 * latentDim };
  }

  #losses(): Fields<typeof OPERATION> {
    return { partial: this.memory.losses, partialShard: 8 };
  }
}
