/** How tests make a wasm engine, and run single kernels. */
import { WasmEngine, type WasmOptions } from "../lib/engine/wasm/engine.ts";
import { compileKernels, Threads } from "../lib/engine/wasm/threads.ts";
import {
  ADDRESS,
  type Fields,
  JOB,
  type Kernel,
  KERNELS,
  OPERATION,
  OPERATION_BYTES,
  PHASE,
  PHASE_BYTES,
  writeRecord,
} from "../lib/engine/wasm/words.ts";
import { plain } from "./engine_suite.ts";

/** An engine whose workers are all up. */
export async function engineOf(
  options: Partial<WasmOptions> & { threads: number },
): Promise<WasmEngine> {
  const engine = new WasmEngine({ ...plain, ...options });
  while (engine.threads < options.threads) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return engine;
}

/** A kernel, and the fields of its record. */
type Call = Omit<Fields<typeof OPERATION>, "kernel"> & { kernel: Kernel };

/** A bare memory with the kernels, to run single operations in. */
export class Bench {
  readonly threads = new Threads(compileKernels(false).module, 1 << 22, 1);
  #next: number = ADDRESS.free;

  claim(floats: number): number {
    const at = this.#next;
    this.#next += Math.ceil(floats / 16) * 64 + 64;
    return at;
  }

  put(values: Float32Array): number {
    const at = this.claim(values.length);
    this.get(at, values.length).set(values);
    return at;
  }

  get(at: number, length: number): Float32Array {
    return new Float32Array(this.threads.memory.buffer, at, length);
  }

  /** Runs operations as the one phase of a job. */
  run(
    images: number,
    each: readonly Call[],
    whole: readonly Call[] = [],
    job: Fields<typeof JOB> = {},
  ): void {
    const { memory } = this.threads;
    const place = (calls: readonly Call[]) => {
      const at = this.claim(calls.length * OPERATION_BYTES / 4);
      calls.forEach(({ kernel, ...fields }, i) =>
        writeRecord(memory, at + i * OPERATION_BYTES, OPERATION, {
          draws: 1,
          ...fields,
          kernel: KERNELS.indexOf(kernel),
        })
      );
      return at;
    };
    const program = this.claim(PHASE_BYTES / 4);
    writeRecord(memory, program, PHASE, {
      each: place(each),
      eachCount: each.length,
      draws: each.length && (each[0].draws ?? 1),
      whole: place(whole),
      wholeCount: whole.length,
    });
    writeRecord(memory, ADDRESS.parameters, JOB, {
      program,
      phases: 1,
      images,
      scratch: this.claim(8192),
      ...job,
    });
    this.threads.run(1);
  }
}
