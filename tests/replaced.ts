/** Runs `work` with properties of an object replaced. */
export async function withReplaced<T>(
  target: object,
  values: Record<string, unknown>,
  work: () => T | Promise<T>,
): Promise<T> {
  const originals = Object.keys(values).map((name) =>
    [name, Object.getOwnPropertyDescriptor(target, name)] as const
  );
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, { value, configurable: true });
  }
  try {
    return await work();
  } finally {
    for (const [name, original] of originals) {
      if (original) Object.defineProperty(target, name, original);
      else delete (target as Record<string, unknown>)[name];
    }
  }
}
