/**
 * The programs of the wasm engine: which operations make a training step, an
 * evaluation, an encoding and a decoding, in what order.
 *
 * @module
 */
import type { EngineOptions } from "../engine.ts";
import {
  FEATURE_BUFFER,
  type Norm,
  NORMS,
  type Stage,
  STAGES,
} from "../stages.ts";
import { FOLDED } from "./memory.ts";
import type { Operations } from "./operations.ts";
import { folding, packMap } from "./packing.ts";
import { type Operation, perDraw } from "./record.ts";

/** Operations that need nothing of each other but what comes before them. */
export interface Phase {
  /** For the images of any part of the batch: these, in this order. */
  readonly each?: readonly Operation[];
  /** Over the whole batch; they wait for earlier phases only. */
  readonly whole?: readonly Operation[];
  /** After all of the above: small, and over all parts of the batch. */
  readonly combine?: readonly Operation[];
}

/** A stage that a norm follows. */
type NormedStage = Stage & { norm: Norm };

const [e0, e3, e6, d0, d3] = STAGES as readonly NormedStage[];
const d6 = STAGES[5];

/** Forward, backward and one Adam update, in training mode. */
export function training(
  k: Operations,
  { binarize, objective, headsLrFactor }: Pick<
    Required<EngineOptions>,
    "binarize" | "objective" | "headsLrFactor"
  >,
): Phase[] {
  const { draws } = k.memory;
  const isBtc = objective === "btc", isIwae = objective === "iwae";
  const decoding = (...operations: Operation[]) => perDraw(draws, operations);
  /** A stage forward, and the sums behind its norm's moments. */
  const learn = (stage: NormedStage) => [
    ...forward(k, stage),
    momentSums(k, stage),
  ];
  const hasMap = k.memory.map.training;
  return [
    {
      each: [k.gather({ drawn: binarize === "dynamic" }), ...learn(e0)],
      combine: [k.moments(e0.norm)],
    },
    {
      each: learn(e3),
      whole: hasMap ? k.makeMap() : [],
      combine: [k.moments(e3.norm)],
    },
    {
      each: learn(e6),
      whole: hasMap ? packMap(k.memory) : [],
      combine: [k.moments(e6.norm)],
    },
    ...inTurn(draws, {
      each: [
        ...encodeHeads(k),
        k.noise({ training: true }),
        k.reparameterise({ training: true }),
        ...isBtc ? [k.densities()] : [],
      ],
      combine: [k.latentTotals()],
    }, {
      each: decoding(...fromLatent(k, hasMap), momentSums(k, d0)),
      combine: decoding(k.moments(d0.norm)),
    }),
    {
      each: [
        ...decoding(...learn(d3)),
        ...isBtc ? [k.totalCorrelation()] : [],
      ],
      combine: [
        ...decoding(k.moments(d3.norm)),
        ...isBtc ? [k.correlationTotal()] : [],
      ],
    },

    ...isIwae ? weighedLatents(k) : [],
    {
      each: [
        ...decoding(
          ...isIwae
            ? [k.weigh("weights"), k.normalise(d3.norm)]
            // What d6 reads still holds from its forward pass.
            : [...forward(k, d6), k.loss({ training: true })],
          k.filterGradient(d6),
          k.inputGradient(d6),
          backwardSums(k, d3.norm),
        ),
        ...isBtc ? [k.totalCorrelationBackward()] : [],
      ],
      combine: decoding(
        ...isIwae ? [] : [k.lossTotal()],
        k.normGradient(d3.norm),
      ),
    },
    {
      each: decoding(...backward(k, d3), backwardSums(k, d0.norm)),
      combine: decoding(k.normGradient(d0.norm)),
    },
    ...inTurn(draws, {
      each: decoding(
        ...hasMap ? [k.normBackward(d0)] : backward(k, d0),
        ...isIwae ? [] : [toLatent(k)],
      ),
    }, {
      each: [
        k.latentBackward(),
        k.linearBack("heads", "∂heads", `∂${FEATURE_BUFFER}`),
        backwardSums(k, e6.norm),
      ],
      combine: [k.normGradient(e6.norm)],
    }),
    {
      each: [...backward(k, e6), backwardSums(k, e3.norm)],
      whole: [
        k.linearGradient("heads", FEATURE_BUFFER, "∂heads"),
        ...decoding(
          hasMap
            ? k.linearGradient("map", "z", `∂${d0.norm.name}`)
            : k.linearGradient("fc_decode", "z", "∂fc_decode"),
        ),
      ],
      combine: [k.normGradient(e3.norm)],
    },
    {
      each: [...backward(k, e3), backwardSums(k, e0.norm)],
      whole: hasMap ? k.mapBackward() : [],
      combine: [k.normGradient(e0.norm)],
    },
    { each: [k.normBackward(e0), k.filterGradient(e0)] },
    {
      whole: STAGES.flatMap((stage) =>
        stage.direction === "down" ? k.reduce(stage) : decoding(k.reduce(stage))
      ),
    },
    { whole: k.adam(headsLrFactor) },
  ];
}

