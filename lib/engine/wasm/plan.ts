/**
 * The programs of one engine as records in memory, for the kernels' interpreter
 * to walk.
 *
 * @module
 */
import type { EngineOptions } from "../engine.ts";
import type { MemoryMap } from "./memory.ts";
import { Operations } from "./operations.ts";
import { packing } from "./packing.ts";
import {
  decode,
  encode,
  evaluation,
  type Phase,
  preparation,
  training,
} from "./programs.ts";
import type { Operation } from "./record.ts";
import {
  KERNELS,
  OPERATION,
  OPERATION_BYTES,
  PHASE,
  PHASE_BYTES,
  SIZE,
  writeRecord,
} from "./words.ts";

/** One program in memory: the address of its phases, and their number. */
export interface Program {
  readonly address: number;
  readonly phases: number;
  /** Units of work, for so many images, in the phase that has most. */
  readonly units: (images: number) => number;
}

/** All programs of one engine. */
export class Plan {
  /** Forward, backward and one Adam update, in training mode. */
  readonly training: Program;
  /** The packing of the weights alone, which also ends `training`. */
  readonly packing: Program;
  /** What the programs below use, made from the weights as they are. */
  readonly preparation: Program;
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

  constructor(
    memory: MemoryMap,
    options: Pick<
      Required<EngineOptions>,
      "likelihood" | "binarize" | "objective" | "headsLrFactor"
    >,
  ) {
    this.#memory = memory;
    const k = new Operations(memory);
    const pack = { whole: packing(memory) };
    this.training = this.#place([...training(k, options), pack]);
    this.packing = this.#place([pack]);
    this.preparation = this.#place(preparation(k));
    this.evaluation = this.#place([evaluation(k)]);
    this.encoding = this.#place([{ each: encode(k) }]);
    this.decoding = this.#place([{
      each: [
        ...decode(k),
        ...options.likelihood === "bce" ? [k.sigmoid()] : [],
      ],
    }]);
    this.scoring = this.#place([{
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
        draws: each[0]?.draws ?? 0,
        whole: this.#list(whole),
        wholeCount: whole.length,
        combine: this.#list(combine),
        combineCount: combine.length,
      };
      this.#writers.push((memory) =>
        writeRecord(memory, address + i * PHASE_BYTES, PHASE, fields)
      );
    });
    const units = (images: number) =>
      Math.max(...phases.map(({ each = [], whole = [] }) =>
        whole.reduce(
          (sum, { fields }) => sum + (fields.units ?? 0),
          Math.ceil(images * (each[0]?.draws ?? 0) / SIZE.shard),
        )
      ));
    return { address, phases: phases.length, units };
  }

  #list(operations: readonly Operation[]): number {
    const address = this.#memory.claim(OPERATION_BYTES * operations.length);
    operations.forEach((operation, i) => {
      const fields = {
        ...operation.fields,
        kernel: KERNELS.indexOf(operation.kernel),
        draws: operation.draws,
        number: this.operations.push(operation) - 1,
      };
      this.#writers.push((memory) =>
        writeRecord(memory, address + i * OPERATION_BYTES, OPERATION, fields)
      );
    });
    return address;
  }
}
