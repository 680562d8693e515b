/**
 * How long each program of some work takes, by the clock of the GPU.
 *
 * @module
 */
import { type Dispatch, dispatch } from "./program.ts";

/** Time spent in one program. */
export interface ProgramTime {
  readonly name: string;
  /** Summed over its runs. */
  milliseconds: number;
  /** Multiplications and additions for one image, where they count. */
  readonly flops: number;
}

/** Reads a buffer of float32 elements, after all that has been recorded. */
type Read = (
  part: readonly [buffer: GPUBuffer, length: number],
) => Promise<Float32Array<ArrayBuffer>[]>;

/** Records dispatches with a clock at each. */
export class Profile {
  readonly #device: GPUDevice;
  readonly #read: Read;
  readonly #times = new Map<string, ProgramTime>();
  readonly #readings: Promise<void>[] = [];

  constructor(device: GPUDevice, read: Read) {
    this.#device = device;
    this.#read = read;
  }

  /**
   * Records the dispatches of a job, which is then submitted.
   *
   * @param bind Binds the job to a pass.
   */
  record(
    encoder: GPUCommandEncoder,
    bind: (pass: GPUComputePassEncoder) => void,
    dispatches: readonly Dispatch[],
    images: number,
  ): void {
    const count = 2 * dispatches.length;
    const querySet = this.#device.createQuerySet({ type: "timestamp", count });
    dispatches.forEach((each, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        },
      });
      bind(pass);
      dispatch(pass, each, images);
      pass.end();
    });
    const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.QUERY_RESOLVE;
    const resolved = this.#device.createBuffer({ size: 8 * count, usage });
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    this.#readings.push(
      this.#read([resolved, 2 * count]).then(([floats]) => {
        const ticks = new BigUint64Array(floats.buffer);
        dispatches.forEach(({ program: { name, flops } }, i) => {
          const time = this.#times.get(name) ??
            { name, milliseconds: 0, flops };
          time.milliseconds += Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e6;
          this.#times.set(name, time);
        });
        resolved.destroy();
        querySet.destroy();
      }),
    );
  }

  /** Returns the time of each program so far. */
  async times(): Promise<ProgramTime[]> {
    await Promise.all(this.#readings);
    return [...this.#times.values()];
  }
}
