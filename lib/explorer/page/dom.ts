/// <reference lib="dom" />
/**
 * Elements, and work that waits for the next frame.
 *
 * @module
 */

/** The element with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A new element with these properties, and these children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  // A browser must not restore what a control of another time held.
  if ("autocomplete" in element) element.autocomplete = "off";
  element.append(...children);
  return element;
}

/** Runs when the element with this id is clicked, or its key pressed. */
export function onClick(id: string, action: () => void): void {
  byId(id).addEventListener("click", action);
}

/**
 * Runs a task in the next frame. Asked for more often than that, or while it
 * still runs, it runs once more when it is done.
 */
export function inFrame(task: () => Promise<void> | void): () => void {
  let isWanted = false;
  let isRunning = false;
  const run = async () => {
    isRunning = true;
    try {
      while (isWanted) {
        await new Promise(requestAnimationFrame);
        isWanted = false;
        await task();
      }
    } finally {
      isRunning = false;
    }
  };
  return () => {
    isWanted = true;
    if (!isRunning) run();
  };
}

/** Milliseconds from one sentence to the next, at least. */
const BETWEEN = 500;
let saidAt = -Infinity;
let waiting: ReturnType<typeof setTimeout> | undefined;

/**
 * Says it in the line below the digit, and to a screen reader: the page's only
 * live region, as each would be read over the others. Of what is said in quick
 * succession the last is what counts.
 *
 * @param rest Milliseconds that nothing else must be said before it is.
 * @param isSeen Not where it stands elsewhere on the page, too.
 */
export function say(text: string, rest = 0, isSeen = true): void {
  clearTimeout(waiting);
  const put = () => {
    const status = byId("status");
    status.textContent = text;
    status.classList.toggle("unseen", !isSeen);
    if (text !== "") saidAt = performance.now();
  };
  const wait = Math.max(rest, saidAt + BETWEEN - performance.now());
  if (text === "" || wait <= 0) put();
  else waiting = setTimeout(put, wait);
}

/**
 * Forgets what was said as soon as the reader does something else. What comes of
 * that is said at once, unless a key is held down.
 */
export function followReader(): void {
  for (const type of ["pointerdown", "keydown"] as const) {
    addEventListener(type, (event) => {
      say("");
      if (!("repeat" in event && event.repeat)) saidAt = -Infinity;
    }, { capture: true });
  }
}

/** Whether the reader has asked for less motion. */
export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
