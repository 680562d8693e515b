import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { TaskError } from "../tasks/shared/cli.ts";
import {
  checkLabels,
  classesOf,
  classOf,
  labelOf,
  oneClass,
  pictureName,
  withinClass,
} from "../tasks/shared/model_classes.ts";

function model(classCount: number, classes?: string[]) {
  return { options: { classCount }, data: { ...classes && { classes } } };
}

const DOODLES = model(3, ["cat", "Größe", "7"]);

Deno.test("classOf() knows a class by its name before its number", () => {
  const label = (text: string) => classOf(DOODLES, text).label;
  assertEquals(
    ["cat", "CAT", "GRÖSSE", "größe", "2", "7"].map((text) =>
      labelOf(DOODLES, text, 3)
    ),
    [0, 0, undefined, 1, undefined, 2],
  );
  assertEquals(["CAT", "7"].map(label), [0, 2]);
  const words = model(12, ["cat", "Größe"]);
  assertEquals(
    ["0", "1", "01", "007", "11", "Gro\u0308ße"].map((text) =>
      labelOf(words, text, 12)
    ),
    [0, 1, undefined, undefined, 11, 1],
  );
  assertEquals(classOf(model(12), "11"), { label: 11, name: "11" });
  assertEquals(labelOf(model(0, ["a", "b"]), "b", 2), 1);
});

Deno.test("classOf() refuses what the model lacks, in a line that names what it has", () => {
  for (const text of ["dog", "3", "-1", "1.0", "", "0x1", "constructor"]) {
    const { message } = assertThrows(() => classOf(DOODLES, text), TaskError);
    assertEquals(
      message,
      `the model has no class ${text}: it has 0 cat, 1 Größe, 2 7`,
    );
  }
  const many = assertThrows(() => classOf(model(256), "x"), TaskError);
  assertEquals(many.message.length < 260, true);
  const evil = model(2, ["\x1b[31mred\n", "b"]);
  assertMatch(
    assertThrows(() => classOf(evil, "a\nb"), TaskError).message,
    /^the model has no class a\\u000ab: it has 0 \\u001b\[31mred\\u000a, 1 b$/,
  );
});

Deno.test("classOf() says how a model comes to be told of classes", () => {
  const { message } = assertThrows(
    () => classOf(model(0, ["cat", "dog"]), "cat"),
    TaskError,
  );
  assertMatch(
    message,
    /^--class cat is for .*`deno task train --conditional`$/,
  );
});

Deno.test("oneClass() refuses all classes, unless one is called so", () => {
  assertThrows(
    () => oneClass(DOODLES, "all"),
    TaskError,
    "--class all is for `deno task sample` alone, and one class is shown here: " +
      "choose from 0 cat, 1 Größe, 2 7",
  );
  assertEquals(oneClass(model(2, ["one", "all"]), "all")?.label, 1);
});

Deno.test("oneClass() is the first unless told otherwise, and none of none", () => {
  assertEquals(oneClass(DOODLES, null)!.label, 0);
  assertEquals(oneClass(DOODLES, "7")!.label, 2);
  assertEquals(oneClass(model(0, ["cat"]), null), null);
  assertEquals(classesOf(DOODLES).map(({ name }) => name), [
    ...["cat", "Größe", "7"],
  ]);
});

Deno.test("pictureName() cuts long names, and numbers those that would be boxes", () => {
  const name = (text: string) => pictureName(model(1, [text]), 0);
  assertEquals(name("ankle boot"), "ankle boot");
  assertEquals(name("naïve Łódź"), "naïve Łódź");
  assertEquals(name("日本語"), "0 日本語");
  assertEquals(name("a".repeat(25)), `${"a".repeat(23)}…`);
  assertEquals(name("a".repeat(24)), "a".repeat(24));
  assertEquals(name("\x1b[31mred\u202e"), "0 \ufffd[31mred\ufffd");
  assertEquals(name("👩\u200d👧"), "0 👩\u200d👧"); // one character as it is read
  assertEquals(name("\ud800"), "0 \ufffd");
  assertEquals(pictureName(model(1), 4), "4");
});

Deno.test("withinClass() pairs images of one class in their order", () => {
  const labels = Uint8Array.of(5, 6, 5, 6, 6, 7, 5, 5);
  const order = Uint32Array.of(7, 1, 5, 0, 2, 4, 3, 6);
  assertEquals([...withinClass(order, labels)], [7, 0, 1, 4, 2, 6]);
});

Deno.test("checkLabels() refuses images of no classes, or of others", () => {
  const check = (labels: number[] | null, classes?: string[]) => () =>
    checkLabels(
      DOODLES,
      { name: "doodles", ...classes && { classes } },
      { labels: labels && Uint8Array.from(labels) },
    );
  check([0, 2], ["cat", "Größe", "7"])();
  assertThrows(check(null), TaskError, "doodles has no labels");
  // A folder that is new comes between the others.
  assertThrows(
    check([0, 3], ["ant", "cat", "Größe", "7"]),
    TaskError,
    "has the classes 0 ant, 1 cat, 2 Größe, 3 7, and the model is told of 0 cat, " +
      "1 Größe, 2 7: bring the images back",
  );
  // Nobody knows the images of an imported model.
  assertThrows(
    () =>
      checkLabels(
        { ...DOODLES, data: { ...DOODLES.data, digest: null } },
        { name: "mnist", classes: ["0", "1"] },
        { labels: Uint8Array.of(0, 1) },
      ),
    TaskError,
    "import it with --images of its pictures or with their --dataset",
  );
  assertThrows(check([0, 3], ["cat", "Größe", "7", "x"]), TaskError);
  checkLabels(model(0), { name: "x" }, { labels: null });
  checkLabels(model(2), { name: "x" }, { labels: Uint8Array.of(0, 1) });
});
