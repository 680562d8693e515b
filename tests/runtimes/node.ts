/**
 * Runs tests in Node, on Dawn: the WebGPU of Chromium, as npm's `webgpu`.
 *
 *     node node.js WEBGPU_PACKAGE CASES FILES JSON
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type Request, runTests } from "./harness.ts";

const [dawn, cases, folder, json] = process.argv.slice(2);
const request = JSON.parse(json) as Request;
const url = (path: string) => pathToFileURL(path).href;
const { create, globals } = await import(url(join(dawn, "index.js")));
Object.assign(globalThis, globals);
Object.defineProperty(globalThis, "navigator", {
  value: {
    gpu: create(request.toggles.map((name) => `enable-dawn-features=${name}`)),
  },
});
const outcomes = await runTests(
  request,
  () => import(url(cases)),
  new Map(
    readdirSync(folder).map((
      name,
    ) => [name, Uint8Array.from(readFileSync(join(folder, name)))]),
  ),
);
// Dawn's own threads would keep Node waiting.
process.stdout.write(JSON.stringify(outcomes), () => process.exit());
