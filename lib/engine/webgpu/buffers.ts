/**
 * The named buffers of an engine.
 *
 * @module
 */
import { pipelinesOf, type Program } from "./program.ts";

/** Keeps the buffers of one engine, and binds them to programs by name. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #buffers = new Map<string, GPUBuffer>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Creates a buffer of 4-byte words; destroys an older one of that name. */
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
   * @param bytes Takes the place of the buffer `bytes`.
   */
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
