/**
 * How the pad and what takes files look.
 *
 * @module
 */

/** Part of the page's style sheet. */
export const PAD_STYLE = `
#pad-note, #file-status { font-size: 0.9rem; color: var(--pale); margin: 0.75rem 0 0; }
#pad-note:empty, #file-status:empty { display: none; }
input[type="range"] { touch-action: pan-y; }
`;
