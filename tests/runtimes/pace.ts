/**
 * How far JavaScript runs ahead of the GPU where waiting does not block it, as
 * in Dawn and in browsers. Not for Deno, where to ask is to wait.
 */
import { assertLessOrEqual } from "@std/assert";
import { WebGpuEngine } from "../../lib/engine/webgpu/engine.ts";
import { digits, hyper, inOrder, plain } from "../engine_suite.ts";

const STEPS = 20;

Deno.test({
  name: "webgpu: at most three submissions are under way",
  async fn() {
    const count = 8;
    const engine = await WebGpuEngine.create({ ...plain, batchSize: count });
    engine.setImages(digits(count));
    engine.setOrder(inOrder(count));
    const step = (step: number) =>
      engine.trainStep({ first: 0, count, step }, hyper);
    await step(0);
    await engine.takeLosses();

    let underWay = 0, most = 0, submissions = 0;
    const { submit } = GPUQueue.prototype;
    GPUQueue.prototype.submit = function (buffers) {
      submit.call(this, buffers);
      submissions++;
      most = Math.max(most, ++underWay);
      this.onSubmittedWorkDone().then(() => underWay--);
    };
    try {
      for (let i = 1; i <= STEPS; i++) await step(i);
      await engine.takeLosses();
    } finally {
      GPUQueue.prototype.submit = submit;
    }
    engine.dispose();
    assertLessOrEqual(most, 3, `of ${submissions} submissions`);
  },
});
