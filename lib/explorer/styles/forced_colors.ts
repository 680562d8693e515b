/**
 * How the page looks in a reader's own few colours: a browser gives them to texts
 * and borders itself, and takes away shadows and what is a background alone.
 *
 * @module
 */

/** What shows by tone is told apart by text's colour and half of it: 3 to 1 or more. */
export const FORCED_COLORS_STYLE = `
@media screen and (forced-colors: active) {
  :root {
    --page: Canvas; --paper: Canvas; --ink: CanvasText; --pale: CanvasText;
    --line: color-mix(in srgb, CanvasText 20%, Canvas);
    --rim: CanvasText; --accent: Highlight; --on-accent: HighlightText;
    --first: CanvasText; --second: color-mix(in srgb, CanvasText 50%, Canvas);
  }
  .bar, .kl i, .key::before, #from-stack i { forced-color-adjust: none; }
  /* Else a plate of the page's colour is put below the text. */
  button.main, button[aria-pressed="true"], .steps [aria-current] b {
    forced-color-adjust: none; }
  .steps b, .lesson :is(h3 b, h4), .task h3 { color: CanvasText; }
  #from-stack { outline: 1px solid CanvasText; }
  :where(canvas:not(#from-bars, #legend canvas)) { outline: 1px solid CanvasText; }
  input[type="range"]::-webkit-slider-thumb { border-color: Canvas; }
  input[type="range"]::-moz-range-thumb { border-color: Canvas; }
  #legend button[aria-pressed="true"] { border-width: 3px; margin: -2px; }
  button:disabled { color: GrayText; border-color: GrayText; opacity: 1; }
  #samples button:hover canvas { outline: 3px solid Highlight; }
  section.shown { outline: 3px solid Highlight; outline-offset: 0.75rem; }
}
`;
