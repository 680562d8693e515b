/**
 * The interpreter of WGSL that looks for races: that it computes what WGSL means,
 * that it notices each kind of fault, and that the engine's programs have none.
 * The whole is in `races/all_test.ts`.
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { FakeBuffer, installGpu, makeJob } from "./races/device.ts";
import { Random } from "./races/dispatch.ts";
import { CASES, compareEngines, titleOf } from "./races/engine_case.ts";
import { seed, Watch } from "./races/watch.ts";
import { compile } from "./races/wgsl/compile.ts";
import { CONSTRUCTS, runOnGpu } from "./races/constructs.ts";

/** The real one; what the engine gets later is the interpreter. */
const { gpu } = navigator;
const webgpuIsMissing = await gpu.requestAdapter() === null;

/** Runs a program on buffers of zeros, and returns its faults and their words. */
function run(
  code: string,
  { groups = 1, words = 64, order = seed } = {},
): { faults: string[]; outputs: Uint32Array[] } {
  const compiled = compile(code);
  const buffers = compiled.memories.filter(({ binding }) => binding).map(
    () => new FakeBuffer({ size: 4 * words, usage: 0 }),
  );
  const entries = new Map(
    buffers.map((buffer, i) =>
      [i, { buffer, size: buffer.size, offset: 0 }] as const
    ),
  );
  const job = makeJob(
    { name: "test", code, compiled },
    [{ entries, offset: 0 }],
    [groups, 1, 1],
  );
  const faults = new Set<string>();
  job.run(new Random(order), (fault, where, detail) => {
    faults.add(fault);
    assert(where !== "" || fault === "divergence", detail);
  });
  return {
    faults: [...faults],
    outputs: buffers.map(({ bytes }) =>
      new Uint32Array(bytes.buffer, 0, words)
    ),
  };
}

/** A program of one workgroup of eight threads, with a buffer and an array. */
function program(main: string): string {
  return `
@group(0) @binding(0) var<storage, read_write> to: array<u32>;
var<workgroup> tile: array<u32, 8>;
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {${main}
}`;
}

Deno.test({
  name: "compile() gives what WebGPU gives",
  ignore: webgpuIsMissing && Deno.env.get("VAE_REQUIRE_WEBGPU") !== "1",
  // The device outlives the test.
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const { faults, outputs: [actual] } = run(CONSTRUCTS, { words: 512 });
    assertEquals(faults, []);
    const expected = await runOnGpu(gpu, CONSTRUCTS, 512);
    assertGreater(new Set(expected).size, 50);
    assertEquals(actual, expected);
  },
});

Deno.test("compile() names what it does not know, and the line", () => {
  for (
    const [main, message] of [
      ["\n  let m = mat2x2<f32>();", "mat2x2"],
      ["\n  subgroupAdd(thread);", "subgroupAdd"],
      ["\n  let a = 1u + 1i;", "u32 beside i32"],
      ["\n  let a = thread + missing;", "missing"],
      ["\n  thread = 3u;", "no variable"],
      ["\n  var v = vec3(1u); v.xy = vec2(2u);", "no variable"],
    ]
  ) {
    const { message: found } = assertThrows(
      () => compile(program(main)),
      Error,
    );
    assertStringIncludes(found, message);
    assertStringIncludes(found, `in line 7 of the program: ${main.trim()}`);
  }
});

Deno.test("a barrier makes threads see each other's writes, and is no fault", () => {
  const { faults, outputs: [to] } = run(program(`
  tile[thread] = thread;
  workgroupBarrier();
  to[thread] = tile[7u - thread];
  workgroupBarrier();
  tile[7u - thread] = 0u;`));
  assertEquals(faults, []);
  assertEquals([...to.subarray(0, 8)], [7, 6, 5, 4, 3, 2, 1, 0]);
});

const RACES: Record<string, string> = {
  "reading what another thread wrote": `
  tile[thread] = 0u;
  workgroupBarrier();
  tile[thread] = thread;
  to[thread] = tile[7u - thread];`,
  "writing what another thread read": `
  tile[thread] = thread;
  workgroupBarrier();
  to[thread] = tile[7u - thread];
  tile[thread] = 0u;`,
  "writing what another thread wrote": `
  tile[thread / 2u] = thread;`,
  "writing what several threads read": `
  if (thread == 0u) { tile[0] = 1u; }
  workgroupBarrier();
  to[thread] = tile[0];
  if (thread == 3u) { tile[0] = 2u; }`,
  "writing what one read and another, too": `
  if (thread < 2u) {
    let before = to[0];
    if (thread == 1u) { to[0] = before + 1u; }
  }`,
  "a buffer after workgroupBarrier()": `
  to[thread] = thread;
  workgroupBarrier();
  to[8u + thread] = to[7u - thread];`,
  "halves of a tree without a barrier": `
  tile[thread] = thread;
  for (var half = 4u; half > 0u; half /= 2u) {
    if (half == 4u) { workgroupBarrier(); }
    if (thread < half) { tile[thread] += tile[thread + half]; }
  }`,
};

