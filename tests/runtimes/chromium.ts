/** A page in Chromium, whose WebGPU is Dawn on SwiftShader. */
import { join } from "node:path";
import { launch } from "../chromium.ts";
import type { Outcome, Request } from "./harness.ts";

const HTML = '<!DOCTYPE html><link rel="icon" href="data:,">' +
  '<script type="module" src="page.js"></script>';

/** Runs tests of a folder of bundles; `golden` is what they read. */
export async function runInPage(
  bundles: string,
  golden: string,
  request: Request,
): Promise<Outcome[]> {
  const serve = async ({ url }: globalThis.Request) => {
    const name = new URL(url).pathname.slice(1);
    const [type, body] = name === ""
      ? ["text/html", HTML]
      : name.endsWith(".js")
      ? ["text/javascript", await Deno.readFile(join(bundles, name))]
      : ["application/octet-stream", await Deno.readFile(join(golden, name))];
    return new Response(body, { headers: { "content-type": type } });
  };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    serve,
  );
  const browser = await launch([
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    `--enable-dawn-features=${request.toggles}`,
  ]);
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      problems.push(`console: ${message.text()}`);
    });
    page.on("pageerror", ({ message }) => problems.push(message));
    page.on("crash", () => problems.push("the page crashed"));
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    const names = [...Deno.readDirSync(golden)].map(({ name }) => name)
      .filter((name) => name.endsWith(".safetensors"));
    const outcomes = await page.evaluate(
      ([request, names]) =>
        (globalThis as unknown as {
          run(request: Request, names: string[]): Promise<Outcome[]>;
        }).run(request, names),
      [request, names] as const,
    );
    return [...outcomes, {
      name: "the page has nothing to warn of",
      milliseconds: 0,
      error: problems.join("\n") || undefined,
    }];
  } finally {
    await browser.close();
  }
}
