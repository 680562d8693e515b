/**
 * TensorFlow.js, as the tfjs engine sees it, from npm.
 *
 * The versions stand here and not among the `imports` of `deno.json`: what is
 * named there is downloaded by every command, and this is 290 MB.
 *
 * @module
 */
// deno-lint-ignore-file no-import-prefix
export * from "npm:@tensorflow/tfjs@4.22.0";
export { WebGPUBackend } from "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
