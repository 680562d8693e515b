/** Watches all programs that are dispatched, and takes their barriers out. */
import type { FakeBuffer, Job } from "./device.ts";
import { Random } from "./dispatch.ts";
import type { Report } from "./memory.ts";

/** A seed that the environment names, so that a failure can be repeated, or any. */
export const seed = Number(
  Deno.env.get("VAE_SEED") ?? Math.floor(Math.random() * 1e6),
);

/** Ends a run at its first fault. */
class Noticed extends Error {}

/** What was noticed in the dispatches of a device. */
export class Watch {
  /** What the programs are run for. */
  label = "";
  /** Accesses to memory, but for those without a barrier. */
  accesses = 0;
  /** A line for each kind of fault in each memory of a program. */
  readonly findings = new Map<string, string>();
  /** Whether each barrier of each program was missed when it was taken out. */
  readonly barriers = new Map<string, boolean>();
  /** Orders the threads and the workgroups. */
  readonly #random = new Random(seed);
  readonly #codes = new Map<string, number>();

  /** Runs a dispatch; before that, without each of its barriers. */
  run(job: Job): void {
    for (const [number, kind] of job.compiled.barriers.entries()) {
      if (kind === "workgroupUniformLoad") continue;
      const key = this.#nameOf(job, number);
      if (!this.barriers.get(key)) {
        this.barriers.set(key, this.#isMissed(job, number));
      }
    }
    this.accesses += job.run(this.#random, (fault, where, detail) => {
      const key = `${fault} in ${job.name} (${this.label}), ${where}`;
      if (!this.findings.has(key)) this.findings.set(key, `${key}: ${detail}`);
    });
  }

  /** The barriers that nobody missed. */
  get unmissed(): string[] {
    return [...this.barriers].filter(([, isMissed]) => !isMissed)
      .map(([key]) => key);
  }

  /** Programs of one name differ, as with the size of a model. */
  #nameOf({ name, code }: Job, barrier: number): string {
    const id = this.#codes.get(code) ?? this.#codes.size;
    this.#codes.set(code, id);
    return `${name} (${this.label}, program ${id}), barrier ${barrier}`;
  }

  /** Whether a run without a barrier has a fault. The buffers stay as they are. */
  #isMissed(job: Job, barrier: number): boolean {
    const before: [FakeBuffer, Uint8Array][] = job.written.map((
      buffer,
    ) => [buffer, buffer.bytes.slice()]);
    const report: Report = (fault, where, detail) => {
      throw new Noticed(`${fault}: ${where}: ${detail}`);
    };
    try {
      job.run(this.#random, report, barrier);
      return false;
    } catch (error) {
      if (error instanceof Noticed) return true;
      throw error;
    } finally {
      for (const [buffer, bytes] of before) buffer.bytes.set(bytes);
    }
  }
}
