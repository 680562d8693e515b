/**
 * The optimiser of the tfjs engine, on flat vectors laid out as the parameter
 * arena.
 *
 * @module
 */
import * as tf from "./tf.ts";
import type { TrainState } from "../../model/init.ts";
import { ADAM } from "../../model/spec.ts";
import type { EngineOptions } from "../engine.ts";
import type { Network } from "./network.ts";

/** How Adam goes about its steps. */
type AdamOptions = Pick<
  Required<EngineOptions>,
  "adamBeta1" | "adamBeta2" | "headsLrFactor"
>;

/** PyTorch's Adam (Kingma & Ba 2015, algorithm 1) on a network's variables. */
export class Adam {
  readonly #network: Network;
  readonly #options: AdamOptions;
  /** What the learning rate of each number is multiplied by. */
  readonly #factors: tf.Tensor1D;
  readonly #parameters: tf.Variable;
  readonly #expAvg: tf.Variable;
  readonly #expAvgSq: tf.Variable;
  #step = 0;

  /** Makes an optimiser that has taken no step. */
  constructor(network: Network, options: AdamOptions) {
    this.#network = network;
    this.#options = options;
    this.#factors = tf.tidy(() =>
      this.#flatten(network.spec.parameterBlocks.map(({ name, shape }) => {
        const isHead = name.startsWith("heads.");
        return tf.fill([...shape], isHead ? options.headsLrFactor : 1);
      }))
    );
    [this.#parameters, this.#expAvg, this.#expAvgSq] = tf.tidy(() => {
      const zeros = tf.zeros([network.spec.parameterCount]);
      return [this.#flatten(network.variables), zeros, zeros.clone()]
        .map((tensor) => tf.variable(tensor));
    });
  }

  /**
   * Moves the network's variables by one step.
   *
   * @param gradients By the names of the variables; none means zero.
   * @param learningRate The step size, before any factor.
   */
  update(gradients: tf.NamedTensorMap, learningRate: number): void {
    const { adamBeta1: beta1, adamBeta2: beta2 } = this.#options;
    this.#step++;
    const correction1 = 1 - beta1 ** this.#step;
    const correction2 = 1 - beta2 ** this.#step;
    const { variables, spec } = this.#network;
    tf.tidy(() => {
      const gradient = this.#flatten(
        variables.map(({ name, shape }) => gradients[name] ?? tf.zeros(shape)),
      );
      const m = this.#expAvg.mul(beta1).add(gradient.mul(1 - beta1));
      const v = this.#expAvgSq.mul(beta2).add(
        gradient.square().mul(1 - beta2),
      );
      const denominator = tf.sqrt(v).div(Math.sqrt(correction2)).add(ADAM.eps);
      this.#expAvg.assign(m);
      this.#expAvgSq.assign(v);
      this.#parameters.assign(
        this.#parameters.sub(
          m.div(denominator).mul(learningRate / correction1).mul(this.#factors),
        ),
      );
      spec.parameterBlocks.forEach(({ shape, offset }, i) => {
        const size = shape.reduce((a, b) => a * b);
        variables[i].assign(
          this.#parameters.slice(offset, size).reshape([...shape]),
        );
      });
    });
  }

  /** Copies the step count and the moments out. */
  async read(): Promise<Pick<TrainState, "step" | "expAvg" | "expAvgSq">> {
    return {
      step: this.#step,
      expAvg: (await this.#expAvg.data<"float32">()).slice(),
      expAvgSq: (await this.#expAvgSq.data<"float32">()).slice(),
    };
  }

  /** Goes on from a state, whose weights the network must be given, too. */
  write({ step, parameters, expAvg, expAvgSq }: TrainState): void {
    this.#step = step;
    tf.tidy(() => {
      this.#parameters.assign(tf.tensor1d(parameters.slice()));
      this.#expAvg.assign(tf.tensor1d(expAvg.slice()));
      this.#expAvgSq.assign(tf.tensor1d(expAvgSq.slice()));
    });
  }

  /** Frees the vectors. */
  dispose(): void {
    tf.dispose([
      this.#factors,
      this.#parameters,
      this.#expAvg,
      this.#expAvgSq,
    ]);
  }

  /** Lays one tensor a block out as the parameter arena, with its gaps. */
  #flatten(tensors: tf.Tensor[]): tf.Tensor1D {
    const { parameterBlocks, parameterCount } = this.#network.spec;
    return tf.concat(tensors.map((tensor, i) => {
      const end = parameterBlocks[i + 1]?.offset ?? parameterCount;
      const gap = end - parameterBlocks[i].offset - tensor.size;
      return tf.pad1d(tensor.reshape<tf.Tensor1D>([-1]), [0, gap]);
    }));
  }
}
