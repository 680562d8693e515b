/**
 * What the peers that run in Deno share: their words, the clock and the report.
 * The same as `timing.py`.
 *
 * @module
 */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** Batches of images to go round: as many as on our side. */
export const BATCHES = 8;

/** Runs before the clock starts; the second half says how many a second holds. */
const WARM_UP_RUNS = 10;

/** What a peer is told. */
export interface PeerOptions {
  /** Threads to use. */
  readonly threads: number;
  /** Images a step, or a call. */
  readonly batchSize: number;
  /** The model's latent dimensions. */
  readonly latentDim: number;
  /** How long to time. */
  readonly seconds: number;
  /** The folder whose `node_modules` has the packages. */
  readonly peers: string;
}

/** Reads the command line of a peer. */
export function peerOptions(): PeerOptions {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      threads: {
        type: "string",
        default: `${navigator.hardwareConcurrency}`,
      },
      "batch-size": { type: "string", default: "128" },
      "latent-dim": { type: "string", default: "12" },
      seconds: { type: "string", default: "1" },
      peers: { type: "string", default: "." },
    },
  });
  return {
    threads: Number(values.threads),
    batchSize: Number(values["batch-size"]),
    latentDim: Number(values["latent-dim"]),
    seconds: Number(values.seconds),
    peers: values.peers,
  };
}

/**
 * Returns the first of several packages that a folder's `node_modules` has.
 *
 * @throws {Error} If it has none of them.
 */
export function findPackage(
  folder: string,
  ...names: string[]
): { name: string; entry: string; version: string } {
  for (const name of names) {
    const manifest = join(folder, "node_modules", name, "package.json");
    try {
      const { version } = JSON.parse(Deno.readTextFileSync(manifest));
      const entry = createRequire(resolve(manifest)).resolve(name);
      return { name, entry, version };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`${folder}/node_modules has no ${names.join(", no ")}`);
}

/**
 * Returns how long one of many runs takes, in milliseconds: timed as a whole, so
 * that a run that takes longer counts for the mean.
 */
export async function milliseconds(
  run: (i: number) => unknown,
  seconds: number,
): Promise<number> {
  const take = async (first: number, count: number) => {
    const start = performance.now();
    for (let i = first; i < first + count; i++) await run(i);
    return performance.now() - start;
  };
  const half = WARM_UP_RUNS / 2;
  await take(0, half);
  const each = await take(half, half) / half;
  const count = Math.max(1, Math.round(1000 * seconds / each));
  return await take(2 * half, count) / count;
}
