/**
 * How the section looks in which a model is trained.
 *
 * @module
 */

/** Its part of the style sheet. */
export const TRAIN_STYLE = `
#train-seed { width: 5rem; min-height: 2.25rem; font: inherit; font-size: 0.9rem;
  color: var(--ink); background: var(--paper); border: 1px solid var(--rim);
  border-radius: 6px; padding: 0.25rem 0.4rem; }
#train-beta-value { min-width: 2.5rem; font-weight: 600; }
#train-beta-help { margin: 0.25rem 0 0; font-size: 0.85rem; }
#train-status, #train-in-use, #train-fingerprint {
  font-variant-numeric: tabular-nums; }
#train-status { margin-top: 1rem; min-height: 1.55em; }
.training { display: grid; gap: 1.5rem; margin-top: 1rem; align-items: start;
  grid-template-columns: minmax(0, 1.8fr) minmax(0, 1fr); }
#train-curves { width: 100%; height: 14rem; }
#train-kl { width: 100%; height: 11rem; }
#train-samples, #train-map { width: 100%; max-width: 17rem; aspect-ratio: 1; }
#train-samples { image-rendering: pixelated; }
#train-epoch { display: block; width: calc(100% - 40px);
  margin: -0.25rem 5px 0 35px; }
#train-pause { min-width: 6.5rem; }
#train-fork { font-variant-numeric: tabular-nums; }
#training > p { margin-top: 1rem; font-size: 0.9rem; color: var(--pale); }
.key { margin-right: 0.75rem; }
.key::before { content: ""; display: inline-block; width: 1.25rem;
  margin: 0 0.35rem 0.25rem 0; }
.key.area::before { height: 0.7rem; margin-bottom: -0.05rem;
  background: var(--first); }
.key.area.second::before { background: var(--second); }
.key.held::before { border-top: 2px dashed var(--ink); }
.key.before::before { border-top: 2px dotted var(--pale); }
@media (max-width: 52rem) {
  .training { grid-template-columns: repeat(2, minmax(0, 1fr));
    grid-auto-flow: dense; gap: 1rem; }
  .training .wide { grid-column: 1 / -1; }
}
`;
