/**
 * How the line of the link looks.
 *
 * @module
 */

/** Its style sheet. */
export const LINK_STYLE = `
#link-here { display: flex; flex: 1 1 100%; gap: 0.5rem; align-items: center;
  flex-wrap: wrap; }
#link-field { flex: 1 1 16rem; min-width: 0; }
#link-note:not(:empty), #link-run { flex: 1 1 100%; }
#link-run { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem;
  align-items: center; padding: 0.6rem 0.8rem; max-width: 46rem;
  border: 1px solid var(--line); border-radius: 6px; }
#link-plan { flex: 1 1 20rem; }
#link-field, #sample-seed { font: inherit; font-size: 0.9rem; color: var(--ink);
  background: var(--paper); border: 1px solid var(--rim); border-radius: 6px;
  min-height: 2.25rem; padding: 0.25rem 0.5rem; }
#sample-seed { width: 6.5rem; }
`;
