import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { showDigits } from "../tasks/shared/terminal.ts";

/** Four digits: black, two greys and white. */
const DIGITS = Float32Array.from(
  { length: 4 * 784 },
  (_, i) => Math.floor(i / 784) / 3,
);

/** Runs `work` with properties of an object replaced. */
function withReplaced(
  target: object,
  values: Record<string, unknown>,
  work: () => void,
): void {
  const originals = Object.keys(values).map((name) =>
    [name, Object.getOwnPropertyDescriptor(target, name)] as const
  );
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, { value, configurable: true });
  }
  try {
    work();
  } finally {
    for (const [name, original] of originals) {
      if (original) Object.defineProperty(target, name, original);
      else delete (target as Record<string, unknown>)[name];
    }
  }
}

/** What is shown of the digits on such a terminal. */
function shown(isTerminal: boolean, noColor: boolean, columns = 80): string {
  const lines: string[] = [];
  const error = (line: string) => lines.push(line);
  withReplaced(Deno.stderr, { isTerminal: () => isTerminal }, () => {
    withReplaced(Deno, { noColor, consoleSize: () => ({ columns }) }, () => {
      withReplaced(console, { error }, () => showDigits(DIGITS));
    });
  });
  assertEquals(lines.length, 1);
  return lines[0];
}

/** Begins a colour. */
// deno-lint-ignore no-control-regex
const COLOR = /\x1b\[/;

Deno.test("showDigits() shows greys on a terminal, unless NO_COLOR is set", () => {
  assertMatch(shown(true, false), COLOR);
  assertNotMatch(shown(true, true), COLOR);
  assertNotMatch(shown(false, false), COLOR);
});

Deno.test("showDigits() leaves out digits in the middle where not all fit", () => {
  const [first] = shown(true, true, 80).split("\n");
  // Digits of 14 characters with a space between them; the last two are light.
  assertEquals(first, [" ", " ", "█", "█"].map((c) => c.repeat(14)).join(" "));
  const [fewer] = shown(true, true, 30).split("\n");
  assertEquals(fewer, [" ", "█"].map((c) => c.repeat(14)).join(" "));
});
