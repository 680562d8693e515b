/** The part of `@std/cli/parse-args` that this project uses. */
export interface ParseOptions {
  string?: readonly string[];
  boolean?: readonly string[];
  collect?: readonly string[];
  negatable?: readonly string[];
  alias?: Record<string, string | readonly string[]>;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export interface Args {
  _: (string | number)[];
  [key: string]: unknown;
}

export declare function parseArgs(
  args: readonly string[],
  options?: ParseOptions,
): Args;
