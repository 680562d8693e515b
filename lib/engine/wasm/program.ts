/**
 * The plans as programs in memory, for the kernels' interpreter to walk.
 *
 * @module
 */
import type { EngineOptions } from "../engine.ts";
import {
  decodingPlan,
  encodingPlan,
  evaluationPlan,
  flops,
  type Operation,
  type Phase,
  trainingPlan,
} from "../stages.ts";
import { operationWords } from "./encode.ts";
import type { Layout } from "./layout.ts";
import { Size } from "./records.ts";
import { packing, type Record, translate } from "./translate.ts";

/** One program: the address of its phases, and their number. */
export interface Program {
  readonly address: number;
  readonly phases: number;
}

/** What a profile says of one operation. */
export interface OperationInfo {
  readonly name: string;
  /** Multiplications and additions for one image, where they count. */
  readonly flops: number;
}

/** Bytes of an operation's record. */
const RECORD = 4 * Size.operation;

const NOTHING: OperationInfo = { name: "", flops: 0 };

/** All programs of an engine. */
export class Programs {
  readonly training: Program;
  /** Only the packing of the weights, which also ends `training`. */
  readonly packing: Program;
  readonly evaluation: Program;
  readonly encoding: Program;
  readonly decoding: Program;
  /** Where the records begin. */
  readonly start: number;
  /** Of each record, by its number. */
  readonly info: OperationInfo[] = [];
  readonly #layout: Layout;
  readonly #records: { at: number; words: number[] }[] = [];

  constructor(layout: Layout, { likelihood }: EngineOptions) {
    this.#layout = layout;
    this.start = layout.end;
    const pack = [
      ...this.#list([]),
      ...this.#list(packing(layout), () => ({ name: "pack", flops: 0 })),
      ...this.#list([]),
    ];
    const program = (phases: readonly Phase[]) =>
      this.#program(this.#phases(phases));
    this.packing = this.#program([pack]);
    this.training = this.#program([...this.#phases(trainingPlan()), pack]);
    this.evaluation = program(evaluationPlan());
    this.encoding = program(encodingPlan());
    this.decoding = program(decodingPlan(likelihood === "bce"));
  }

  /** Writes the programs into memory. */
  install(memory: WebAssembly.Memory): void {
    const words = new Int32Array(memory.buffer);
    for (const record of this.#records) words.set(record.words, record.at / 4);
  }

  /** Places a list of records; returns its address and length. */
  #list(
    records: readonly Record[],
    describe: (index: number) => OperationInfo = () => NOTHING,
  ): [number, number] {
    const at = this.#claim(records.length * RECORD, describe);
    records.forEach((fields, i) =>
      this.#records.push({ at: at + i * RECORD, words: operationWords(fields) })
    );
    return [at, records.length];
  }

  /** Places the records of a plan; returns those of its phases. */
  #phases(phases: readonly Phase[]): number[][] {
    return phases.map(({ each, whole, combine }) =>
      [each, whole, combine].flatMap((operations) =>
        this.#list(
          operations.map((operation) => translate(operation, this.#layout)),
          (i) => ({
            name: label(operations[i]),
            flops: flops(operations[i], this.#layout.latentDim),
          }),
        )
      )
    );
  }

  #program(phases: readonly number[][]): Program {
    const address = this.#claim(4 * Size.phase * phases.length, () => NOTHING);
    this.#records.push({ at: address, words: phases.flat() });
    return { address, phases: phases.length };
  }

  /** Claims memory on the grid by which a profile numbers the records. */
  #claim(bytes: number, describe: (index: number) => OperationInfo): number {
    const records = Math.ceil(bytes / RECORD);
    for (let i = 0; i < records; i++) this.info.push(describe(i));
    return this.#layout.claim(records * RECORD);
  }
}

function label(operation: Operation): string {
  const subject = "stage" in operation
    ? operation.stage.name
    : "norm" in operation
    ? operation.norm.name
    : "weight" in operation
    ? operation.weight
    : "";
  const back = "backward" in operation && operation.backward ||
    "transposed" in operation && operation.transposed;
  return [operation.kind, subject, back ? "(input gradient)" : ""]
    .filter(Boolean).join(" ");
}
