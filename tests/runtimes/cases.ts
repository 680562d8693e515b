/** The tests that other runtimes run, too. */
import "./pace.ts";
import "../webgpu_wasm_test.ts";
// Last, for its last test takes the device with it.
import "../webgpu_test.ts";
