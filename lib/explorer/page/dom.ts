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

/** Says it in the line below the digit, and to a screen reader. */
export function say(text: string): void {
  byId("status").textContent = text;
}

/** Whether the reader has asked for less motion. */
export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
