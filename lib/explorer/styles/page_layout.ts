/**
 * Where things stand: the lessons in a rail beside the page where it is wide,
 * above it where it is not. Widths are asked of the root as a container, whose rem
 * is that of the chosen type; a screen's would stay as it was.
 *
 * @module
 */

/** The layout, for base style and parts to stand in. */
export const LAYOUT_STYLE = `
html { container: page / inline-size; background: var(--page); }
@media (min-width: 100rem) { :root { font-size: 112.5%; } }
:root[data-large] { font-size: 150%; }
:root[data-large] :is(.lead, .now, footer, section > p:first-of-type) { display: none; }
:root[data-large] h1 { font-size: 1.5rem; }
body {
  margin: 0 auto; padding: 1.5rem 1.5rem 3rem; max-width: 76rem;
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif;
}
h1 { font-size: clamp(1.75rem, 4cqi, 2.25rem); margin: 0.5rem 0 0.4rem; }
.name { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center;
  max-width: none; margin: 0; font-size: 0.85rem; color: var(--pale);
  letter-spacing: 0.04em; }
.name > :first-child { margin-right: auto; }
.name :is(button, select) { min-height: 2rem; font-size: 0.85rem; }
button[aria-pressed="true"] { background: var(--accent);
  border-color: var(--accent); color: var(--on-accent); }
.lead { font-size: 1.0625rem; max-width: 54rem; margin: 0 0 0.4rem; }
.now { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center;
  margin: 0; color: var(--pale); font-size: 0.85rem; }
.now button { min-height: 1.75rem; padding: 0.05rem 0.6rem;
  font-size: 0.8rem; }
main { margin-top: 1.5rem; }
/* What stands beside the point that is explored; a training has its own. */
.explored { display: grid; grid-template-columns: 15rem minmax(0, 1fr);
  gap: 2.5rem; align-items: start; }
aside { position: sticky; top: 1.5rem; }
aside .tools { gap: 0.4rem; }
aside button { padding: 0.25rem 0.7rem; }
section { padding: 0 0 2.5rem; margin: 0 0 2.25rem;
  border-bottom: 1px solid var(--line); scroll-margin-top: 1.5rem; }
main > :last-child { border: 0; }
footer { font-size: 0.85rem; border-top: 1px solid var(--line);
  padding-top: 1.5rem; }

@container page (min-width: 76rem) {
  body { display: grid; grid-template: auto auto auto auto 1fr /
      20.5rem minmax(0, 76rem); column-gap: 2.5rem; max-width: none;
    padding: 0 2rem 0 0; }
  body > * { grid-column: 2; }
  header { padding-top: 1.5rem; }
  footer { margin-bottom: 3rem; }
  .explored { gap: 2rem; grid-template-columns: 13rem minmax(0, 1fr); }
  .lessons { grid-area: 1 / 1 / span 5; }
}
@container page (min-width: 100rem) {
  body { column-gap: 4rem; grid-template-columns: 22rem minmax(0, 76rem); }
  .explored { gap: 3.5rem; grid-template-columns: 17rem minmax(0, 1fr); }
}
@container page (max-width: 52rem) {
  body { padding: 1rem 1rem 3rem; }
  .explored { display: block; }
  aside { top: 0; z-index: 1; display: grid; gap: 1rem; align-items: center;
    grid-template-columns: 7rem minmax(0, 1fr); margin: 0 -1rem 1.75rem;
    padding: 0.75rem 1rem; background: var(--page);
    border-bottom: 1px solid var(--line); }
  aside .tools { margin: 0; }
  aside button { padding: 0.25rem 0.6rem; }
  section { padding-bottom: 2rem; margin-bottom: 2rem; }
}
/* What is scrolled to must not end up below the digit that stays. Where it would
   leave too little of a low screen it goes with the rest. */
@media (max-width: 52rem) {
  html { scroll-padding-top: 11rem; }
}
@media (max-height: 34rem) {
  html { scroll-padding-top: 0; }
  aside { position: static; }
}
`;
