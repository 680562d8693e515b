/** The tests that other runtimes run, too. */
import "../webgpu_test.ts";
