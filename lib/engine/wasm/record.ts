/**
 * What an operation is, and how its record finds what it works on.
 *
 * @module
 */
import type { Stage } from "../stages.ts";
import type { MemoryMap } from "./memory.ts";
import type { Fields, Kernel, OPERATION } from "./words.ts";

/** One call of a kernel. */
export interface Operation {
  readonly kernel: Kernel;
  /** The layer that it works for, as a profile shows it. */
  readonly layer: string;
  /** Multiplications and additions for one image, where they count. */
  readonly flops: number;
  /** Rows for each image of the batch. */
  readonly draws: number;
  readonly fields: Fields<typeof OPERATION>;
}

/** One call of a kernel, as a plan lists it. */
export function operation(
  kernel: Kernel,
  layer: string,
  fields: Fields<typeof OPERATION>,
  flops = 0,
): Operation {
  return { kernel, layer, flops, draws: 1, fields };
}

/** The same operations on so many rows for each image. */
export function perDraw(
  draws: number,
  operations: readonly Operation[],
): Operation[] {
  return operations.map((operation) => ({
    ...operation,
    flops: draws * operation.flops,
    draws,
  }));
}

/** The fields with the two sides of a convolution. */
export function shapeFields({ shape: { large, small } }: Stage) {
  return {
    largeSize: large.size,
    largeChannels: large.channels,
    smallSize: small.size,
    smallChannels: small.channels,
  };
}

/** Looks up addresses in one memory. */
export abstract class Records {
  constructor(readonly memory: MemoryMap) {}

  /** Where the buffers of operands are. */
  protected operands(
    buffers: { from?: string; other?: string; to?: string; extra?: string },
  ): Fields<typeof OPERATION> {
    const fields: Record<string, number> = {};
    for (const [operand, name] of Object.entries(buffers)) {
      const { at, row, thread } = this.memory.buffer(name);
      fields[operand] = at;
      fields[`${operand}Row`] = row;
      fields[`${operand}Thread`] = thread;
    }
    return fields;
  }

  /** The address of a block of parameters. */
  protected parameter(block: string): number {
    return this.memory.parameters + this.memory.parameter(block);
  }

  /** The address of the gradient of a block of parameters. */
  protected gradient(block: string): number {
    return this.memory.gradients + this.memory.parameter(block);
  }
}
