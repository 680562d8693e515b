/** The tasks, as deno.json lists them: all that its lines and exports name. */
import config from "../deno.json" with { type: "json" };
import type { Task } from "../tasks/shared/cli.ts";

type Exported = keyof typeof config.exports extends infer Path
  ? Path extends `./${infer Name}` ? Name : never
  : never;

/** The name of a task that is exported and has a line. */
export type TaskName = Exported & keyof typeof config.tasks;

/** Every exported task by its name. */
export const tasks: ReadonlyMap<TaskName, Task> = new Map(
  await Promise.all(
    Object.entries(config.exports)
      .filter(([, module]) => module.startsWith("./tasks/"))
      .map(async ([path, module]): Promise<[TaskName, Task]> => [
        path.slice(2) as TaskName,
        (await import(new URL(`../${module}`, import.meta.url).href)).task,
      ]),
  ),
);
