/** Watches all programs that are dispatched, and takes their barriers out. */
import type { FakeBuffer, Job } from "./device.ts";
import { Random } from "./dispatch.ts";
import { type EngineCase, titleOf } from "./engine_case.ts";
import type { Report } from "./memory.ts";

/** A seed that the environment names, so that a failure can be repeated, or any. */
export const seed = Number(
  Deno.env.get("VAE_SEED") ?? Math.floor(Math.random() * 1e6),
);

/** Ends a run at its first fault. */
class Noticed extends Error {}

/** What was noticed in the dispatches of a device. */
export class Watch {
  /** The case that the programs are run for. */
  of!: EngineCase;
  /** Accesses to memory, but for those without a barrier. */
  accesses = 0;
  /** A line for each kind of fault in each memory of a program. */
  readonly findings = new Map<string, string>();
  /**
   * Whether each barrier was missed, in any case, when it was taken out. Programs
   * of one tiling, name and number of barriers count as one: they differ in sizes.
   */
  readonly barriers = new Map<string, boolean>();
  /** Orders the threads and the workgroups. */
  readonly #random = new Random(seed);

  /** Runs a dispatch; before that, without each of its barriers. */
  run(job: Job): void {
    const { name, compiled: { barriers } } = job;
    for (const [number, kind] of barriers.entries()) {
      if (kind === "workgroupUniformLoad") continue;
      const key = `${this.of.tiling} ${name}, barrier ${
        number + 1
      } of ${barriers.length}`;
      if (!this.barriers.get(key)) {
        this.barriers.set(key, this.#isMissed(job, number));
      }
    }
    this.accesses += job.run(this.#random, (fault, where, detail) => {
      const key = `${fault} in ${name} (${titleOf(this.of)}), ${where}`;
      if (!this.findings.has(key)) this.findings.set(key, `${key}: ${detail}`);
    });
  }

  /** The barriers that nobody missed. */
  get unmissed(): string[] {
    return [...this.barriers].filter(([, isMissed]) => !isMissed)
      .map(([key]) => key);
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
