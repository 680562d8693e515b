/**
 * Other frameworks that `bench` times beside ours: who they are, how each is
 * run, and what it reports.
 *
 * A peer's script is one round in a process of its own, so that none computes
 * while another is timed, and no library of theirs is loaded into ours.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { OptionError } from "../../lib/options/table.ts";
import { oneLine, show } from "../../lib/text.ts";

/** The names that `--compare` takes. */
export const PEERS = [
  "pytorch",
  "jax",
  "onnxruntime",
  "jax-js",
  "tfjs",
] as const;

/** The name of a peer. */
export type PeerName = typeof PEERS[number];

/** What is timed: a training step, or a half of the model on one batch. */
export type Work = "step" | "encode" | "decode";

/** One way in which a peer did its work in one round. */
export interface PeerTime {
  /** What it did. */
  readonly of: Work;
  /** How: `eager`, say. */
  readonly variant: string;
  /** How long it took, or why it could not. */
  readonly result: { readonly milliseconds: number } | {
    readonly error: string;
  };
}

/** What a peer reports of one round. */
export interface PeerReport {
  /** The framework's name. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** What was built into it, or which of its backends this is. */
  readonly build: string;
  /** Threads that it used. */
  readonly threads: number;
  /** False for a build that lacks what makes the framework fast. */
  readonly isFair: boolean;
  /** Its times. */
  readonly times: readonly PeerTime[];
}

/** What a peer is asked for. */
export interface PeerRequest {
  /** The Python that has PyTorch or JAX. */
  readonly python: string;
  /** The folder whose `node_modules` has the npm packages, if there is one. */
  readonly peers: string | null;
  /** Threads of a training step; ONNX Runtime always has one. */
  readonly threads: number;
  /** Images a step, or a call. */
  readonly batchSize: number;
  /** The model's latent dimensions. */
  readonly latentDim: number;
}

/** A peer that could not be timed; the message says why. */
export class PeerError extends Error {
  /** The class's name, which survives minification. */
  override name = "PeerError";
}

/** How long a peer's round may take, its imports and compilation included. */
const PATIENCE = 300_000;

/** A report is below a kilobyte; a program that writes more is no peer. */
const MOST_OUTPUT = 1 << 20;

/** The peers that are programs of their own. */
export type ProcessPeer = Exclude<PeerName, "tfjs">;

const scripts: Record<ProcessPeer, string> = {
  pytorch: "torch_step.py",
  jax: "jax_step.py",
  onnxruntime: "onnxruntime_infer.ts",
  "jax-js": "jaxjs_step.mjs",
};

const packages: Record<ProcessPeer, string> = {
  pytorch: "pip install torch",
  jax: "pip install jax",
  onnxruntime: "npm install onnxruntime-node",
  "jax-js": "npm install @jax-js/jax",
};

/** How a peer that is missing can be had. */
export function howToGet(peer: PeerName): string {
  if (peer === "tfjs") return "it needs a WebGPU adapter";
  const where = runsInPython(peer)
    ? "name that Python with --python FILE"
    : "name its folder with --peers DIR";
  return `\`${packages[peer]}\`, then ${where}`;
}

/** Whether a peer is a program of its own, which must be permitted to start. */
export function isProcess(peer: PeerName): peer is ProcessPeer {
  return peer !== "tfjs";
}

function runsInPython(peer: ProcessPeer): boolean {
  return scripts[peer].endsWith(".py");
}

/**
 * Reads the value of `--compare`.
 *
 * @throws {OptionError} For a name that is no peer's.
 */
export function parsePeers(text: string | null): PeerName[] {
  const names = new Set<PeerName>();
  for (const word of text?.split(",") ?? []) {
    const name = PEERS.find((peer) => peer === word.trim());
    if (name === undefined) {
      throw new OptionError(
        `--compare takes some of ${PEERS.join(",")}, not ${show(word)}`,
      );
    }
    names.add(name);
  }
  return [...names];
}

/**
 * Gives back the permission to start programs where none will be: `bench` is
 * granted it for the peers alone.
 */
