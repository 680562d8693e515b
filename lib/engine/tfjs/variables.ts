/**
 * Between the flat arenas and tfjs variables, one for each block.
 *
 * @module
 */
import * as tf from "./tf.ts";
import type { Block } from "../../model/spec.ts";

function sizeOf({ shape }: Block): number {
  return shape.reduce((a, b) => a * b);
}

/** Makes variables with the values of an arena, by the names of its blocks. */
export function variables(
  blocks: readonly Block[],
  arena: Float32Array,
): Map<string, tf.Variable> {
  const variables = new Map<string, tf.Variable>();
  tf.tidy(() => {
    for (const block of blocks) {
      const { name, shape, offset } = block;
      const values = arena.slice(offset, offset + sizeOf(block));
      variables.set(name, tf.variable(tf.tensor(values, [...shape])));
    }
  });
  return variables;
}

/** Gives variables the values of an arena. */
export function assign(
  blocks: readonly Block[],
  arena: Float32Array,
  variables: Map<string, tf.Variable>,
): void {
  tf.tidy(() => {
    for (const block of blocks) {
      const { name, shape, offset } = block;
      const values = arena.slice(offset, offset + sizeOf(block));
      variables.get(name)!.assign(tf.tensor(values, [...shape]));
    }
  });
}

/** Copies the values of variables into a new arena. */
export async function flatten(
  blocks: readonly Block[],
  length: number,
  variables: Map<string, tf.Variable>,
): Promise<Float32Array> {
  const arena = new Float32Array(length);
  await Promise.all(blocks.map(async ({ name, offset }) => {
    arena.set(await variables.get(name)!.data(), offset);
  }));
  return arena;
}
