/**
 * The named buffers of an engine.
 *
 * @module
 */
import { pipelinesOf, type Program } from "./program.ts";

/** Makes buffers, and gives programs those that they name. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #buffers = new Map<string, GPUBuffer>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Makes a buffer of so many 4-byte words, in place of the one before. */
  create(name: string, words: number): void {
    this.#buffers.get(name)?.destroy();
    this.set(
      name,
      this.#device.createBuffer({
        label: name,
        size: 16 * Math.ceil(words / 4), // whole vec4
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC |
          GPUBufferUsage.COPY_DST,
      }),
    );
  }

  /** Adds a buffer. */
  set(name: string, buffer: GPUBuffer): void {
    this.#buffers.set(name, buffer);
  }

  /** @throws {RangeError} If there is no buffer of that name. */
  get(name: string): GPUBuffer {
    const buffer = this.#buffers.get(name);
    if (!buffer) throw new RangeError(`there is no buffer ${name}`);
    return buffer;
  }

  /** The buffers of a program; `bytes` stands for the one of that name. */
  bind(program: Program, bytes = this.get("bytes")): GPUBindGroup {
    return this.#device.createBindGroup({
      label: program.name,
      layout: pipelinesOf(this.#device).layout(program),
      entries: program.bindings.map(({ buffer: name }, binding) => {
        const buffer = name === "bytes" ? bytes : this.get(name);
        return { binding, resource: { buffer } };
      }),
    });
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
  }
}
