/**
 * The named buffers of an engine.
 *
 * @module
 */
import { pipelinesOf, type Program } from "./program.ts";

/** Creates a buffer of 4-byte words. */
export function createWords(
  device: GPUDevice,
  label: string,
  words: number,
): GPUBuffer {
  return device.createBuffer({
    label,
    size: 16 * Math.ceil(words / 4), // whole vec4
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC |
      GPUBufferUsage.COPY_DST,
  });
}

/** Keeps the buffers of one engine, and binds them to programs by name. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #buffers = new Map<string, GPUBuffer>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Creates a buffer of 4-byte words, which stays this object's. */
  create(name: string, words: number): void {
    this.set(name, createWords(this.#device, name, words));
  }

  /** Adds a buffer that was made elsewhere. */
  set(name: string, buffer: GPUBuffer): void {
    this.#buffers.set(name, buffer);
  }

  /** @throws {RangeError} If there is no buffer of that name. */
  get(name: string): GPUBuffer {
    const buffer = this.#buffers.get(name);
    if (!buffer) throw new RangeError(`there is no buffer ${name}`);
    return buffer;
  }

  /**
   * Binds the buffers that a program names.
   *
   * @param others Take the place of those of their names.
   */
  bind(
    program: Program,
    others: Readonly<Record<string, GPUBuffer>> = {},
  ): GPUBindGroup {
    return this.#device.createBindGroup({
      label: program.name,
      layout: pipelinesOf(this.#device).layout(program),
      entries: program.bindings.map(({ buffer: name }, binding) => {
        const buffer = others[name] ?? this.get(name);
        return { binding, resource: { buffer } };
      }),
    });
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
  }
}
