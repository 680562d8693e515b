/** How work is portioned, on a GPU that takes given times. */
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { GpuError } from "../lib/engine/gpu.ts";
import { trainingFlops } from "../lib/engine/stages.ts";
import { WebGpuEngine } from "../lib/engine/webgpu/engine.ts";
import { Plan } from "../lib/engine/webgpu/plan.ts";
import { MOST_JOBS, Queue } from "../lib/engine/webgpu/queue.ts";
import { HARDWARE } from "../lib/engine/webgpu/tiling.ts";
import { IMAGE_PIXELS } from "../lib/model/spec.ts";
import { FakeGpu, fakeWork } from "./fake_gpu.ts";
import { hyper, inOrder, plain } from "./engine_suite.ts";
import { withReplaced } from "./replaced.ts";

/** Runs `work` in the time of a fake GPU. */
function withGpu<T>(fake: FakeGpu, work: () => Promise<T>): Promise<T> {
  return withReplaced(performance, { now: () => fake.now }, work);
}

/** Where waiting is a promise, and where it is a call that blocks. */
const runtimes = { "a browser": false, Deno: true };

for (const [runtime, blocks] of Object.entries(runtimes)) {
  for (const time of [0.15, 2, 40, 80, 400]) {
    Deno.test(`Queue.record() paces steps of ${time} ms in ${runtime}`, async () => {
      const fake = new FakeGpu({ blocks, time: () => time });
      await withGpu(fake, async () => {
        const queue = new Queue(fake.gpu, blocks);
        const training = fakeWork("training");
        for (let step = 0; step < 3000 / time; step++) {
          await fake.finish(queue.record(training, { count: 8 }));
        }
      });
      const { submissions } = fake;
      const times = submissions.map((each) => each.time);
      // Nothing is known of the first one.
      assertEquals(times[0], time);
      const known = times.findIndex((each) => each >= 50);
      assertLess(
        times.slice(0, known).reduce((sum, each) => sum + each, 0),
        250,
      );
      for (const each of times.slice(known)) {
        assertGreaterOrEqual(each, 50);
        assertLess(each, Math.max(100, time) + 0.01);
      }
      for (const { underWay, backlog } of submissions) {
        assertLessOrEqual(underWay, 3);
        assertLess(backlog, Math.max(300, time) + 0.01);
      }
      // The GPU does not wait for JavaScript.
      assertLess(fake.idle, 0.01 * submissions.at(-1)!.end);
      assertEquals(fake.unsubmitted, 0);
    });
  }

  Deno.test(`Queue.record() follows a pace that changes in ${runtime}`, async () => {
    let time = 1;
    const fake = new FakeGpu({ blocks, time: () => time });
    await withGpu(fake, async () => {
      const queue = new Queue(fake.gpu, blocks);
      for (const now of [1, 8, 0.5]) {
        time = now;
        for (let step = 0; step < 3000 / now; step++) {
          const wait = queue.record(fakeWork("training"), { count: 8 });
          await fake.finish(wait);
        }
        const last = fake.submissions.at(-1)!.time;
        assertGreaterOrEqual(last, 50, `${now} ms`);
        assertLessOrEqual(last, 100, `${now} ms`);
      }
    });
  });

  Deno.test(`Queue.record() begins other work with one job in ${runtime}`, async () => {
    const fake = new FakeGpu({
      blocks,
      time: (program, images) => program === "slow" ? 50 : images * 0.01,
    });
    await withGpu(fake, async () => {
      const queue = new Queue(fake.gpu, blocks);
      const record = async (kind: string, jobs: number) => {
        const before = fake.submissions.length;
        for (let job = 0; job < jobs; job++) {
          await fake.finish(queue.record(fakeWork(kind), { count: 10 }));
        }
        return fake.submissions.slice(before).map(({ time }) => time);
      };
      await record("fast", 5000);
      const [rest, first, ...others] = await record("slow", 20);
      assertLess(rest, 100);
      assertEquals(first, 50);
      assert(others.every((time) => time <= 100), String(others));
      // What is known is not learnt again.
      assertGreater(Math.max(...await record("fast", 1000)), 40);
    });
  });

  Deno.test(`Queue.read() is in turn and waits for room in ${runtime}`, async () => {
    const fake = new FakeGpu({ blocks, time: () => 20 });
    await withGpu(fake, async () => {
      const queue = new Queue(fake.gpu, blocks);
      const buffer = fake.device.createBuffer({ size: 16, usage: 0 });
      for (let step = 0; step < 100; step++) {
        const wait = queue.record(fakeWork("training"), { count: 8 });
        const read = queue.read([buffer, 4]);
        await fake.finish(wait);
        if (step % 10 === 9) await fake.finish(read);
      }
      // What is read goes with what is recorded, once the pace is known.
      assertLessOrEqual(fake.submissions.length, 104);
    });
    const underWay = fake.submissions.map((each) => each.underWay);
    assertLessOrEqual(Math.max(...underWay), 3);
  });

  Deno.test(`Queue.dispose() leaves nothing finished behind in ${runtime}`, async () => {
    const fake = new FakeGpu({ blocks, time: () => 1 });
    await withGpu(fake, async () => {
      const queue = new Queue(fake.gpu, blocks);
      const record = () => queue.record(fakeWork("training"), { count: 8 });
      for (let step = 0; step < 1000; step++) await fake.finish(record());
      const before = fake.submissions.length;
      record();
      queue.dispose();
      queue.submit();
      assertEquals(fake.submissions.length, before);
      assertEquals(fake.unsubmitted, 0);
    });
  });
}

