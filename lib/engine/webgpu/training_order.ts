/**
 * Which programs of a training step make which tensor.
 *
 * @module
 */
import type { Objective } from "../engine.ts";
import { OUTPUT, type Stage, STAGES } from "../stages.ts";

/**
 * The GPU engine's programs of a training step in their order, and the tensors
 * that show first what they have done.
 *
 * @param isMapped Whether fc_decode and decoder.0 are one map; see `usesMap`.
 * @param objective What is minimised.
 * @param isConditional Whether the model is told of classes.
 */
export function trainingOrder(
  isMapped: boolean,
  objective: Objective = "elbo",
  isConditional = false,
): {
  readonly programs: readonly string[];
  readonly tensors: readonly string[];
}[] {
  const [e0, e3, e6, d0, d3, d6] = STAGES;
  /** A stage, whose norm's moments the program behind it makes. */
  const forward = ({ name, norm }: Stage, next: string) => ({
    programs: [name, next],
    tensors: [`${norm!.name}.running_mean`, `${norm!.name}.running_var`],
  });
  /**
   * The gradients behind a stage's norm: one program leaves sums, and the next
   * makes them of these.
   */
  const behind = ({ name, norm }: Stage, ...programs: string[]) => ({
    programs,
    tensors: [`${norm!.name}.weight`, `${norm!.name}.bias`, `${name}.bias`],
  });
  // Adam adds up the parts of these gradients.
  const filter = ({ name }: Stage) => ({
    programs: [`∂${name} filter`, "adam"],
    tensors: [`${name}.weight`],
  });
  const linear = isMapped ? "linearGradients" : `∂${d0.name} filter`;
  const isWeighted = objective === "iwae";
  const toZ = [
    `∂${d6.name} input to z`,
    `∂${d3.norm!.name} to z`,
    `∂${d3.name} input to z`,
    `∂${d0.norm!.name} to z`,
    ...isMapped ? [] : [`∂${d0.name} input to z`],
  ];
  const middle = [
    ...isWeighted ? toZ : [],
    "latentBackward",
    linear,
    ...objective === "btc" ? ["correlationBackward"] : [],
  ];
  const linearLayer = (name: string) => [
    `${name}.weight`,
    `${name}.bias`,
    ...isConditional ? [`${name}.classes`] : [],
  ];
  const heads = [
    { programs: middle, tensors: linearLayer("heads") },
    behind(e6, ...middle),
  ];
  const decode = {
    programs: isMapped
      ? [linear, `∂${d0.name} input`]
      : [`∂${d0.name} input`, linear],
    tensors: linearLayer("fc_decode"),
  };
  return [
    forward(e0, e3.name),
    forward(e3, e6.name),
    forward(e6, "latentForward"),
    { programs: ["latentForward"], tensors: ["KL"] },
    ...objective === "btc"
      ? [{ programs: ["correlation"], tensors: ["total correlation"] }]
      : [],
    ...isMapped
      ? [{ ...forward(d0, d3.name), programs: ["map", d0.name, d3.name] }]
      : [forward(d0, d3.name)],
    forward(d3, d6.name),
    { programs: [OUTPUT], tensors: ["reconstruction"] },
    {
      programs: [OUTPUT, ...isWeighted ? ["importance"] : [], "adam"],
      tensors: [`${OUTPUT}.bias`],
    },
    ...isWeighted
      ? [{ programs: ["importance"], tensors: ["bound"] }, ...heads]
      : [],
    behind(d3, `∂${d6.name} input`, `∂${d6.name} filter`),
    filter(d6),
    behind(d0, `∂${d3.name} input`, `∂${d3.name} filter`),
    filter(d3),
    ...isWeighted
      ? [decode, filter(d0)]
      : isMapped
      ? [...heads, decode, filter(d0)]
      : [decode, ...heads, filter(d0)],
    behind(e3, `∂${e6.name} input`, `∂${e6.name} filter`),
    filter(e6),
    behind(e0, `∂${e3.name} input`, `∂${e3.name} filter`),
    filter(e3),
    filter(e0),
  ];
}
