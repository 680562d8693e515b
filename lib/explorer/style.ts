/**
 * How the page looks: light and dark, on wide and on narrow screens.
 *
 * @module
 */
import { LAYOUT_STYLE } from "./styles/page_layout.ts";
import { LESSONS_STYLE } from "./styles/lessons.ts";
import { FORCED_COLORS_STYLE } from "./styles/forced_colors.ts";
import { LINK_STYLE } from "./styles/link.ts";
import { MAP_STYLE } from "./styles/map_style.ts";
import { PAD_STYLE } from "./styles/pad_style.ts";
import { PRINT_STYLE } from "./styles/print.ts";
import { STRIP_STYLE } from "./styles/strip.ts";
import { TRAIN_STYLE } from "./styles/train_style.ts";

/** Type, controls and parts. Colours are six-digit hex: the canvases read them. */
const BASE = `
:root {
  color-scheme: light dark;
  --page: #f7f5f1; --paper: #ffffff; --ink: #1d1c1a; --pale: #67635c;
  --line: #ddd8cf; --rim: #8b867d; --accent: #0a5ea8; --on-accent: #ffffff;
  --first: #0072b2; --second: #c24f00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131416; --paper: #1c1e21; --ink: #ecebe8; --pale: #a5a39e;
    --line: #35383d; --rim: #767b83; --accent: #74b6f4; --on-accent: #0e1317;
    --first: #56b4e9; --second: #f0894a;
  }
}
* { box-sizing: border-box; }
[hidden], :root:not([data-conditional]) .conditional { display: none !important; }
h1, h2 { font-family: "Iowan Old Style", "Palatino Linotype", Palatino,
  "Noto Serif", Georgia, serif; font-weight: 500; letter-spacing: -0.01em;
  line-height: 1.2; text-wrap: balance; }
h2 { font-size: 1.5rem; margin: 0 0 0.4rem; }
h3 { font-size: 1rem; margin: 2rem 0 0.25rem; }
p { margin: 0 0 1rem; max-width: 42rem; text-wrap: pretty; }
p, button, #legend { overflow-wrap: anywhere; }
section > p, figcaption, footer { color: var(--pale); }
section p b, footer b { color: var(--ink); font-weight: 600; }
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
.tools label:has(select) { flex-wrap: wrap; white-space: normal; }
.tools .wide { flex: 1 1 16rem; }
.wide input { flex: 1; }
button, select { font: inherit; font-size: 0.9rem; color: var(--ink);
  background: var(--paper); border: 1px solid var(--rim); border-radius: 6px;
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
#status.unseen { opacity: 0; }
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
  background: var(--rim); border-radius: 2px; }
input[type="range"]::-moz-range-track { height: 3px; background: var(--rim);
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
#pad, #map { box-shadow: 0 0 0 1px var(--rim); }
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
@container page (max-width: 52rem) {
  .slider { grid-template-columns: 1.75rem minmax(0, 1fr) 2.9rem 4.25rem;
    gap: 0 0.5rem; }
  .change { grid-area: 2 / 2 / 3 / -1; }
  .pad { grid-template-columns: 1fr 1fr; }
  .pad figure:first-child { grid-column: 1 / -1; }
  .planes { grid-template-columns: 1fr; }
  #samples { grid-template-columns: repeat(6, minmax(0, 1fr)); }
}
`;

/** The page's style sheet; what is printed comes last. */
export const STYLE = [
  BASE,
  LAYOUT_STYLE,
  LESSONS_STYLE,
  STRIP_STYLE,
  MAP_STYLE,
  PAD_STYLE,
  TRAIN_STYLE,
  LINK_STYLE,
  FORCED_COLORS_STYLE,
  PRINT_STYLE,
].join("");
