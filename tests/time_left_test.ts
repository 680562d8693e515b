import { assertEquals } from "@std/assert";
import { Stages } from "../tasks/shared/time_left.ts";

Deno.test("Stages says what is left, and once what a long stage will take", () => {
  const lines: string[] = [];
  const stages = new Stages(
    {
      update: (_, text) => lines.push(text),
      clear: () => lines.push("clear"),
    },
    (stage, time) => lines.push(`${stage} takes ${time}`),
  );
  stages.update("encoding", 0.5, 0);
  stages.update("sampling", 0.001, 1000);
  stages.update("sampling", 0.01, 2000);
  stages.update("sampling", 0.02, 3000);
  stages.update("sampling", 0.5, 51_000);
  stages.update("probe", 0.1, 52_000);
  stages.update("probe", 0.5, 54_000);
  assertEquals(lines, [
    "encoding 50 %",
    "sampling 0 %",
    "sampling 1 %",
    "clear",
    "sampling takes 1 min 40 s",
    "sampling 2 %  1 min 38 s left",
    "sampling 50 %  50 s left",
    "probe 10 %",
    "probe 50 %  2 s left",
  ]);
});
