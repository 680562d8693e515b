/** What some tests need of the system. Where it lacks that, they are ignored. */
const { os } = Deno.build;

function isMissing(what: string, systems: readonly string[]): boolean {
  if (systems.includes(os)) return false;
  console.log(`skipping the tests that need ${what}: this is ${os}`);
  return true;
}

/** Windows ends a process that is sent a signal; none of its handlers runs. */
export const signalsAreMissing = isMissing("signals", ["linux", "darwin"]);

/** Named pipes, bash's limits, permission bits, links to what is not there. */
export const posixIsMissing = isMissing("POSIX", ["linux", "darwin"]);

/** Linux's /proc, its full disk in /dev, and the desktop's xdg-open. */
export const linuxIsMissing = isMissing("Linux", ["linux"]);

/** A text with the paths in it as they are on most systems, with slashes. */
export function slashed(text: string): string {
  return os === "windows" ? text.replaceAll(/\\{1,2}/g, "/") : text;
}
