import { assertEquals } from "@std/assert";
import { Seldom } from "../tasks/shared/seldom.ts";

Deno.test("Seldom shows the first, then none too soon, and at the end the last", () => {
  let now = 0;
  const shown: number[] = [];
  const seldom = new Seldom(1000, () => now);
  for (const time of [0, 400, 999, 1000, 1500, 2100, 2200]) {
    now = time;
    seldom.show(() => shown.push(time));
  }
  assertEquals(shown, [0, 1000, 2100]);
  seldom.end();
  seldom.end();
  assertEquals(shown, [0, 1000, 2100, 2200]);
});

Deno.test("Seldom shows all without an interval", () => {
  let count = 0;
  const seldom = new Seldom(0, () => 5);
  for (let i = 0; i < 3; i++) seldom.show(() => count++);
  assertEquals(count, 3);
});
