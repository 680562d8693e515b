/**
 * What was probably meant by a mistyped name.
 *
 * @module
 */

/**
 * Finds the name that a mistyped one is nearest to.
 *
 * @param typed What was typed: its capitals and underscores count as dashes.
 * @param names The names that there are, in kebab-case.
 * @returns Nothing if none is near.
 */
export function suggest(
  typed: string,
  names: readonly string[],
): string | undefined {
  const word = typed.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)
    .replaceAll("_", "-");
  const near = names.map((name) => ({
    name,
    // The first words of a name are nearer than its last, and these nearer than
    // one wrong letter. Half a word, or a word and more, is as near as that.
    distance: name.startsWith(`${word}-`)
      ? 0
      : word.length > 2 && name.endsWith(`-${word}`)
      ? 0.5
      : begins(word, name) && name !== word
      ? 1
      : editDistance(word, name),
  })).filter(({ name, distance }) => distance <= Math.ceil(name.length / 4));
  return near.sort((a, b) => a.distance - b.distance)[0]?.name;
}

/** Says whether one begins with the other, or with the other's first part. */
function begins(word: string, name: string): boolean {
  const [part] = name.split("-");
  return word.length > 2 && part.length > 2 &&
    (name.startsWith(word) || word.startsWith(part));
}

/**
 * Counts the letters to insert, delete, replace or swap with their neighbour:
 * the optimal string alignment distance.
 */
function editDistance(a: string, b: string): number {
  const rows = Array.from(
    { length: a.length + 1 },
    (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i === 0 ? j : i),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      rows[i][j] = Math.min(
        rows[i - 1][j] + 1,
        rows[i][j - 1] + 1,
        rows[i - 1][j - 1] + (isSame ? 0 : 1),
      );
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] &&
        a[i - 2] === b[j - 1];
      if (isSwap) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}