Deno.test("Queue.record() bounds a submission that nobody waits for", async () => {
  const fake = new FakeGpu({ blocks: false, time: () => 0.001 });
  await withGpu(fake, async () => {
    const queue = new Queue(fake.gpu, false);
    const waits: (void | Promise<void>)[] = [];
    for (let step = 0; step < 3 * MOST_JOBS; step++) {
      waits.push(queue.record(fakeWork("training"), { count: 8 }));
    }
    await fake.finish(Promise.all(waits));
  });
  const times = fake.submissions.map(({ time }) => Math.round(time / 0.001));
  assertLessOrEqual(Math.max(...times), MOST_JOBS);
  assertEquals(times.reduce((a, b) => a + b), 3 * MOST_JOBS);
});

Deno.test("Queue.submit() submits what is finished though waiting throws", () => {
  const fake = new FakeGpu({ blocks: true, time: () => 1000 });
  const queue = new Queue(fake.gpu, true);
  const record = () => queue.record(fakeWork("training"), { count: 8 });
  for (let step = 0; step < 3; step++) record();
  fake.device.queue.onSubmittedWorkDone = () => {
    throw new Error("the driver is gone");
  };
  assertThrows(record, Error, "the driver is gone");
  assertEquals(fake.unsubmitted, 0);
  assertEquals(fake.submissions.length, 4);
});

/** Milliseconds that a program takes on a GPU of 50 GFLOP/s. */
function slowTimes(model: typeof plain) {
  const plan = new Plan(model, HARDWARE);
  const programs = [
    plan.taking(),
    plan.first(),
    ...plan.inference(),
    ...plan.training(),
    ...plan.evaluation(),
    ...plan.encoding(),
    ...plan.decoding(),
    ...plan.scoring(),
  ];
  const flops = new Map(programs.map(({ name, flops }) => [name, flops]));
  return (program: string, images: number) =>
    flops.get(program)! * images / 50e6;
}

Deno.test("WebGpuEngine bounds all its work at batch 2048 on a slow GPU", async () => {
  const options = { ...plain, latentDim: 12, batchSize: 2048 };
  const fake = new FakeGpu({ blocks: true, time: slowTimes(options) });
  const gpu = { requestAdapter: () => Promise.resolve(fake.adapter) };
  const count = 6000;
  const images = new Uint8Array(count * IMAGE_PIXELS);
  const z = new Float32Array(count * options.latentDim);
  /** The times of the submissions, and how many were under way. */
  const run = async (work: () => void | Promise<unknown>) => {
    const before = fake.submissions.length;
    await fake.finish(work() as Promise<unknown>);
    const submissions = fake.submissions.slice(before);
    assertGreater(submissions.length, 0);
    assert(submissions.every(({ underWay }) => underWay <= 3));
    return submissions.map(({ time }) => time);
  };
  await withReplaced(
    globalThis,
    { navigator: { gpu } },
    () =>
      withGpu(fake, async () => {
        const engine = await fake.finish(WebGpuEngine.create(options));
        engine.setImages(images);
        engine.setOrder(inOrder(count));
        const works = {
          evaluate: () => engine.evaluate(images, 0, hyper),
          encode: () => engine.encode(images),
          decode: () => engine.decode(z),
          score: () => engine.score(z, images),
        };
        for (const [name, work] of Object.entries(works)) {
          const times = await run(work);
          // Of the first nothing is known.
          assertLess(times[0], 15, name);
          assertLess(Math.max(...times), 100, name);
        }
        // A step cannot be less than itself; layer by layer, as for one image.
        const step = trainingFlops(12, 1) * 2048 / 50e6;
        const times = await run(async () => {
          for (let step = 0; step < 4; step++) {
            await engine.trainStep({ first: 0, count: 2048, step }, hyper);
          }
        });
        assertEquals(times.length, 4);
        for (const time of times) assertLess(time, 1.1 * step);
        engine.dispose();
        await fake.lose();
      }),
  );
  assertEquals(fake.unsubmitted, 0);
});

Deno.test("WebGpuEngine.setImages() uploads 16 MiB at once at most", async () => {
  const fake = new FakeGpu({ blocks: true, time: () => 1 });
  const gpu = { requestAdapter: () => Promise.resolve(fake.adapter) };
  const images = new Uint8Array(70_000 * IMAGE_PIXELS);
  const labels = new Uint8Array(70_000);
  const model = { ...plain, classCount: 10 };
  await withReplaced(
    globalThis,
    { navigator: { gpu } },
    () =>
      withGpu(fake, async () => {
        const engine = await fake.finish(WebGpuEngine.create(model));
        fake.uploads.length = 0;
        engine.setImages(images, labels);
        engine.dispose();
        await fake.lose();
      }),
  );
  const sum = fake.uploads.reduce((a, b) => a + b);
  // With the first row of the buffer, and how many there are.
  assertEquals(sum, images.length + labels.length + 8);
  assertLessOrEqual(Math.max(...fake.uploads), 1 << 24);
});

Deno.test("WebGpuEngine.setImages() says in a line that the GPU refuses them", async () => {
  const fake = new FakeGpu({ blocks: true, time: () => 1 });
  const gpu = { requestAdapter: () => Promise.resolve(fake.adapter) };
  await withReplaced(
    globalThis,
    { navigator: { gpu } },
    () =>
      withGpu(fake, async () => {
        const engine = await fake.finish(WebGpuEngine.create(plain));
        fake.device.createBuffer = () => {
          throw new RangeError("\ncreateBuffer failed\n  - size 45000000");
        };
        const { message } = assertThrows(
          () => engine.setImages(new Uint8Array(4 * IMAGE_PIXELS)),
          GpuError,
        );
        assertEquals(
          message,
          "the GPU cannot hold the images: createBuffer failed",
        );
        engine.dispose();
        await fake.lose();
      }),
  );
});
