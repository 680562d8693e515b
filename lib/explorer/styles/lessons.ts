/**
 * How the lessons and the plan for teachers look.
 *
 * @module
 */

/** The lessons, what they point at, and the plan. */
export const LESSONS_STYLE = `
.lessons { background: var(--paper); border: 1px solid var(--line);
  border-radius: 10px; padding: 1rem 1.25rem; margin: 1.25rem 0; }
.lessons h2 { font-size: 1.25rem; margin: 0 0 0.5rem; }
.steps { list-style: none; display: flex; flex-wrap: wrap; gap: 0.4rem;
  margin: 0; padding: 0; }
.steps button { display: flex; gap: 0.75rem; align-items: center;
  text-align: left; border-radius: 999px; padding: 0.15rem 0.9rem 0.15rem 0.15rem; }
.steps b { flex: none; width: 1.9rem; line-height: 1.9rem; text-align: center;
  border-radius: 50%; font-weight: 600; color: var(--accent); }
.steps [aria-current] { border-color: var(--accent); }
.steps [aria-current] b { background: var(--accent); color: var(--on-accent); }
.lessons[data-open] .steps button { padding: 0.15rem; }
.lessons[data-open] .steps span { position: absolute; width: 1px; height: 1px;
  overflow: hidden; clip-path: inset(50%); }
.lessons .column { display: contents; }
.intro { color: var(--pale); font-size: 0.9rem; margin: 0.75rem 0 0; }
.lessons[data-open] .intro { display: none; }
.lesson { margin-top: 1rem; font-size: 0.95rem; line-height: 1.5; }
.lesson h3 { font: 500 1.3rem/1.25 "Iowan Old Style", "Palatino Linotype",
  Palatino, "Noto Serif", Georgia, serif; margin: 0 0 0.5rem; }
.lesson h3 b { font-weight: 500; color: var(--accent); margin-right: 0.35em; }
.lesson h4, section .task h3 { margin: 0; font-size: 0.8rem; font-weight: 600;
  letter-spacing: 0.06em; color: var(--accent); }
.lesson p { margin: 0 0 0.75rem; }
.lesson .tools { margin: 0 0 0.75rem; }
.lessons details p { margin: 0.4rem 0 0.6rem; }
.lessons summary { cursor: pointer; }
.lesson summary { font-weight: 600; }
#lesson-moves { margin-top: 1rem; padding-top: 0.75rem;
  border-top: 1px solid var(--line); }
#lesson-moves { gap: 0.4rem; }
#lesson-moves button { padding: 0.25rem 0.65rem; }
#lesson-moves #lesson-close { margin-right: auto; }
.lessons .teach { margin-top: 1rem; font-size: 0.9rem; color: var(--pale); }
.lessons .note { margin: 0.75rem 0 0; font-size: 0.9rem; color: var(--pale); border-left: 3px solid var(--second);
  padding-left: 0.75rem; }
.lessons .note:empty { display: none; }
:root[data-large] .lessons :is(.intro, .teach, .words) { display: none; }
.on-paper { display: none; }
section.shown { border-radius: 4px; border-color: transparent;
  outline: 2px solid var(--accent); outline-offset: 0.75rem; }
.task, .task + * { scroll-margin-top: 0.75rem; }
.task { margin: 0 0 1rem; padding: 0.75rem 1rem; background: var(--paper);
  border: 1px solid var(--accent); border-radius: 8px; }
.task p { margin: 0 0 0.5rem; }
.task details { margin: 0 0 0.5rem; }
.task summary { cursor: pointer; font-size: 0.8rem; font-weight: 600;
  letter-spacing: 0.06em; color: var(--accent); }
@container page (min-width: 30rem) {
  .task { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; }
  .task > p { flex: 1 1 20rem; margin: 0; }
  .task > details { margin: 0; }
  .task > details[open] { flex-basis: 100%; order: 1; }
}
.words { margin-top: 0.75rem; font-size: 0.9rem; }
.words summary { color: var(--pale); }
.words dl { margin: 0.5rem 0 0; max-width: 42rem; }
.words dt { font-weight: 600; }
.words dd { margin: 0 0 0.5rem; color: var(--pale); }
.teachers table { border-collapse: collapse; width: 100%; margin: 0 0 1rem;
  font-size: 0.95rem; }
.teachers caption { text-align: left; color: var(--pale); padding-bottom: 0.5rem; }
.teachers :is(th, td) { text-align: left; vertical-align: top;
  padding: 0.5rem 1rem 0.5rem 0; border-top: 1px solid var(--line); }
.teachers thead th { border: 0; padding-top: 0; font-size: 0.85rem;
  color: var(--pale); font-weight: 600; }
.teachers tbody th { white-space: nowrap; font-weight: 600;
  font-variant-numeric: tabular-nums; }
.teachers { border: 0; margin: 0; }

@container page (min-width: 76rem) {
  .lessons { position: sticky; top: 0; height: 100vh; overflow: auto;
    align-self: start; margin: 0; padding: 1.5rem 1.25rem 2rem;
    border-width: 0 1px 0 0; border-radius: 0; }
  /* What is read scrolls between what it is turned with. */
  .lessons[data-open] { display: flex; flex-direction: column;
    overflow: hidden; padding-bottom: 1rem; }
  .lessons[data-open] > * { flex: none; }
  .lessons[data-open] .lesson { flex: 0 1 auto; overflow: auto;
    scrollbar-width: thin; margin-right: -1rem; padding-right: 1rem; }
  .lessons[data-open] > .note { margin-bottom: 0; }
  .lessons[data-open] .words { overflow: auto; flex: 0 1 auto; min-height: 2rem; }
  .lessons[data-open] .words[open] { flex: 0 0 40%; }
  .lessons[data-open] .teach { display: none; }
  .lessons:not([data-open]) .steps { display: block; }
  .lessons:not([data-open]) .steps button { width: 100%; border-color: transparent;
    margin: 0 0 0.15rem -0.4rem; font-size: 1rem; background: none; }
  .task { display: none; }
}
/* On a low screen the next lesson is at hand while this one is read. */
@media (min-height: 34rem) and (max-height: 50rem) {
  #lesson-moves { position: sticky; bottom: 0; padding-bottom: 0.5rem;
    background: var(--paper); }
}
@media (max-height: 50rem) and (min-width: 76rem) {
  .lessons[data-open] { padding-top: 1rem; padding-bottom: 0.5rem; }
  .lessons[data-open] .words { margin-top: 0.4rem; }
  .lessons[data-open] h2 { position: absolute; width: 1px; height: 1px;
    overflow: hidden; clip-path: inset(50%); }
  .lesson { margin-top: 0.75rem; font-size: 0.875rem; line-height: 1.4; }
  .lesson h3 { font-size: 1.2rem; margin-bottom: 0.35rem; }
  .lesson p { margin-bottom: 0.5rem; }
  .lesson .tools { margin-bottom: 0.5rem; }
  .lesson .tools button { min-height: 2rem; }
  #lesson-moves { margin-top: 0.5rem; padding-top: 0.5rem; }
}
@container page (max-width: 76rem) {
  .lessons:not([data-open]) .steps span { position: absolute; width: 1px;
    height: 1px; overflow: hidden; clip-path: inset(50%); }
  .lessons:not([data-open]) .steps button { padding: 0.15rem; }
  .lessons:not([data-open]) { display: flex; flex-wrap: wrap;
    align-items: center; gap: 0.5rem 1.5rem; }
  .lessons:not([data-open]) :is(h2, .teach, .words) { margin: 0; }
  .lessons:not([data-open]) .intro { display: none; }
  .lessons :is(.teach, .words)[open] { flex-basis: 100%; }
  :root[data-large] .lesson p { max-width: none; }
  :root[data-large] .lesson { font-size: 0.85rem; line-height: 1.4; }
}
@container page (max-width: 52rem) {
  .lessons { padding: 0.75rem 1rem; }
  .teachers thead { display: none; }
  .teachers :is(tr, th, td) { display: block; }
  .teachers tr { border-top: 1px solid var(--line); padding: 0.5rem 0; }
  .teachers :is(th, td) { border: 0; padding: 0.1rem 0; }
}
`;
