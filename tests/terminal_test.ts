import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { showDigits } from "../tasks/shared/terminal.ts";
import { withReplaced } from "./replaced.ts";

/** Four digits: black, two greys and white. */
const DIGITS = Float32Array.from(
  { length: 4 * 784 },
  (_, i) => Math.floor(i / 784) / 3,
);

/** What is shown of the digits on such a terminal. */
async function shown(
  isTerminal: boolean,
  noColor: boolean,
  columns = 80,
): Promise<string> {
  const lines: string[] = [];
  const terminal = { noColor, consoleSize: () => ({ columns }) };
  const writeSync = (bytes: Uint8Array) => {
    lines.push(new TextDecoder().decode(bytes).replace(/\n$/, ""));
    return bytes.length;
  };
  await withReplaced(
    Deno.stderr,
    { isTerminal: () => isTerminal, writeSync },
    () => withReplaced(Deno, terminal, () => showDigits(DIGITS)),
  );
  assertEquals(lines.length, 1);
  return lines[0];
}

/** Begins a colour. */
// deno-lint-ignore no-control-regex
const COLOR = /\x1b\[/;

Deno.test("showDigits() shows greys on a terminal, unless NO_COLOR is set", async () => {
  assertMatch(await shown(true, false), COLOR);
  assertNotMatch(await shown(true, true), COLOR);
  assertNotMatch(await shown(false, false), COLOR);
});

Deno.test("showDigits() leaves out digits in the middle where not all fit", async () => {
  const [first] = (await shown(true, true, 80)).split("\n");
  // Digits of 14 characters with a space between them; the last two are light.
  assertEquals(first, [" ", " ", "█", "█"].map((c) => c.repeat(14)).join(" "));
  const [fewer] = (await shown(true, true, 30)).split("\n");
  assertEquals(fewer, [" ", "█"].map((c) => c.repeat(14)).join(" "));
});
