import { assertEquals, assertNotEquals } from "@std/assert";
import {
  fromPyTorch,
  stepCounters,
  toPyTorch,
  toStateDict,
} from "../lib/checkpoint/torch_layout.ts";
import { modelSpec } from "../lib/model/spec.ts";
import { readGolden } from "./golden/read.ts";

const LATENT = 5;
const spec = modelSpec(LATENT);

/** An arena whose elements are their own indices. */
function counting(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => i);
}

const tensors = toPyTorch(spec.parameters, counting(spec.parameterCount));

/** Where the arena has element `index` of a tensor in PyTorch's order. */
function at(name: string, index: number): number {
  return Number(tensors.get(name)?.data[index]);
}

Deno.test("toPyTorch() turns [3, 3, large, small] into OIHW and IOHW", () => {
  const layers = [
    ["encoder.0", 1, 16],
    ["encoder.3", 16, 32],
    ["encoder.6", 32, 64],
    ["decoder.0", 32, 64],
    ["decoder.3", 16, 32],
    ["decoder.6", 1, 16],
  ] as const;
  for (const [layer, large, small] of layers) {
    const name = `${layer}.weight`;
    const start = at(name, 0);
    for (let s = 0, i = 0; s < small; s++) {
      for (let l = 0; l < large; l++) {
        for (let row = 0; row < 3; row++) {
          for (let column = 0; column < 3; column++, i++) {
            const nhwc = ((row * 3 + column) * large + l) * small + s;
            assertEquals(at(name, i) - start, nhwc);
          }
        }
      }
    }
    assertEquals(tensors.get(name)?.shape, [small, large, 3, 3]);
  }
});

Deno.test("toPyTorch() flattens features channel-major", () => {
  const heads = at("fc_mu.weight", 0);
  const decode = at("fc_decode.weight", 0);
  const bias = at("fc_decode.bias", 0);
  for (let pytorch = 0; pytorch < 1024; pytorch++) {
    // PyTorch flattens [64, 4, 4]; the arena's features are [4, 4, 64].
    const channel = Math.floor(pytorch / 16), pixel = pytorch % 16;
    const nhwc = pixel * 64 + channel;
    for (let unit = 0; unit < LATENT; unit++) {
      const row = unit * 1024 + pytorch;
      assertEquals(at("fc_mu.weight", row) - heads, nhwc * 2 * LATENT + unit);
      assertEquals(
        at("fc_logvar.weight", row) - heads,
        nhwc * 2 * LATENT + LATENT + unit,
      );
      assertEquals(
        at("fc_decode.weight", pytorch * LATENT + unit) - decode,
        unit * 1024 + nhwc,
      );
    }
    assertEquals(at("fc_decode.bias", pytorch) - bias, nhwc);
  }
});

Deno.test("toPyTorch() gives no arena element to two tensors", () => {
  const all = [...tensors.values()].flatMap((
    { data },
  ) => [...data as Float32Array]);
  assertEquals(new Set(all).size, all.length);
});

Deno.test("fromPyTorch() undoes toPyTorch() and zeroes the padding", () => {
  const arena = counting(spec.parameterCount).map((i) => i + 1);
  const there = toPyTorch(spec.parameters, arena);
  const back = fromPyTorch(spec.parameters, arena.length, (name, shape) => {
    const tensor = there.get(name);
    assertEquals(tensor?.shape, shape);
    return tensor?.data as Float32Array;
  });
  let padding = 0;
  back.forEach((value, i) => {
    if (value === 0) padding++;
    else assertEquals(value, arena[i]);
  });
  // Two heads' biases of 5 + 5 elements fill up to 12, the last bias 1 to 4.
  assertEquals(padding, 2 + 3);
});

Deno.test("toStateDict() has the step in every counter", () => {
  const dict = toStateDict(spec, {
    step: 860,
    parameters: counting(spec.parameterCount),
    running: counting(spec.runningCount),
  });
  const counters = stepCounters(spec);
  assertEquals(counters.length, 5);
  for (const name of counters) {
    assertEquals(dict.get(name)?.data, BigInt64Array.of(860n));
  }
  assertNotEquals(
    dict.get("encoder.2.running_mean")?.data,
    dict.get("encoder.2.running_var")?.data,
  );
});

Deno.test("toStateDict() has PyTorch's names, order, types and shapes", () => {
  const expected = [...readGolden()]
    .filter(([name]) => name.startsWith("init."))
    .map(([name, { dtype, shape }]) => [name.slice(5), dtype, shape]);
  const spec = modelSpec(12);
  const dict = toStateDict(spec, {
    step: 0,
    parameters: new Float32Array(spec.parameterCount),
    running: new Float32Array(spec.runningCount),
  });
  assertEquals(expected.length, 43);
  assertEquals(
    [...dict].map(([name, { dtype, shape }]) => [name, dtype, shape]),
    expected,
  );
});

Deno.test("toStateDict() gives PyTorch's weights back unchanged", () => {
  const tensors = readGolden();
  const spec = modelSpec(12);
  const read = (name: string) =>
    tensors.get(`final.${name}`)?.data as Float32Array;
  const dict = toStateDict(spec, {
    step: 3,
    parameters: fromPyTorch(spec.parameters, spec.parameterCount, read),
    running: fromPyTorch(spec.running, spec.runningCount, read),
  });
  for (const [name, { data }] of dict) {
    assertEquals(data, tensors.get(`final.${name}`)?.data, name);
  }
});
