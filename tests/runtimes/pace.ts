/**
 * How far JavaScript runs ahead of the GPU where waiting does not block it, as
 * in Dawn and in browsers. Not for Deno, where to ask is to wait.
 */
import { assertLessOrEqual } from "@std/assert";
import { WebGpuEngine } from "../../lib/engine/webgpu/engine.ts";
import { digits, hyper, inOrder, plain } from "../engine_suite.ts";

const STEPS = 60;

Deno.test({
  name: "webgpu: at most three submissions are under way, of at most 100 ms",
  async fn() {
    const count = 8;
    const engine = await WebGpuEngine.create({ ...plain, batchSize: count });
    engine.setImages(digits(count));
    engine.setOrder(inOrder(count));
    const step = (step: number) =>
      engine.trainStep({ first: 0, count, step }, hyper);
    await step(0);
    await engine.takeLosses();

    let ahead = 0, mostAhead = 0, dispatches = 0;
    const sizes: number[] = [];
    const { submit } = GPUQueue.prototype;
    const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
    GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...grid) {
      dispatches++;
      return dispatchWorkgroups.apply(this, grid);
    };
    GPUQueue.prototype.submit = function (buffers) {
      submit.call(this, buffers);
      sizes.push(dispatches / engine.dispatchesPerStep);
      dispatches = 0;
      mostAhead = Math.max(mostAhead, ++ahead);
      this.onSubmittedWorkDone().then(() => ahead--);
    };
    const started = performance.now();
    try {
      for (let i = 1; i <= STEPS; i++) await step(i);
      await engine.takeLosses();
    } finally {
      GPUQueue.prototype.submit = submit;
      GPUComputePassEncoder.prototype.dispatchWorkgroups = dispatchWorkgroups;
    }
    const pace = (performance.now() - started) / STEPS;
    engine.dispose();
    // The last one reads the losses.
    assertLessOrEqual(mostAhead, 4, `of ${sizes.length} submissions`);
    // One step may take longer; twice as many as fit are what load may do.
    const most = Math.max(1, 2 * 100 / pace);
    assertLessOrEqual(Math.max(...sizes), most, `${pace.toFixed(1)} ms a step`);
  },
});
