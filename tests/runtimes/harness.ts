/**
 * Runs tests that were written for `Deno.test` where there is no Deno: in Node
 * and in a page. They find the stand-in for `Deno` in a constant of their
 * bundle, so that `lib` sees the runtime as it is.
 */
import { permutation, streamKey } from "../../lib/rng.ts";
import { type Complaints, declareHardware, watch } from "./watch.ts";

/** Which tests to run, and as what. */
export interface Request {
  /** How many of those that are {@linkcode QUICK}, drawn by `seed`; or all. */
  readonly count?: number;
  readonly seed: number;
  /** Whether the adapter passes for a GPU: it is given a GPU's tiles. */
  readonly hardware: boolean;
  /** Dawn's toggles: https://dawn.googlesource.com/dawn (Toggles.cpp). */
  readonly toggles: readonly string[];
}

/** What became of a test. */
export interface Outcome {
  readonly name: string;
  readonly milliseconds: number;
  /** What was thrown, or what WebGPU complained of. */
  readonly error?: string;
}

type Definition = Pick<Deno.TestDefinition, "name" | "ignore"> & {
  fn: () => void | Promise<void>;
};

/** Tests that provoke a complaint; in all others it is a failure. */
const PROVOKES = /compile\(\) names|a lost device/;

/**
 * Loads the tests' bundle and runs tests of it.
 *
 * @param load Imports the bundle.
 * @param files What the tests read, by the last part of the path.
 */
export async function runTests(
  request: Request,
  load: () => Promise<unknown>,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Outcome[]> {
  const complaints = await watch();
  if (request.hardware) declareHardware();
  const definitions: Definition[] = [];
  Object.assign(globalThis, {
    denoOfTests: {
      test: (definition: Definition) => definitions.push(definition),
      readFileSync(url: URL) {
        const file = files.get(url.pathname.split("/").at(-1)!);
        if (!file) throw new Error(`no test was given ${url.pathname}`);
        return file;
      },
      env: { get: (name: string) => name === "VAE_REQUIRE_WEBGPU" ? "1" : "" },
    },
  });
  await load();
  const outcomes: Outcome[] = [];
  for (const definition of choose(definitions, request)) {
    outcomes.push(await runTest(definition, complaints));
  }
  return outcomes;
}

/**
 * Tests of a few small steps with one engine: SwiftShader takes minutes for the
 * others.
 */
const QUICK = /agrees? with PyTorch/;

/** Draws tests; without a count it is all of them, the last takes the device. */
function choose(
  definitions: readonly Definition[],
  { count, seed }: Request,
): readonly Definition[] {
  if (count === undefined) return definitions;
  const quick = definitions.filter(({ name }) => QUICK.test(name));
  const order = permutation(quick.length, streamKey(seed, "shuffle"), 0);
  return Array.from(order.subarray(0, count), (i) => quick[i]);
}

async function runTest(
  { name, ignore, fn }: Definition,
  complaints: Complaints,
): Promise<Outcome> {
  const started = performance.now();
  let error: string | undefined;
  try {
    if (ignore) throw new Error("it was ignored: the adapter lacks something");
    await fn();
  } catch (thrown) {
    error = (thrown as Error).stack ?? String(thrown);
  }
  const heard = await complaints.take();
  if (PROVOKES.test(name)) {
    if (heard.length === 0) error ??= "WebGPU did not complain";
  } else if (heard.length > 0) {
    error = [error, ...new Set(heard)].filter(Boolean).join("\n");
  }
  return { name, milliseconds: performance.now() - started, error };
}
