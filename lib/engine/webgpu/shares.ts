/**
 * Programs whose workgroups share out different work that needs no order, so
 * that it costs one dispatch.
 *
 * @module
 */
import { type Binding, type Program, program } from "./program.ts";

/** What some of a program's workgroups do. */
export interface Share {
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Workgroups that it takes for a batch of so many images. */
  readonly groups: (images: number) => number;
  /** Functions and workgroup variables; what two shares have stands once. */
  readonly globals?: readonly string[];
  /** Statements; `own` numbers the share's workgroups. */
  readonly main: string;
  /** Multiplications and additions for one image, where they count. */
  readonly flops?: number;
}

/** A share whose number of workgroups is the same for each batch. */
export interface FixedShare extends Omit<Share, "groups"> {
  readonly groups: number;
}

/** Makes one program of a main share and of others. */
export function sharedOut(
  name: string,
  threads: number,
  main: Share,
  others: readonly FixedShare[],
): Program {
  let first = 0;
  const before = others.map((share) => {
    const code = `if (group.x < ${first + share.groups}u) {
    let own = group.x - ${first}u;
    ${share.main}
    return;
  }`;
    first += share.groups;
    return code;
  });
  const all = [main, ...others];
  return program({
    name,
    threads,
    bindings: joined(...all.map(({ bindings }) => bindings)),
    grid: (images) => [first + main.groups(images)],
    flops: all.reduce((sum, { flops = 0 }) => sum + flops, 0),
    globals: [...new Set(all.flatMap(({ globals = [] }) => globals))].join(
      "\n",
    ),
    main: `
  ${before.join("\n  ")}
  let own = group.x - ${first}u;
  ${main.main}`,
  });
}

/** Joins bindings by their names; where one of a name writes, it is that. */
export function joined(
  ...all: Readonly<Record<string, Binding>>[]
): Record<string, Binding> {
  const result: Record<string, Binding> = {};
  for (const [name, binding] of all.flatMap((each) => Object.entries(each))) {
    if (result[name]?.access !== "read_write") result[name] = binding;
  }
  return result;
}