/**
 * The losses of all draws, their weights, and a pass of its own back to z: by the
 * squares of the weights, for the encoder. What it leaves of the decoder's
 * gradients, the next pass writes over.
 */
function weighedLatents(k: Operations): Phase[] {
  const { draws, map } = k.memory;
  const phases: Phase[] = [
    {
      each: [...forward(k, d6), k.loss({ training: true })],
      combine: [k.lossTotal(), k.importance()],
    },
    {
      each: [
        k.weigh("squares"),
        k.inputGradient(d6),
        backwardSums(k, d3.norm),
      ],
      combine: [k.normGradient(d3.norm)],
    },
    {
      each: [
        k.normBackward(d3),
        k.inputGradient(d3),
        backwardSums(k, d0.norm),
      ],
      combine: [k.normGradient(d0.norm)],
    },
    {
      each: [
        k.normBackward(d0),
        ...map.training ? [] : [k.inputGradient(d0)],
        toLatent(k),
      ],
    },
  ];
  return phases.map(({ each = [], combine = [] }) => ({
    each: perDraw(draws, each),
    combine: perDraw(draws, combine),
  }));
}

/**
 * Two phases, one over images and one over their draws of z. With one draw their
 * shards are the same, and one phase does both: a barrier less, and what the one
 * leaves in the cache is there for the other.
 */
function inTurn(draws: number, first: Phase, second: Phase): Phase[] {
  if (draws > 1) return [first, second];
  const both = (part: keyof Phase) => [
    ...first[part] ?? [],
    ...second[part] ?? [],
  ];
  return [{ each: both("each"), combine: both("combine") }];
}

/** What inference needs of the weights, whatever the images. */
export function preparation(k: Operations): Phase[] {
  const hasMap = k.memory.map.inference;
  return [
    {
      whole: hasMap ? k.makeMap() : [],
      combine: NORMS.map((norm) => k.inferenceMoments(norm)),
    },
    { whole: [...folding(k.memory), ...hasMap ? packMap(k.memory) : []] },
  ];
}

/** The losses of a batch, in evaluation mode. */
export function evaluation(k: Operations): Phase {
  return {
    each: [
      ...encode(k),
      k.noise({ training: false }),
      k.reparameterise({ training: false }),
      ...decode(k),
      k.loss({ training: false }),
    ],
    combine: [k.latentTotals(), k.lossTotal()],
  };
}

/** Images to `heads`. */
export function encode(k: Operations): Operation[] {
  return [
    k.gather(),
    ...[e0, e3, e6].flatMap((stage) => forward(k, stage)),
    ...encodeHeads(k),
  ];
}

function encodeHeads(k: Operations): Operation[] {
  return [k.normalise(e6.norm), k.linear("heads", FEATURE_BUFFER, "heads")];
}

/** `z` to the decoder's output. */
export function decode(k: Operations): Operation[] {
  return [
    ...fromLatent(k, k.memory.map.inference),
    ...FOLDED.map((stage) => k.convolveFolded(stage)),
  ];
}

/** fc_decode and the first stage of the decoder, as one map or apart. */
function fromLatent(k: Operations, hasMap: boolean): Operation[] {
  return hasMap
    ? [k.linear("map", "z", d0.output)]
    : [k.linear("fc_decode", "z", "fc_decode"), k.convolve(d0)];
}

/** The gradient of z, from that of the map's outputs or of fc_decode's. */
function toLatent(k: Operations): Operation {
  return k.memory.map.training
    ? k.linearBack("map", `∂${d0.norm.name}`, "∂z")
    : k.linearBack("fc_decode", "∂fc_decode", "∂z");
}

/** What a stage does on the way forward, with its input's norm. */
function forward(k: Operations, stage: Stage): Operation[] {
  const { inputNorm } = stage;
  return [...inputNorm ? [k.normalise(inputNorm)] : [], k.convolve(stage)];
}

/**
 * What a stage does on the way back: from the gradient of its norm's output
 * those of its bias, its weights and its input.
 */
function backward(k: Operations, stage: NormedStage): Operation[] {
  const { inputNorm } = stage;
  return [
    k.normBackward(stage),
    // Its input was kept before the norm only.
    ...inputNorm ? [k.normalise(inputNorm)] : [],
    k.filterGradient(stage),
    k.inputGradient(stage),
  ];
}

/** The sums behind the gradients of a norm. */
function backwardSums(k: Operations, norm: Norm): Operation {
  return k.sums(norm, `∂${norm.name}`, norm.input);
}

/** The sums behind a norm's moments. */
function momentSums(k: Operations, { norm }: NormedStage): Operation {
  return k.sums(norm, norm.input, norm.input);
}
