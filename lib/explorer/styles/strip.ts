/**
 * How the strip from picture to picture looks: side by side where there is
 * room, downwards where there is not.
 *
 * @module
 */

/** Its style sheet. */
export const STRIP_STYLE = `
#from { container-type: inline-size; }
#from:not([data-dice]) .dice, #from:not([data-sum]) .sum { display: none; }
#from .flow { display: grid; gap: 0 1rem; margin-top: 1.25rem;
  align-items: start; grid-template:
    "first into between out last" auto
    "first into between out terms" 1fr
    / 10rem auto minmax(0, 1fr) auto 10rem; }
#from .first { grid-area: first; } #from .into { grid-area: into; }
#from .between { grid-area: between; } #from .out { grid-area: out; }
#from .last { grid-area: last; } #from .terms { grid-area: terms; }
#from .head, #from .heads p { margin: 0 0 0.5rem; font-size: 0.95rem;
  color: var(--pale); line-height: 1.3; }
#from .head b, #from .heads b { display: block; font-size: 1.25rem;
  color: var(--ink); font-weight: 600; white-space: nowrap; }
#from .end canvas, #from-difference { width: 100%; aspect-ratio: 1;
  image-rendering: pixelated; border-radius: 8px; }
#from .end button { margin-top: 0.6rem; width: 100%; }
#from figcaption { min-height: 1.55em; font-size: 0.95rem; overflow: hidden;
  white-space: nowrap; text-overflow: ellipsis; }
#from .arrow { max-width: 7rem; text-align: center; margin-top: 6rem; }
#from .arrow p { margin: 0; color: var(--pale); font-size: 0.95rem; }
#from .arrow .conditional { color: var(--ink); font-weight: 600;
  overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
#from-rest { margin: 0.25rem 0 0; font-size: 0.95rem; color: var(--pale);
  text-align: center; max-width: none; }
#from .arrow::after { content: "→" / ""; display: block; font-size: 2.25rem;
  line-height: 1; color: var(--ink); }
@container (max-width: 58rem) { #from :is(.head, .heads) b { font-size: 1.15rem; } }
#from .heads { display: grid; gap: 0 1rem; font-size: inherit; margin: 0;
  grid-template-columns: 2rem minmax(0, 1fr); align-items: end; }
#from[data-dice] .heads {
  grid-template-columns: 2rem minmax(0, 5fr) minmax(0, 3.2fr) minmax(0, 5fr); }
#from-bars { width: 100%; height: 16.5rem; background: none; box-shadow: none; border-radius: 0;
  cursor: default; }
#from .between .tools { justify-content: center; margin: 0 0 1rem; }
#from .tools button { font-size: 1rem; min-height: 2.75rem; }
#from-roll { display: inline-flex; align-items: center; gap: 0.6rem;
  padding: 0.25rem 1.1rem; }
.die { display: grid; width: 1.75rem; height: 1.75rem; padding: 0.2rem;
  border: 2px solid currentColor; border-radius: 0.4rem;
  grid-template: repeat(3, 1fr) / repeat(3, 1fr); place-items: center; }
.die i { border: 0.125rem solid currentColor; border-radius: 50%;
  visibility: hidden; }
.die i:nth-child(1) { grid-area: 1 / 1; } .die i:nth-child(2) { grid-area: 1 / 3; }
.die i:nth-child(3) { grid-area: 2 / 1; } .die i:nth-child(4) { grid-area: 2 / 2; }
.die i:nth-child(5) { grid-area: 2 / 3; } .die i:nth-child(6) { grid-area: 3 / 1; }
.die i:nth-child(7) { grid-area: 3 / 3; }
.die:is([data-face="1"], [data-face="3"], [data-face="5"]) i:nth-child(4),
.die:not([data-face="1"]) i:is(:nth-child(1), :nth-child(7)),
.die:is([data-face="4"], [data-face="5"], [data-face="6"])
  i:is(:nth-child(2), :nth-child(6)),
.die[data-face="6"] i:is(:nth-child(3), :nth-child(5)) { visibility: visible; }
@media (prefers-reduced-motion: no-preference) {
  .die.rolling { animation: roll 0.45s ease-out; }
}
@keyframes roll { from { transform: rotate(-1.5turn) scale(0.7); } }
#from .number { margin: 1rem 0 0; max-width: none; font-size: 1.125rem;
  min-height: 3.2em; color: var(--ink); font-variant-numeric: tabular-nums; }
#from .number label { white-space: nowrap; }
#from .number select { font-size: 1rem; }
#from > h3 { font-size: 1.125rem; margin-top: 1rem; }
#from .loss { display: grid; gap: 1.5rem; align-items: start; margin-top: 0.75rem;
  grid-template-columns: 10rem minmax(0, 1fr); }
#from .loss p { color: var(--pale); margin: 0 0 0.75rem; }
#from .terms p { display: grid; gap: 0 0.4rem; margin: 0; color: var(--pale);
  grid-template-columns: 1ch 4.2rem minmax(0, 1fr); align-items: baseline;
  font-size: 0.95rem; line-height: 1.35; }
#from .terms i { font-style: normal; font-size: 1.25rem; color: var(--ink); }
#from .terms b { grid-column: 2; font-size: 1.25rem; color: var(--ink);
  text-align: right; font-weight: 600; font-variant-numeric: tabular-nums; }
#from-stack { forced-color-adjust: none; display: flex; height: 0.6rem; margin: 0.5rem 0 0;
  background: var(--line); border-radius: 4px; overflow: hidden; }
#from-stack i { flex: none; background: var(--first); }
#from-stack i.dice { background: var(--second); }
/* Both pictures and what they cost stay together where the bars go below. */
@container (max-width: 53rem) {
  #from .flow { gap: 0.75rem; grid-template:
      "first into last" auto
      "first out last" 1fr
      "terms terms terms" auto
      "between between between" auto
      / minmax(0, 10rem) minmax(5rem, 1fr) minmax(0, 10rem); }
  :root[data-large] #from .flow {
    grid-template-columns: minmax(0, 7.5rem) minmax(5rem, 1fr) minmax(0, 7.5rem); }
  #from .arrow { max-width: none; margin-top: 3.5rem; }
  #from .out { margin-top: 0; }
  #from .arrow::after { font-size: 1.75rem; }
  #from .terms { display: grid; gap: 0 1.5rem; align-items: center;
    grid-template-columns: repeat(3, auto) minmax(2rem, 1fr); }
  #from .terms p { grid-template-columns: auto auto auto; }
  #from-stack { margin: 0; }
}
@container (max-width: 30rem) {
  #from .loss { grid-template-columns: minmax(0, 1fr); }
  #from .loss figure { width: 7rem; }
  #from .number { min-height: 6.4em; }
  #from .flow { gap: 0.5rem; }
  #from .terms { gap: 0 0.75rem; grid-template-columns: repeat(3, auto); }
  #from .terms p { align-content: start; justify-content: start; }
  #from .terms span { grid-column: 1 / -1; font-size: 0.85rem; }
  #from-stack { grid-column: 1 / -1; margin-top: 0.25rem; }
  #from .heads, #from[data-dice] .heads { gap: 0 0.6rem; }
  #from .heads b { font-size: 1.05rem; white-space: normal; }
  #from .heads p { font-size: 0.85rem; }
}
`;
