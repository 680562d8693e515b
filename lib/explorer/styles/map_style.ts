/**
 * How the map's legend looks, and the panel of a picture.
 *
 * @module
 */

/** Part of the page's style sheet. */
export const MAP_STYLE = `
#legend button { display: inline-flex; align-items: center; gap: 0.3rem;
  min-height: 1.9rem; padding: 0.1rem 0.55rem; }
#legend button[aria-pressed="true"] { background: var(--paper);
  color: var(--ink); border-color: var(--accent);
  box-shadow: inset 0 0 0 1px var(--accent); font-weight: 600; }
#legend canvas { width: 1rem; height: 1rem; background: none; box-shadow: none; }
.picture { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; grid-row: 2;
  grid-column: 1 / -1; align-items: center; }
.picture > div:last-child { flex: 1 1 16rem; }
.picture .tools { margin-top: 0; }
.pair { display: flex; gap: 1rem; }
.pair figure { width: 8rem; }
.pair canvas { width: 100%; aspect-ratio: 1; image-rendering: pixelated; }
@media (max-width: 52rem) { .picture { grid-row: auto; } }
#map-marks { margin: 0.5rem 0 0.75rem; font-size: 0.85rem; color: var(--pale); }
kbd { font: inherit; padding: 0 0.35em; border: 1px solid var(--line);
  border-radius: 4px; }
`;
