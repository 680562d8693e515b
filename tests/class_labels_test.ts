import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { classesOf, readClasses } from "../lib/dataset/class_labels.ts";
import { naturally } from "../lib/dataset/natural_order.ts";
import { FormatError } from "../lib/formats/error.ts";
import { inFolder } from "./folder.ts";

Deno.test("naturally() counts as a person does", () => {
  const names = ["a", "B", "a2", "a10", "a1b", "10", "9", "010", "", "a01"];
  assertEquals(
    names.toSorted(naturally),
    ["", "9", "010", "10", "B", "a", "a01", "a1b", "a2", "a10"],
  );
  for (const a of names) {
    for (const b of names) {
      assertEquals(Math.sign(naturally(a, b)), -Math.sign(naturally(b, a)) + 0);
      assertEquals(naturally(a, b) === 0, a === b);
    }
  }
});

Deno.test("classesOf() numbers labels from 0, with their names", () => {
  const cases: [
    (number | string)[],
    string[] | undefined,
    string[],
    number[],
  ][] = [
    [[5, 3, 10, 3], undefined, ["3", "5", "10"], [1, 0, 2, 0]],
    [["10", "9"], undefined, ["9", "10"], [1, 0]],
    [["pig", "ant"], undefined, ["ant", "pig"], [1, 0]],
    [["c10", "c9"], undefined, ["c9", "c10"], [1, 0]],
    [["pig", "ant"], ["pig", "ant", "bee"], ["pig", "ant", "bee"], [0, 1]],
    // By value where there is a class of that number, else by rank.
    [[2, 0], ["a", "b", "c"], ["a", "b", "c"], [2, 0]],
    [[1, 2, 3], ["a", "b", "c"], ["a", "b", "c"], [0, 1, 2]],
    [["01", "2"], ["a", "b", "c"], ["a", "b", "c"], [1, 2]],
    [[-1, 1], ["no", "yes"], ["no", "yes"], [0, 1]],
    // Composed characters, as macOS takes those of files apart.
    [["u\u0308", "b"], undefined, ["b", "\u00fc"], [1, 0]],
    [["u\u0308", "\u00fc"], ["\u00fc"], ["\u00fc"], [0, 0]],
    // A number that is a name means that.
    [[1, 2], ["1", "2", "3"], ["1", "2", "3"], [0, 1]],
  ];
  for (const [labels, names, expected, numbers] of cases) {
    const classes = classesOf(labels, names);
    assertEquals(classes.names, expected);
    assertEquals(labels.map(classes.labelOf), numbers);
  }
});

Deno.test("classesOf() refuses labels that are none or that do not match", () => {
  const many = Array.from({ length: 300 }, (_, i) => i);
  const cases: [(number | string)[], string[] | undefined, string][] = [
    [[0.5], undefined, "0.5 is no label of a class"],
    [[2 ** 60], undefined, "1152921504606846976 is larger than labels may be"],
    [["01", "1"], undefined, "the labels 01 and 1 are the same number"],
    [["0", "01", "1"], ["a", "b"], "the labels 01 and 1 are the same number"],
    [[NaN], undefined, "NaN is no label of a class"],
    [["a", ""], undefined, "is no label of a class"],
    [many, undefined, "300 different labels (0, 1, … 299), and at most 256"],
    [
      [0, 4],
      ["a", "b", "c"],
      "2 different labels (0, 4) and 3 names (a, b, c)",
    ],
    [[0, 1, 2, 3], ["a", "b"], "4 different labels (0, 1, … 3) and 2 names"],
    [["a", "x"], ["a", "b"], "labels and names of classes do not match"],
    [[0], ["a", "a"], "two classes are called a"],
    [[0], ["a", ""], "name 2 of 2 class names is empty"],
    [[0], many.map(String), "300 names of classes are more than the 256"],
  ];
  for (const [labels, names, message] of cases) {
    assertThrows(() => classesOf(labels, names), FormatError, message);
  }
});

Deno.test("readClasses() takes names with commas, or a file with one a line", () =>
  inFolder(async (folder) => {
    assertEquals(await readClasses("a, b c ,d"), ["a", "b c", "d"]);
    const file = join(folder, "names.txt");
    await Deno.writeTextFile(file, "\uFEFFa\r\nb, c\r\n\r\n");
    assertEquals(await readClasses(file), ["a", "b, c"]);
    for (
      const [text, message] of [
        ["", "name 1 of 1 class name is empty"],
        ["a\n\nb", "name 2 of 3 class names is empty"],
        ["a\nb\na", "two classes are called a"],
        ["a".repeat(2 ** 20 + 1), "no list of 256 names"],
      ]
    ) {
      await Deno.writeTextFile(file, text);
      await assertRejects(() => readClasses(file), FormatError, message);
    }
    await assertRejects(
      () => readClasses("a,,b"),
      FormatError,
      "name 2 of 3 class names is empty",
    );
  }));
