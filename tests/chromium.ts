/**
 * A real browser. Where there is none its tests skip, and say so; with
 * VAE_REQUIRE_CHROMIUM=1 its absence is a failure.
 */
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** The browser's program, or null. */
export const chromiumProgram = find();

/** Whether the tests that need a browser must be ignored. */
export const chromiumIsMissing = chromiumProgram === null;

if (chromiumIsMissing) {
  const reason = "there is no chromium on PATH or in CHROMIUM";
  if (Deno.env.get("VAE_REQUIRE_CHROMIUM") === "1") {
    throw new Error(`VAE_REQUIRE_CHROMIUM=1, but ${reason}`);
  }
  console.log(`skipping the browser tests: ${reason}`);
}

function find(): string | null {
  const named = Deno.env.get("CHROMIUM");
  if (named) return isFile(named) ? named : null;
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      if (isFile(join(folder, name))) return join(folder, name);
    }
  }
  return null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A page, and what went wrong in it so far. */
export interface Visit {
  readonly page: Page;
  /** Warnings, errors and requests to anywhere but the page itself. */
  readonly problems: string[];
}

let browser: Promise<Browser> | undefined;

Deno.test.afterAll(async () => {
  await (await browser)?.close();
});

/** Opens a page in a browser that knows nothing. */
export async function visit(
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  browser ??= launch(["--disable-gpu"]);
  const context = await (await browser).newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const problems: string[] = [];
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", ({ message }) => problems.push(`uncaught: ${message}`));
  page.on("request", (request) => {
    if (request.url() === url || /^(blob|data):/.test(request.url())) return;
    problems.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
}

/** Starts the browser with these flags. */
export async function launch(flags: readonly string[]): Promise<Browser> {
  // Unless told not to, playwright-core looks for Windows in files below /proc
  // as it is imported, and for those it would take every permission.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  return await chromium.launch({
    executablePath: chromiumProgram!,
    args: ["--no-sandbox", ...flags],
  });
}
