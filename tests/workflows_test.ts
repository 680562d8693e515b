/**
 * What GitHub runs: the commands are such as there are, the files and jobs that
 * a workflow names exist, and none has more rights than it needs.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { checkCommand } from "./commands.ts";

const ROOT = new URL("../", import.meta.url);
const FOLDER = new URL(".github/workflows/", ROOT);

const workflows = new Map(
  [...Deno.readDirSync(FOLDER)].map(({ name }) => [
    name,
    Deno.readTextFileSync(new URL(name, FOLDER)),
  ]),
);

/** The lines of the steps' commands. */
function commands(text: string): string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, i) => {
    const [, indent, command] = line.match(/^( *)(?:- )?run: (.+)$/) ?? [];
    if (command !== "|") return command ?? [];
    const end = lines.findIndex((next, j) =>
      j > i && next !== "" && next.search(/\S/) <= indent.length
    );
    return lines.slice(i + 1, end).map((line) => line.trim());
  });
}

for (const [name, text] of workflows) {
  Deno.test(`${name} runs commands that there are`, async () => {
    const lines = commands(text);
    assertGreater(lines.length, 0);
    for (const line of lines) {
      checkCommand(line);
      for (const [path] of line.matchAll(/(?<=^|\s)(\.ci|tasks|tests)\/\S+/g)) {
        await Deno.stat(new URL(path, ROOT));
      }
    }
  });

  Deno.test(`${name} names jobs, workflows and versions of actions`, async () => {
    const jobs = [...text.matchAll(/^ {2}([\w-]+):$/gm)].map(([, job]) => job);
    for (const [, needs] of text.matchAll(/^ {4}needs: \[?(.+?)\]?$/gm)) {
      for (const job of needs.split(", ")) assert(jobs.includes(job), job);
    }
    for (const [, used] of text.matchAll(/^ +(?:- )?uses: (\S+)$/gm)) {
      if (used.startsWith("./")) await Deno.stat(new URL(used, ROOT));
      else assert(/^[\w-]+\/[\w-]+@v\d+$/.test(used), used);
    }
  });

  Deno.test(`${name} gives no right to all of its jobs but to read`, () => {
    const [, rights] = text.match(/^permissions:\n((?: {2}.+\n)+)/m) ?? [];
    assertEquals(rights, "  contents: read\n");
  });
}

Deno.test("pages.yml publishes what a release has, where the README says", async () => {
  const pages = workflows.get("pages.yml")!;
  const release = workflows.get("release.yml")!;
  // Those who call a workflow must give it what its jobs have.
  const rightsIn = (text: string) =>
    [...text.matchAll(/^ {6}([\w-]+): (read|write)$/gm)].map(([, right, of]) =>
      `${right}: ${of}`
    );
  const [, call] = release.split(/^ {2}pages:$/m);
  assert(call.includes("uses: ./.github/workflows/pages.yml"));
  const given = new Set(rightsIn(call));
  for (const right of rightsIn(pages)) {
    assert(
      given.has(right) || given.has(right.replace("read", "write")),
      right,
    );
  }
  const models = await Deno.readTextFile(
    new URL("tasks/shared/models.ts", ROOT),
  );
  const [, owner, name] = models.match(
    /"https:\/\/github\.com\/([\w-]+)\/([\w-]+)\/releases\/download"/,
  )!;
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const opening = readme.split("\n").slice(0, 20).join("\n");
  assert(opening.includes(`(https://${owner}.github.io/${name}/)`));
});
