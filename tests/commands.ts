/** Commands as documents and workflows write them, checked as tasks do. */
import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { parseFlags } from "../tasks/shared/flags.ts";
import { type TaskName, tasks } from "./tasks.ts";

/**
 * Parses the options of a line that starts a task, as the task does.
 *
 * @returns Whether it starts one.
 * @throws If there is no such task, or it does not take them.
 */
export function checkCommand(line: string): boolean {
  const [, name, rest = ""] = line.match(/\bdeno\S* task ([\w:]+)( .*)?$/) ??
    line.match(
      /\bdeno run (?:--allow-\S+ )*jsr:@vae\/mnist\/([\w-]+)( .*)?$/,
    ) ?? [];
  if (!name) return false;
  const [own] = rest.split(/ [|>] /); // what follows is the shell's
  const words = own.split(" ").filter((word) => word !== "");
  try {
    const lines: Record<string, string> = config.tasks;
    assert(name in lines, `there is no task ${name}`);
    if (words.length === 0) return true; // it is only named
    const task = tasks.get(name as TaskName);
    if (task) parseFlags(task.options, words);
    else assertEquals(words, [], `${name} takes no options`);
  } catch (error) {
    throw new Error(`there is no such command: \`${line}\``, { cause: error });
  }
  return true;
}
