/** A program of all kinds of statements and functions, and a real GPU to run it. */

/** Each of 64 threads leaves eight words; all of its arithmetic is exact. */
export const CONSTRUCTS = `
const scale = 2.5;
const COUNT: u32 = 64 / 2 * 2;
struct Pair { first: vec2<f32>, second: u32 }
@group(0) @binding(0) var<storage, read_write> to: array<u32>;
var<workgroup> tile: array<vec4<f32>, COUNT>;
var<workgroup> total: u32;

fn pair(x: u32) -> Pair {
  return Pair(vec2(f32(x), scale), x << 3u);
}

fn swapped(v: vec3<i32>) -> vec3<i32> { return v.zyx; }

fn sum(thread: u32) {
  for (var half = COUNT / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { tile[thread] += tile[thread + half]; }
  }
}

fn classify(x: u32) -> i32 {
  switch (x % 5u) {
    case 0u: { return -7; }
    case 1u, 2u: {
      if (x > 40u) { break; }
      return 12;
    }
    default: { return i32(x) / -3; }
  }
  return 99;
}

@compute @workgroup_size(16, 4)
fn main(@builtin(local_invocation_index) thread: u32,
        @builtin(local_invocation_id) own: vec3<u32>,
        @builtin(global_invocation_id) whole: vec3<u32>,
        @builtin(num_workgroups) grid: vec3<u32>) {
  let at = thread * 8u;
  let p = pair(thread);
  to[at] = bitcast<u32>(p.first.x * p.first.y) ^ p.second;

  // Loops of all kinds.
  var n = 0u;
  var i = 0u;
  while (i < thread) {
    i++;
    if (i % 3u == 1u) { continue; }
    n += i;
  }
  loop {
    if (n > 5000u) { break; }
    n = n * 3u + 2u;
    continuing { n -= 1u; break if n % 7u == 2u; }
  }
  for (var k = 10; k > -3; k -= 2) { n ^= u32(k); }
  to[at + 1u] = n;

  // Vectors.
  var v = vec3<i32>(i32(thread) - 30, -4, 9);
  v = swapped(v);
  v.y *= -3;
  v[thread % 3u] += 1000;
  let w = select(v, -v, v > vec3(0));
  let isBig = any(w < vec3(-20)) && !all(v == w) || w.x == 7;
  to[at + 2u] = u32(w.x * 31 + w.y * 17 + w.z) + select(0u, 1u << 31u, isBig)
    + u32(64.0 + select(1.0, -1, isBig) * f32(thread));
  to[at + 3u] = u32(classify(thread) + (v.xz - w.yy).y % 11);

  // Memory of the workgroup.
  let x = f32(thread) * 0.25 - 3.0;
  tile[thread] = vec4(x, round(x), floor(x), clamp(x, -1.0, 2.0));
  tile[thread].w = max(tile[thread].w, 0.5);
  sum(thread);
  if (thread == 0u) {
    let sums = tile[0];
    total = bitcast<u32>(dot(sums, vec4(1.0, 2.0, 4.0, 0.5)));
  }
  to[at + 4u] = workgroupUniformLoad(&total);

  // Bits.
  let word = thread * 2654435761u;
  let bytes = unpack4xU8(word);
  let bits = extractBits(word, 5u, 9u) + u32(extractBits(i32(word), 3u, 7u));
  to[at + 5u] = bits + pack4xU8(bytes.wzyx) + countOneBits(word);
  let unit = unpack4x8unorm(word);
  to[at + 6u] = pack4x8unorm(unit.yxwz) + u32(abs(-x) * 8.0) + own.x
    + 16u * own.y + (whole.x << 8u) * grid.x;

  // An array of the thread's own.
  var list = array<f32, 4>(1.0, 2.0, -0.5, 8.0);
  list[thread % 4u] *= f32(thread);
  var product = 0.0;
  for (var k = 0u; k < 4u; k++) {
    product = fma(list[k], 0.5, product) + f32(min(k, 2u));
  }
  to[at + 7u] = bitcast<u32>(product - sign(x) / 4.0);
}`;

/** Runs a program of one workgroup and one buffer, and returns its words. */
export async function runOnGpu(
  gpu: GPU,
  code: string,
  words: number,
): Promise<Uint32Array> {
  const device = await (await gpu.requestAdapter())!.requestDevice();
  device.pushErrorScope("validation");
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }) },
  });
  const error = await device.popErrorScope();
  if (error) throw new Error(error.message);
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const size = 4 * words;
  const buffer = device.createBuffer({ size, usage: STORAGE | COPY_SRC });
  const staging = device.createBuffer({ size, usage: COPY_DST | MAP_READ });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer } }],
    }),
  );
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const result = new Uint32Array(staging.getMappedRange().slice(0));
  device.destroy();
  return result;
}
