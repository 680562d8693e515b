/** Runs tests in a page. */
import { type Outcome, type Request, runTests } from "./harness.ts";

/** What the page is asked for. */
async function run(
  request: Request,
  names: readonly string[],
): Promise<Outcome[]> {
  const files = await Promise.all(
    names.map(async (name) => {
      const response = await fetch(name);
      return [name, new Uint8Array(await response.arrayBuffer())] as const;
    }),
  );
  const cases = "/cases.js";
  return await runTests(request, () => import(cases), new Map(files));
}

Object.assign(globalThis, { run });
