/**
 * How the page looks: light and dark, on wide and on narrow screens.
 *
 * @module
 */

import { MAP_STYLE } from "./styles/map_style.ts";
import { PAD_STYLE } from "./styles/pad_style.ts";
import { LINK_STYLE } from "./styles/link.ts";
import { STRIP_STYLE } from "./styles/strip.ts";
import { TRAIN_STYLE } from "./styles/train_style.ts";

/** The page's style sheet. Colours are six-digit hex: the canvases read them. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f7f5f1; --paper: #ffffff; --ink: #1d1c1a; --pale: #67635c;
  --line: #ddd8cf; --accent: #0a5ea8; --on-accent: #ffffff;
  --first: #0072b2; --second: #c24f00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131416; --paper: #1c1e21; --ink: #ecebe8; --pale: #a5a39e;
    --line: #35383d; --accent: #74b6f4; --on-accent: #0e1317;
    --first: #56b4e9; --second: #f0894a;
  }
}
* { box-sizing: border-box; }
[hidden], :root:not([data-conditional]) .conditional { display: none !important; }
body {
  margin: 0 auto; padding: 3rem 1.5rem 4rem; max-width: 72rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif;
}
h1, h2 { font-family: "Iowan Old Style", "Palatino Linotype", Palatino,
  "Noto Serif", Georgia, serif; font-weight: 500; letter-spacing: -0.01em;
  line-height: 1.2; text-wrap: balance; }
h1 { font-size: clamp(1.9rem, 5vw, 2.75rem); margin: 0.25rem 0 0.75rem; }
h2 { font-size: 1.5rem; margin: 0 0 0.4rem; }
h3 { font-size: 1rem; margin: 2rem 0 0.25rem; }
p { margin: 0 0 1rem; max-width: 42rem; text-wrap: pretty; }
p, button, #legend { overflow-wrap: anywhere; }
.name { display: flex; justify-content: space-between; align-items: center;
  margin: 0; font-size: 0.85rem; color: var(--pale);
  letter-spacing: 0.04em; }
.lead { font-size: 1.125rem; max-width: 46rem; }
.now { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center;
  color: var(--pale); font-size: 0.9rem; }
section > p, figcaption, footer { color: var(--pale); }
section p b, footer b { color: var(--ink); font-weight: 600; }
main { display: grid; grid-template-columns: 17rem minmax(0, 1fr);
  gap: 3.5rem; margin-top: 2rem; align-items: start; }
aside { position: sticky; top: 1.5rem; }
aside .tools { gap: 0.4rem; }
aside button { padding: 0.25rem 0.7rem; }
section { padding: 0 0 3rem; margin: 0 0 2.5rem;
  border-bottom: 1px solid var(--line); }
section:last-child { border: 0; margin: 0; }
canvas { display: block; background: var(--paper); border-radius: 6px;
  box-shadow: 0 0 0 1px var(--line); max-width: 100%; }
#digit, #pad-input, #pad-reconstruction { image-rendering: pixelated; }
#digit, .pad canvas, .planes canvas { width: 100%; aspect-ratio: 1; }
#digit { border-radius: 10px; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: 0.85rem; margin-top: 0.5rem; }
.tools { display: flex; flex-wrap: wrap; gap: 0.5rem 0.75rem; margin-top: 1rem;
  align-items: center; }
.tools label { display: flex; gap: 0.5rem; align-items: center;
  white-space: nowrap; max-width: 100%; }
.tools .wide { flex: 1 1 16rem; }
.wide input { flex: 1; }
button, select { font: inherit; font-size: 0.9rem; color: var(--ink);
  background: var(--paper); border: 1px solid var(--line); border-radius: 6px;
  min-height: 2.25rem; padding: 0.25rem 0.8rem; cursor: pointer; }
select { padding: 0.25rem 0.4rem; min-width: 0; }
aside label { flex-basis: 100%; }
aside select { flex: 1; }
button:hover:enabled, select:hover { border-color: var(--accent); }
button:disabled { color: var(--pale); opacity: 0.6; cursor: default; }
button.main { background: var(--accent); border-color: var(--accent);
  color: var(--on-accent); font-weight: 600; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#status { flex-basis: 100%; margin: 0.25rem 0 0; font-size: 0.85rem;
  color: var(--pale); min-height: 2.6em; }
output, .kl { font-variant-numeric: tabular-nums; }

.slider { display: grid; align-items: center; gap: 0 0.75rem;
  grid-template-columns: 1.75rem 9.25rem minmax(0, 1fr) 3.25rem 6rem; }
.slider output { text-align: right; }
.change { font-size: 0.85rem; white-space: nowrap; }
.heads { font-size: 0.8rem; color: var(--pale); margin-bottom: 0.25rem; }
.heads span { text-align: right; }
.heads span:last-child { text-align: left; }
.track { position: relative; height: 2rem; }
.track input { position: absolute; inset: 0; width: 100%; }
.track .spread { position: absolute; inset: 0 9px; }
.track .bar { position: absolute; bottom: 1px; height: 4px;
  background: var(--second); border-radius: 2px; }
.kl { display: flex; align-items: center; gap: 0.5rem; font-size: 0.85rem;
  color: var(--pale); }
.kl span { flex: 1; height: 6px; }
.kl i { display: block; height: 6px; border-radius: 3px; min-width: 1px;
  background: var(--first); }
#show-all { margin-top: 0.75rem; }
input[type="range"] { appearance: none; background: none; margin: 0;
  height: 2rem; cursor: pointer; min-width: 0; }
input[type="range"]::-webkit-slider-runnable-track { height: 3px;
  background: var(--line); border-radius: 2px; }
input[type="range"]::-moz-range-track { height: 3px; background: var(--line);
  border-radius: 2px; }
input[type="range"]::-webkit-slider-thumb { appearance: none; width: 18px;
  height: 18px; margin-top: -7.5px; border-radius: 50%;
  background: var(--accent); border: 3px solid var(--page); }
input[type="range"]::-moz-range-thumb { width: 12px; height: 12px;
  border-radius: 50%; background: var(--accent);
  border: 3px solid var(--page); }

.pad { display: grid; gap: 1.25rem; align-items: start;
  grid-template-columns: minmax(0, 1.7fr) minmax(0, 1fr) minmax(0, 1fr); }
#pad, #map { touch-action: none; cursor: crosshair; }
#manifold { cursor: crosshair; }
.planes { display: grid; gap: 1.5rem; margin-top: 1rem;
  grid-template-columns: repeat(2, minmax(0, 1fr)); }
#legend { display: flex; flex-wrap: wrap; gap: 0.35rem; }
#strip { width: 100%; aspect-ratio: 9; }
#samples { display: grid; gap: 6px;
  grid-template-columns: repeat(12, minmax(0, 1fr)); }
#samples p { grid-column: 1 / -1; margin: 0.4rem 0 0; font-size: 0.85rem; }
#samples button { padding: 0; border: 0; min-height: 0; background: none;
  border-radius: 6px; }
#samples canvas { width: 100%; aspect-ratio: 1; }
#samples button:hover canvas { box-shadow: 0 0 0 2px var(--accent); }
footer { font-size: 0.85rem; border-top: 1px solid var(--line);
  padding-top: 1.5rem; }

@media (max-width: 52rem) {
  body { padding: 1.75rem 1rem 3rem; }
  .lead { font-size: 1.05rem; }
  main { display: block; }
  aside { top: 0; z-index: 1; display: grid; gap: 1rem; align-items: center;
    grid-template-columns: 7rem minmax(0, 1fr); margin: 0 -1rem 1.75rem;
    padding: 0.75rem 1rem; background: var(--page);
    border-bottom: 1px solid var(--line); }
  aside .tools { margin: 0; }
  aside button { padding: 0.25rem 0.6rem; }
  section { scroll-margin-top: 10rem; padding-bottom: 2rem;
    margin-bottom: 2rem; }
  .slider { grid-template-columns: 1.75rem minmax(0, 1fr) 2.9rem 4.25rem;
    gap: 0 0.5rem; }
  .change { grid-area: 2 / 2 / 3 / -1; }
  .pad { grid-template-columns: 1fr 1fr; }
  .pad figure:first-child { grid-column: 1 / -1; }
  .planes { grid-template-columns: 1fr; }
  #samples { grid-template-columns: repeat(6, minmax(0, 1fr)); }
}
${MAP_STYLE}${PAD_STYLE}${STRIP_STYLE}${TRAIN_STYLE}${LINK_STYLE}`;
