/** A model whose layers can have any names, and whose numbers fit in any float. */
import { assertEquals } from "@std/assert";
import type { Tensor } from "../lib/formats/safetensors.ts";
import { modelSpec } from "../lib/model/spec.ts";

/** The model's layers in the order of PyTorch, by this project's names. */
export const PLACES: readonly string[] = [
  "encoder.0 encoder.2 encoder.3 encoder.5 encoder.6 encoder.8",
  "fc_mu fc_logvar fc_decode",
  "decoder.0 decoder.2 decoder.3 decoder.5 decoder.6",
].join(" ").split(" ");

/**
 * PyTorch's state dict of a model with two latent dimensions, in its order. All
 * numbers are multiples of 1/256 that float16 and bfloat16 hold; statistics are
 * positive, as ReLUs leave them.
 */
export const PATTERN: ReadonlyMap<string, Tensor> = pattern();

function pattern(): Map<string, Tensor> {
  const { parameters, running } = modelSpec(2);
  const tensors = new Map<string, Tensor>();
  [...parameters, ...running].forEach(({ name, shape }, at) => {
    const length = shape.reduce((a, b) => a * b);
    const data = Float32Array.from({ length }, (_, i) => {
      const value = ((37 * i + 11 * at) % 101 - 50) / 256;
      return name.includes("running") ? Math.abs(value) + 1 / 256 : value;
    });
    tensors.set(name, { dtype: "F32", shape, data });
  });
  const leaves = ["weight", "bias", "running_mean", "running_var"];
  return new Map(
    PLACES.flatMap((place) =>
      leaves.flatMap((leaf) => {
        const tensor = tensors.get(`${place}.${leaf}`);
        return tensor ? [[`${place}.${leaf}`, tensor] as const] : [];
      })
    ),
  );
}

/** A model with other names for its layers, which `layers` lists as {@linkcode PLACES} does. */
export function renamed(
  layers: string,
  { model = PATTERN, prefix = "" } = {},
): Map<string, Tensor> {
  const words = layers.split(" ");
  assertEquals(words.length, PLACES.length);
  return new Map(
    [...model].map(([name, tensor]) => {
      const dot = name.lastIndexOf(".");
      const layer = words[PLACES.indexOf(name.slice(0, dot))];
      return [prefix + layer + name.slice(dot), tensor];
    }),
  );
}
