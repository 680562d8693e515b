import { assertEquals, assertThrows } from "@std/assert";
import { parseAmat, writeAmat } from "../lib/formats/amat.ts";
import { FormatError } from "../lib/formats/error.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("parseAmat() reads a row for each image, and writeAmat() writes it again", () => {
  const text = encode("0 1 1\n1 0 0\n");
  const pixels = parseAmat(text, 2, 3);
  assertEquals([...pixels], [0, 255, 255, 255, 0, 0]);
  assertEquals(writeAmat(pixels, 3), text);
  assertEquals(writeAmat(Uint8Array.of(1, 254, 255), 3), encode("? ? 1\n"));
});

Deno.test("parseAmat() names the first row that is none", () => {
  const cases = [
    ["", "it ends after row 0, and should have 2"],
    ["0 1 1\n", "it ends after row 1, and should have 2"],
    ["0 1 1\n1 0 0\n1 0 0\n", "it goes on after row 2"],
    ["0 1 1\n1 0 0", "row 2 is not 3 times 0 or 1 with a space between"],
    ["0 1\n1 0 0\n", "row 1 is not"],
    ["0 1 1 1\n1 0 0\n", "row 1 is not"],
    ["0 1 1\r\n1 0 0\r\n", "row 1 is not"],
    ["0 1 1\n1 0 2\n", "row 2 is not"],
    ["0 1 1\n1 0.5 0\n", "row 2 is not"],
    ["<html>", "row 1 is not"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parseAmat(encode(text), 2, 3), FormatError, message);
  }
});
