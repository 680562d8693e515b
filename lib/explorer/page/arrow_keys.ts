/// <reference lib="dom" />
/**
 * Arrow keys among buttons in a grid, which take one stop of the Tab key.
 *
 * @module
 */

/** The next one in the directions of the keys: of columns and of rows. */
const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Follows the arrow keys, Home and End in a grid, whatever is put into it. */
export function followArrows(grid: HTMLElement): void {
  const buttons = () => [...grid.querySelectorAll("button")];
  const stopAt = (stop?: Element) =>
    buttons().forEach((button) => button.tabIndex = button === stop ? 0 : -1);
  new MutationObserver(() => stopAt(buttons()[0]))
    .observe(grid, { childList: true });
  grid.addEventListener("focusin", ({ target }) => stopAt(target as Element));
  grid.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.indexOf(event.target as HTMLButtonElement);
    const columns =
      getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    const [right, down] = STEPS[event.key] ?? [0, 0];
    const to = event.key === "Home"
      ? all[0]
      : event.key === "End"
      ? all.at(-1)
      : all[at + right + down * columns];
    if (at < 0 || !to || to === event.target) return;
    event.preventDefault();
    to.focus();
  });
}
