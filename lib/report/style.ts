/**
 * How reports look: light and dark, on wide and on narrow screens.
 *
 * @module
 */

/** The style sheet of a report. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1f2328; --pale: #59636e; --line: #d8dee4;
  --first: #0072b2; --second: #d55e00; --third: #5b2a86;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e6e8eb; --pale: #9aa4af; --line: #333a42;
    --first: #56b4e9; --second: #f0894a; --third: #c5a3e8;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 68rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
p, figcaption, td:last-child { color: var(--pale); }
p { margin: 0.25rem 0 1rem; max-width: 44rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
td { padding: 0.35rem 1rem 0.35rem 0; border-top: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
td:first-child { width: 15rem; }
td:nth-child(2) { width: 15rem; font-variant-numeric: tabular-nums; }
.charts { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); }
.charts .wide { grid-column: 1 / -1; }
.pictures { display: flex; flex-wrap: wrap; gap: 1.5rem; margin: 0 0 1.5rem; }
figure { margin: 0; flex-basis: 0; min-width: min(22rem, 100%); }
figcaption { font-size: 0.9rem; margin-top: 0.5rem; }
figcaption b { color: var(--ink); }
img { display: block; width: 100%; height: auto; background: #fff;
  border: 1px solid var(--line); border-radius: 6px; }
svg { display: block; width: 100%; height: auto; font-size: 12px; }
svg.bars { max-width: 40rem; }
svg text { fill: var(--pale); }
svg .name { fill: var(--ink); }
svg .rule { stroke: var(--line); }
svg .first { stroke: var(--first); fill: none; stroke-width: 3; }
svg .second { stroke: var(--second); fill: none; stroke-width: 2;
  stroke-dasharray: 6 4; }
svg .third { stroke: var(--third); fill: none; stroke-width: 2;
  stroke-dasharray: 2 4; }
svg .area1 { fill: var(--first); opacity: 0.22; }
svg .area2 { fill: var(--second); opacity: 0.3; }
svg .dot1 { fill: var(--first); }
svg .dot2 { fill: var(--second); }
svg .dot3 { fill: var(--third); }
@media (max-width: 40rem) {
  td { display: block; border: 0; padding: 0; }
  td:first-child, td:nth-child(2) { width: auto; }
  td:first-child { border-top: 1px solid var(--line); padding-top: 0.5rem;
    font-weight: 600; }
  td:last-child { padding-bottom: 0.5rem; }
}
`;
