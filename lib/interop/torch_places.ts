/**
 * Places in the model, and the layers of a state dict that are given them.
 *
 * @module
 */
import { display } from "../formats/error.ts";
import { showSizes } from "../text.ts";
import { byNumbers, join, type Layer } from "./torch_state_dict.ts";

/** What placing layers comes to. */
export interface Placed {
  /** The layers by this project's names. */
  readonly places: Map<string, Layer>;
  /** Why it cannot be done. */
  readonly problems: string[];
  /** What names did not say, and how it was taken. */
  readonly assumed: string[];
}

/** Sorts layers by the numbers in their names; nothing where two have the same. */
export function inOrder(layers: readonly Layer[]): Layer[] | undefined {
  const sorted = layers.toSorted(byNumbers);
  const isClear = sorted.every((layer, i) =>
    i === 0 || byNumbers(sorted[i - 1], layer) < 0
  );
  return isClear ? sorted : undefined;
}

/** Gives layers these places, in the order of the numbers in their names. */
export function fill(
  what: string,
  names: readonly string[],
  found: readonly Layer[],
  { places, problems }: Placed,
): void {
  const sorted = inOrder(found);
  if (found.length !== names.length) {
    problems.push(
      `it has ${count(found.length, what)}, not ${names.length}` +
        (found.length > 0 ? ` (${describe(found.toSorted(byNumbers))})` : ""),
    );
  } else if (!sorted) {
    problems.push(
      `the order of its ${what}s is not clear (${describe(found)})`,
    );
  } else names.forEach((name, i) => places.set(name, sorted[i]));
}

export function describe(layers: readonly Layer[]): string {
  const shown = layers.slice(0, 6)
    .map(({ path, shape }) =>
      `${display(join(path, "weight"))} ${showSizes(shape)}`
    );
  if (layers.length > shown.length) {
    shown.push(`and ${layers.length - shown.length} more`);
  }
  return shown.join(", ");
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
