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
#train-beta-help { margin: 1rem 0 0; font-size: 0.85rem; }
#train-status, #train-numbers, #train-in-use, #train-fingerprint {
  font-variant-numeric: tabular-nums; }
/* β stays in sight beside what it does. */
.watched { position: sticky; top: 0; z-index: 1; background: var(--page);
  margin: 0 -0.5rem; padding: 0.5rem; }
.watched .tools { margin: 0; }
.watched .wide { flex-basis: 18rem; }
.state { display: flex; flex-wrap: wrap; gap: 0 1.5rem; max-width: none;
  margin: 0.4rem 0 0; font-size: 0.9rem; min-height: 1.55em; }
#train-status { color: var(--pale); }
#training :is(button, input, canvas) { scroll-margin: 9rem 0 1rem; }
.training { display: grid; gap: 1rem 1.5rem; margin-top: 0.5rem;
  align-items: start; grid-template-columns: minmax(0, 1fr) 15rem; }
#train-curves { width: 100%; height: 12rem; cursor: pointer; }
#train-kl { width: 100%; height: 11rem; }
#train-samples, #train-map { width: 100%; max-width: 13rem; aspect-ratio: 1; }
#train-samples { image-rendering: pixelated; }
#train-epoch { display: block; width: calc(100% - 40px);
  margin: -0.25rem 5px 0 35px; }
#train-pause { min-width: 8.5rem; }
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
  /* The digit above has scrolled away, but what is scrolled to leaves it room. */
  section:has(> #training) { scroll-margin-top: -9.5rem; }
  #training :is(button, input, canvas) { scroll-margin-top: 3rem; }
}
@media (max-height: 34rem) {
  .watched { position: static; }
}
`;