for (const [what, main] of Object.entries(RACES)) {
  Deno.test(`Watched notices a race: ${what}`, () => {
    for (let order = 0; order < 8; order++) {
      assertEquals(run(program(main), { order }).faults, ["race"]);
    }
  });
}

Deno.test("Watched knows that storageBarrier() orders a workgroup's buffers only", () => {
  const main = (index: string) =>
    program(`
  to[group.x * 8u + thread] = thread;
  storageBarrier();
  to[16u + group.x * 8u + thread] = to[${index}];`);
  assertEquals(
    run(main("group.x * 8u + 7u - thread"), { groups: 2 }).faults,
    [],
  );
  assertEquals(run(main("8u + thread"), { groups: 2 }).faults, ["race"]);
});

Deno.test("Watched notices a race between workgroups, whoever comes first", () => {
  const shared = program(`
  if (group.x == 0u) { to[thread] = 1u; }
  if (group.x == 1u) { to[8u + thread] = to[thread]; }`);
  const counted = program(`
  if (thread == 0u) {
    let before = to[0];
    if (group.x == 1u) { to[0] = before + 1u; }
  }`);
  for (let order = 0; order < 8; order++) {
    assertEquals(run(shared, { groups: 2, order }).faults, ["race"]);
    assertEquals(run(counted, { groups: 2, order }).faults, ["race"]);
  }
});

Deno.test("Watched notices that nothing is wrong where workgroups keep apart", () => {
  const apart = program(`
  to[group.x * 8u + thread] = to[group.x * 8u + thread] + 1u;`);
  const { faults, outputs: [to] } = run(apart, { groups: 8 });
  assertEquals(faults, []);
  assert(to.every((value) => value === 1));
});

Deno.test("Watched notices an index out of bounds, in every kind of memory", () => {
  for (
    const main of [
      "to[57u + thread] = 1u;",
      "let a = to[57u + thread];",
      "tile[thread + 1u] = 1u;",
      "tile[thread - 1u] = 1u;",
      "var own: array<u32, 4>; own[thread] = 1u;",
      "var v = vec4(1u); to[thread] = v[thread];",
      "var v = vec4(1u); v[thread] = 2u;",
    ]
  ) assertEquals(run(program(main)).faults, ["bounds"], main);
  assertEquals(run(program("to[56u + thread] = 1u;")).faults, []);
});

Deno.test("runDispatch() notices a barrier in diverging control flow", () => {
  for (
    const main of [
      "if (thread < 4u) { workgroupBarrier(); }",
      "if (thread == 5u) { return; } workgroupBarrier();",
      "if (thread < 4u) { workgroupBarrier(); } else { workgroupBarrier(); }",
      "for (var i = 0u; i < thread; i++) { workgroupBarrier(); }",
    ]
  ) assertEquals(run(program(main)).faults, ["divergence"], main);
  const uniform = "if (group.x == 0u) { workgroupBarrier(); } else { return; }";
  assertEquals(run(program(uniform), { groups: 2 }).faults, []);
});

Deno.test("Watched notices unset memory of a workgroup, of each anew", () => {
  const some = "if (thread < 7u) { tile[thread] = 1u; } workgroupBarrier();";
  const read = `${some} to[group.x * 8u + thread] = tile[thread];`;
  const { faults, outputs: [to] } = run(program(read), { groups: 2 });
  assertEquals(faults, ["unset"]);
  // WGSL promises zeros.
  assertEquals([...to.subarray(0, 8)], [1, 1, 1, 1, 1, 1, 1, 0]);
  const first = `if (group.x == 0u) { tile[thread] = 1u; }
  to[group.x * 8u + thread] = tile[thread];`;
  assertEquals(run(program(first), { groups: 1 }).faults, []);
  for (let order = 0; order < 8; order++) {
    const second = run(program(first), { groups: 2, order });
    assertEquals(second.faults, ["unset"]);
    assert(second.outputs[0].subarray(8, 16).every((value) => value === 0));
  }
});

Deno.test("the engine's programs have no fault, need their barriers, and agree with wasm", async (t) => {
  const watch = new Watch();
  installGpu((job) => watch.run(job));
  for (const of of CASES.filter((c) => c.batch === 2 && c.latentDim === 12)) {
    await t.step(`${titleOf(of)}, VAE_SEED=${seed}`, async () => {
      watch.of = of;
      await compareEngines(of, seed);
      assertEquals([...watch.findings.values()], []);
    });
  }
  assertGreater(watch.accesses, 1e6);
  assertGreater(watch.barriers.size, 50);
  const { unmissed, barriers: { size } } = watch;
  assertGreaterOrEqual(1 - unmissed.length / size, 0.9, unmissed.join("\n"));
});
