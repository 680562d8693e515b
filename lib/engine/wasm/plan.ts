/**
 * The work of the wasm engine: which operations make a training step, an
 * evaluation, an encoding and a decoding, in what order; and their records in
 * memory, for the kernels' interpreter to walk.
 *
 * @module
 */
import type { Likelihood } from "../../model/spec.ts";
import {
  FEATURE_BUFFER,
  type Norm,
  NORMS,
  type Stage,
  STAGES,
} from "../stages.ts";
import type { MemoryMap } from "./memory.ts";
import { type Operation, Operations } from "./operations.ts";
import { packing } from "./packing.ts";
import {
  KERNELS,
  OPERATION,
  OPERATION_BYTES,
  PHASE,
  PHASE_BYTES,
  writeRecord,
} from "./words.ts";

/** Operations that need nothing of each other but what comes before them. */
interface Phase {
  /** For the images of any part of the batch: these, in this order. */
  readonly each?: readonly Operation[];
  /** Over the whole batch; they wait for earlier phases only. */
  readonly whole?: readonly Operation[];
  /** After all of the above: small, and over all parts of the batch. */
  readonly combine?: readonly Operation[];
}

/** One program in memory: the address of its phases, and their number. */
export interface Program {
  readonly address: number;
  readonly phases: number;
}

/** A stage that a norm follows. */
type NormedStage = Stage & { norm: Norm };

const [e0, e3, e6, d0, d3] = STAGES as readonly NormedStage[];
const d6 = STAGES[5];

/** All programs of one engine. */
export class Plan {
  /** Forward, backward and one Adam update, in training mode. */
  readonly training: Program;
  /** The packing of the weights alone, which also ends `training`. */
  readonly packing: Program;
  /** The losses of a batch, in evaluation mode. */
  readonly evaluation: Program;
  /** Images to `heads`, in evaluation mode. */
  readonly encoding: Program;
  /** `z` to pixel means, in evaluation mode. */
  readonly decoding: Program;
  /** `z` and images to the loss of each image, in evaluation mode. */
  readonly scoring: Program;
  /** The operations by their number in a profile. */
  readonly operations: Operation[] = [];
  readonly #memory: MemoryMap;
  readonly #writers: ((memory: WebAssembly.Memory) => void)[] = [];

  constructor(memory: MemoryMap, likelihood: Likelihood) {
    this.#memory = memory;
    const k = new Operations(memory);
    const pack = { whole: packing(memory) };
    this.training = this.#place([...training(k), pack]);
    this.packing = this.#place([pack]);
    this.evaluation = this.#place(evaluation(k));
    this.encoding = this.#place([runningMoments(k), { each: encode(k) }]);
    this.decoding = this.#place([runningMoments(k), {
      each: [...decode(k), ...likelihood === "bce" ? [k.sigmoid()] : []],
    }]);
    this.scoring = this.#place([runningMoments(k), {
      each: [k.gather(), ...decode(k), k.score()],
    }]);
  }

  /** Writes the programs into memory. */
  install(memory: WebAssembly.Memory): void {
    for (const write of this.#writers) write(memory);
  }

  /** Finds room for a program's phases and their operations. */
  #place(phases: readonly Phase[]): Program {
    const address = this.#memory.claim(PHASE_BYTES * phases.length);
    phases.forEach(({ each = [], whole = [], combine = [] }, i) => {
      const fields = {
        each: this.#list(each),
        eachCount: each.length,
        whole: this.#list(whole),
        wholeCount: whole.length,
        combine: this.#list(combine),
        combineCount: combine.length,
      };
      this.#writers.push((memory) =>
        writeRecord(memory, address + i * PHASE_BYTES, PHASE, fields)
      );
    });
    return { address, phases: phases.length };
  }

  #list(operations: readonly Operation[]): number {
    const address = this.#memory.claim(OPERATION_BYTES * operations.length);
    operations.forEach((operation, i) => {
      const fields = {
        ...operation.fields,
        kernel: KERNELS.indexOf(operation.kernel),
        number: this.operations.push(operation) - 1,
      };
      this.#writers.push((memory) =>
        writeRecord(memory, address + i * OPERATION_BYTES, OPERATION, fields)
      );
    });
    return address;
  }
}

function training(k: Operations): Phase[] {
  /** A stage forward, and the sums behind its norm's moments. */
  const learn = (stage: NormedStage) => [
    ...forward(k, stage),
    k.sums(stage.norm, stage.norm.input, stage.norm.input),
  ];
  return [
    { each: [k.gather(), ...learn(e0)], combine: [k.moments(e0.norm)] },
    { each: learn(e3), combine: [k.moments(e3.norm)] },
    { each: learn(e6), combine: [k.moments(e6.norm)] },
    {
      each: [
        ...encodeHeads(k),
        k.noise(),
        k.reparameterise(),
        k.linear("fc_decode", "z", "fc_decode"),
        ...learn(d0),
      ],
      combine: [k.latentTotals(), k.moments(d0.norm)],
    },
    { each: learn(d3), combine: [k.moments(d3.norm)] },

    {
      each: [
        ...forward(k, d6),
        k.loss({ training: true }),
        // What d6 reads still holds from its forward pass.
        k.filterGradient(d6),
        k.inputGradient(d6),
        backwardSums(k, d3.norm),
      ],
      combine: [k.lossTotal(), k.normGradient(d3.norm)],
    },
    {
      each: [...backward(k, d3), backwardSums(k, d0.norm)],
      combine: [k.normGradient(d0.norm)],
    },
    {
      each: [
        ...backward(k, d0),
        k.linearBack("fc_decode", "∂fc_decode", "∂z"),
        k.latentBackward(),
        k.linearBack("heads", "∂heads", `∂${FEATURE_BUFFER}`),
        backwardSums(k, e6.norm),
      ],
      combine: [k.normGradient(e6.norm)],
    },
    {
      each: [...backward(k, e6), backwardSums(k, e3.norm)],
      whole: [
        k.linearGradient("heads", FEATURE_BUFFER, "∂heads"),
        k.linearGradient("fc_decode", "z", "∂fc_decode"),
      ],
      combine: [k.normGradient(e3.norm)],
    },
    {
      each: [...backward(k, e3), backwardSums(k, e0.norm)],
      combine: [k.normGradient(e0.norm)],
    },
    { each: [k.normBackward(e0), k.filterGradient(e0)] },
    { whole: STAGES.map((stage) => k.reduce(stage)) },
    { whole: [k.adam()] },
  ];
}

function evaluation(k: Operations): Phase[] {
  return [runningMoments(k), {
    each: [
      ...encode(k),
      k.noise(),
      k.reparameterise(),
      ...decode(k),
      k.loss({ training: false }),
    ],
    combine: [k.latentTotals(), k.lossTotal()],
  }];
}

/** Scale and shift of all norms for evaluation. */
function runningMoments(k: Operations): Phase {
  return { combine: NORMS.map((norm) => k.inferenceMoments(norm)) };
}

function encode(k: Operations): Operation[] {
  return [
    k.gather(),
    ...[e0, e3, e6].flatMap((stage) => forward(k, stage)),
    ...encodeHeads(k),
  ];
}

function encodeHeads(k: Operations): Operation[] {
  return [k.normalise(e6.norm), k.linear("heads", FEATURE_BUFFER, "heads")];
}

function decode(k: Operations): Operation[] {
  return [
    k.linear("fc_decode", "z", "fc_decode"),
    ...[d0, d3, d6].flatMap((stage) => forward(k, stage)),
  ];
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
