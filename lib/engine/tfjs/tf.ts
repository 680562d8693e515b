/**
 * TensorFlow.js from npm, as the tfjs engine uses it.
 *
 * Its versions stand here: what `deno.json` imports, every command downloads,
 * and this is 290 MB. Only what uses tfjs may import this file; see `engines.ts`.
 *
 * @module
 */
// deno-lint-ignore-file no-import-prefix
export * from "npm:@tensorflow/tfjs@4.22.0";
export { WebGPUBackend } from "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
