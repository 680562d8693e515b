/// <reference lib="dom" />
/**
 * The lessons: which is open, what it shows, and how it is read or printed.
 *
 * @module
 */
import { byId, make, onClick, prefersStillness } from "./dom.ts";
import { tell } from "./language.ts";

let current: number | null = null;
const listeners: (() => void)[] = [];

/** The lesson that is open, from 1, or null. */
export function lesson(): number | null {
  return current;
}

/** Runs when another lesson is open, or none. */
export function onLesson(listener: () => void): void {
  listeners.push(listener);
}

/** Opens a lesson, or closes what is open. */
export function openLesson(n: number | null): void {
  current = n;
  byId("lessons").toggleAttribute("data-open", n !== null);
  byId("lesson-moves").hidden = n === null;
  byId<HTMLDetailsElement>("teach").open = n === null && hasRoom();
  byId<HTMLButtonElement>("lesson-before").disabled = n === 1;
  byId<HTMLButtonElement>("lesson-after").disabled = n === steps().length;
  for (const button of steps()) {
    const isOpen = Number(button.dataset.lesson) === n;
    button.ariaCurrent = isOpen ? "step" : null;
    byId(`lesson-${button.dataset.lesson}`).hidden = !isOpen;
  }
  forgetShown();
  listeners.forEach((listener) => listener());
}

/** Starts them, and what is beside them: large type, and paper. */
export function startLessons(): void {
  for (const button of steps()) {
    const n = Number(button.dataset.lesson);
    button.addEventListener("click", () => go(n === current ? null : n));
  }
  for (
    const button of document.querySelectorAll<HTMLElement>("[data-place]")
  ) {
    button.addEventListener("click", () => show(current!, button));
  }
  openLesson(current);
  onClick("lesson-before", () => go(current! - 1));
  onClick("lesson-after", () => go(current! + 1));
  onClick("lesson-close", () => {
    go(null);
    steps()[0].focus();
  });
  onClick("print-lessons", () => print());
  onClick("show-plan", () => {
    focusOn(byId("h-teachers"));
    byId("teachers").scrollIntoView(manner());
  });
  // An answer below the edge would look as if there were none.
  byId("lessons").addEventListener("toggle", ({ target }) => {
    const answer = target as HTMLDetailsElement;
    if (!answer.open || !answer.querySelector("[data-text*=question]")) return;
    answer.scrollIntoView({ ...manner(), block: "nearest" });
  }, { capture: true });
  const large = byId("large-type");
  large.ariaPressed = "false";
  large.addEventListener("click", () => {
    const isLarge = document.documentElement.toggleAttribute("data-large");
    large.ariaPressed = String(isLarge);
  });
}

/** Whether the lessons have a rail to themselves. */
function hasRoom(): boolean {
  return getComputedStyle(byId("lessons")).position === "sticky";
}

function steps(): HTMLButtonElement[] {
  return [...document.querySelectorAll<HTMLButtonElement>("[data-lesson]")];
}

/** Opens a lesson for who asked for it, at its beginning. */
function go(n: number | null): void {
  openLesson(n);
  if (n === null) return;
  byId(`h-lesson-${n}`).focus({ preventScroll: true });
  byId("lessons").scrollTop = 0;
  if (byId("lessons").getBoundingClientRect().top < 0) scrollToLessons();
}

/**
 * Brings what a button of a lesson stands for into view, its section marked, with
 * the lesson's task above it where the lesson itself has no room beside it.
 */
function show(n: number, button: HTMLElement): void {
  forgetShown();
  const part = byId(button.dataset.place!);
  const section = part.closest("section")!;
  section.classList.add("shown");
  const back = tell(make("button", { type: "button" }), "lessons.back");
  back.addEventListener("click", () => go(n));
  const task = make(
    "div",
    { className: "task" },
    tell(make("h3"), "lessons.do"),
    tell(make("p"), `lessons.do${n}`),
    make(
      "details",
      {},
      tell(make("summary"), "lessons.see"),
      tell(make("p"), `lessons.see${n}`),
    ),
    back,
  );
  const heading = byId(section.getAttribute("aria-labelledby")!);
  if (part === heading) part.after(task);
  else part.before(task);
  focusOn(heading);
  // From its beginning on if all of the part is on the screen then.
  const { scrollPaddingTop } = getComputedStyle(document.documentElement);
  const room = innerHeight - (parseFloat(scrollPaddingTop) || 0);
  const height = part.getBoundingClientRect().bottom -
    section.getBoundingClientRect().top;
  const first = task.checkVisibility() ? task : part;
  (height <= room ? section : first).scrollIntoView(manner());
}

function forgetShown(): void {
  document.querySelector(".shown")?.classList.remove("shown");
  document.querySelector(".task")?.remove();
}

/** Keyboard and screen reader go on from there, too. */
function focusOn(heading: HTMLElement): void {
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function scrollToLessons(): void {
  byId("lessons").scrollIntoView(manner());
}

function manner(): ScrollIntoViewOptions {
  return { behavior: prefersStillness() ? "auto" : "smooth", block: "start" };
}