export async function keepPermissionsFor(
  peers: readonly PeerName[],
): Promise<void> {
  if (!peers.some(isProcess)) await Deno.permissions.revoke({ name: "run" });
}

/**
 * Runs one round of a peer.
 *
 * @throws {PeerError} If it is missing, fails or reports nonsense.
 */
export async function runPeer(
  peer: ProcessPeer,
  request: PeerRequest,
): Promise<PeerReport> {
  const [program, ...args] = commandLine(peer, request);
  const signal = AbortSignal.timeout(PATIENCE);
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal,
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new PeerError(`there is no program ${show(program)}`);
    }
    if (error instanceof TypeError) throw error;
    throw new PeerError(`cannot run ${program}: ${(error as Error).message}`);
  }
  const [stdout, stderr, status] = await Promise.all([
    readSome(child.stdout, child),
    readSome(child.stderr, child),
    child.status,
  ]);
  if (signal.aborted) {
    throw new PeerError(`it took more than ${PATIENCE / 1000} s`);
  }
  if (!status.success) {
    // Deno's message comes before its stack, Python's after.
    const lines = stderr.trimEnd().split("\n");
    const message = lines.find((line) => line.startsWith("error: ")) ??
      lines.at(-1);
    throw new PeerError(message || `${program} ended with code ${status.code}`);
  }
  return parseReport(stdout);
}

/** The program that is a peer's round, and its arguments. */
function commandLine(peer: ProcessPeer, request: PeerRequest): string[] {
  if (!import.meta.url.startsWith("file:")) {
    throw new PeerError("its script is in a clone of the repository only");
  }
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const script = fileURLToPath(
    new URL(`../../tests/peers/${scripts[peer]}`, import.meta.url),
  );
  const { python, peers, batchSize, latentDim } = request;
  const threads = peer === "onnxruntime" ? 1 : request.threads;
  const words = [
    ["--threads", threads],
    ["--batch-size", batchSize],
    ["--latent-dim", latentDim],
  ].flat().map(String);
  if (runsInPython(peer)) return [python, script, ...words];
  if (peers === null) throw new PeerError("no --peers names a folder");
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--cached-only",
    "--no-config",
    `--allow-read=${root},${peers}`,
    // ONNX Runtime is a native library, and asks after the system.
    ...(peer === "onnxruntime" ? ["--allow-sys", `--allow-ffi=${peers}`] : []),
    script,
    ...words,
    "--peers",
    peers,
  ];
}

/** Reads a stream to its end; ends a program that writes without one. */
async function readSome(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  child: Deno.ChildProcess,
): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.length <= MOST_OUTPUT) continue;
    child.kill("SIGKILL");
    throw new PeerError(`it wrote more than ${MOST_OUTPUT} characters`);
  }
  return text;
}

/**
 * Reads what a peer's script printed.
 *
 * @throws {PeerError} If it is no report.
 */
export function parseReport(text: string): PeerReport {
  const refuse = () =>
    new PeerError(`it printed no report but ${show(text.trim())}`);
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse();
  }
  const { name, version, build, threads, isFair, times } = value ?? {};
  if (
    ![name, version, build].every((word) => typeof word === "string") ||
    !Number.isInteger(threads) || typeof isFair !== "boolean" ||
    !Array.isArray(times) || times.length === 0
  ) throw refuse();
  return {
    name: oneLine(name as string),
    version: oneLine(version as string),
    build: oneLine(build as string),
    threads: threads as number,
    isFair,
    times: times.map((time) => {
      const { of, variant, milliseconds, error } = time ?? {};
      if (
        !["step", "encode", "decode"].includes(of) ||
        typeof variant !== "string"
      ) throw refuse();
      if (typeof error === "string") {
        return { of, variant: oneLine(variant), result: { error } };
      }
      if (!(typeof milliseconds === "number" && milliseconds > 0)) {
        throw refuse();
      }
      return { of, variant: oneLine(variant), result: { milliseconds } };
    }),
  };
}
