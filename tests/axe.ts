/** axe-core in a page: what it finds amiss, by the rules of WCAG 2.2 A and AA. */
import axe from "axe-core";
import { assertEquals, assertGreater } from "@std/assert";

/** The rules, with axe's own on what is no criterion but good practice. */
const TAGS = [
  ...["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  "best-practice",
];

interface Rule {
  readonly id: string;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly failureSummary?: string;
  }[];
}

/** Evaluates an expression in a page. */
type Evaluate = <T>(expression: string) => Promise<T>;

/** What is amiss, a line for each element, and how many rules were tried. */
export async function findingsOf(
  evaluate: Evaluate,
): Promise<{ findings: string[]; tried: number }> {
  await evaluate<unknown>(
    `globalThis.axe?.version ?? (() => { ${axe.source}; })()`,
  );
  const { amiss, tried } = await evaluate<{ amiss: Rule[]; tried: number }>(
    `axe.run(document, {
      preload: false,
      runOnly: ${JSON.stringify(TAGS)},
    }).then(({ violations, incomplete, passes }) => ({
      amiss: [...violations, ...incomplete]
        .map(({ id, nodes }) => ({ id, nodes: nodes
          .map(({ target, failureSummary }) => ({ target, failureSummary })) })),
      tried: passes.length,
    }))`,
  );
  const findings = amiss.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) =>
      `${id}: ${target.join(" ")}: ${failureSummary}`
    )
  );
  return { findings, tried };
}

/** Holds a page to having nothing amiss, nor anything that axe cannot decide. */
export async function assertAccessible(
  evaluate: Evaluate,
  state: string,
): Promise<void> {
  const { findings, tried } = await findingsOf(evaluate);
  assertEquals(findings, [], state);
  assertGreater(tried, 40, `${state}: few rules were tried`);
}
