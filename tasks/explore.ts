/**
 * `deno task explore`: serves the explorer of a model to this machine alone.
 *
 * @module
 */
import type { OptionTable } from "../lib/options/table.ts";
import {
  EXIT_INTERRUPTED,
  type Main,
  runTask,
  type Task,
  TaskError,
} from "./shared/cli.ts";
import { explorerPage } from "./shared/explorer_page.ts";
import { describe, openCheckpoint } from "./shared/model.ts";
import { common, data, page } from "./shared/options.ts";
import { say, tell } from "./shared/terminal.ts";

const flags = {
  checkpoint: common.checkpoint,
  dataDir: data.dataDir,
  ...page,
  port: {
    type: "integer",
    default: 8000,
    min: 0,
    max: 65535,
    help: "the port to serve on; 0 takes any that is free",
  },
  open: {
    type: "boolean",
    default: false,
    help: "open the page in the browser, too",
  },
  json: common.json,
} as const satisfies OptionTable;

/** What `deno task explore` does. */
export const task: Task = {
  name: "explore",
  summary:
    "Serves a model's latent space as a page; `--open` opens the browser.",
  examples: ["--port 0 --open"],
  options: flags,
};

const HOSTNAME = "127.0.0.1";

/** The bytes of a page that wait for one slow reader. */
const CHUNK = 65_536;

/** Sent with every answer. Isolated, the page may share memory with threads. */
const HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": "frame-ancestors 'none'",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

const main: Main<typeof flags> = async (options, context) => {
  const checkpoint = await openCheckpoint(options.checkpoint);
  const html = await explorerPage(
    checkpoint,
    context.given.has("dataDir") ? options.dataDir : undefined,
    options,
  );
  const { signal } = context;
  const interrupted = new Promise((resolve) =>
    signal.addEventListener("abort", resolve)
  );
  const url = serve(new TextEncoder().encode(html), options.port);
  const description = describe(checkpoint);
  if (options.json) console.log(JSON.stringify({ url, description }));
  else tell(`${url} until Ctrl-C (${description})`);
  if (options.open) openBrowser(url);
  await interrupted;
  return EXIT_INTERRUPTED;
};

/**
 * Serves the page, and nothing else.
 *
 * @returns Its address.
 * @throws {TaskError} If the port cannot be had.
 */
function serve(page: Uint8Array<ArrayBuffer>, port: number): string {
  let hosts: string[] = [];
  try {
    const { addr } = Deno.serve(
      { hostname: HOSTNAME, port, onListen: () => {} },
      (request) => respond(request, page, hosts),
    );
    // A browser leaves out port 80, and so does URL.
    hosts = [HOSTNAME, "localhost"]
      .map((name) => new URL(`http://${name}:${addr.port}`).host);
    return `http://${hosts[0]}/`;
  } catch (error) {
    const choose = "choose another with --port, or 0 for any";
    if (error instanceof Deno.errors.AddrInUse) {
      throw new TaskError(`port ${port} is in use: ${choose}`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new TaskError(`port ${port} is for the system alone: ${choose}`);
    }
    throw error;
  }
}

function respond(
  request: Request,
  page: Uint8Array<ArrayBuffer>,
  hosts: readonly string[],
): Response {
  // Any other name for this machine is a foreign site's, rebound to it.
  if (!hosts.includes(request.headers.get("host") ?? "")) {
    return refusal(421, `the page is at ${hosts.join(" and ")}`);
  }
  if (new URL(request.url).pathname !== "/") {
    return refusal(404, "there is one page here: /");
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refusal(405, "the page can only be read", { Allow: "GET, HEAD" });
  }
  const body = request.method === "HEAD"
    ? null
    : ReadableStream.from(chunks(page));
  return new Response(body, {
    headers: {
      ...HEADERS,
      "Content-Type": "text/html; charset=utf-8",
      "Content-Length": String(page.length),
    },
  });
}

/** The page piece by piece: whole, it would be copied for every reader. */
function* chunks(
  page: Uint8Array<ArrayBuffer>,
): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < page.length; at += CHUNK) {
    yield page.subarray(at, at + CHUNK);
  }
}

function refusal(
  status: number,
  reason: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(`${reason}\n`, {
    status,
    headers: {
      ...HEADERS,
      ...headers,
      "Content-Type": "text/plain; charset=utf-8",
    },
  });
}

/** Opens the browser; a machine without one can still be told the address. */
function openBrowser(url: string): void {
  const openers: Partial<Record<typeof Deno.build.os, string>> = {
    darwin: "open",
    windows: "explorer",
  };
  const opener = openers[Deno.build.os] ?? "xdg-open";
  try {
    new Deno.Command(opener, { args: [url], stdin: "null", stdout: "null" })
      .spawn();
  } catch {
    say(`note: ${opener} cannot be run: open ${url} yourself`);
  }
}

if (import.meta.main) await runTask(task, flags, main);
