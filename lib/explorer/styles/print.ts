/**
 * What is printed: the lessons on one page; the plan and the answers on another.
 *
 * @module
 */

/** The style of paper, A4 or Letter: black on white, without controls. */
export const PRINT_STYLE = `
@page { margin: 8mm 12mm; }
@media print {
  :root, :root[data-large] { container-type: normal; font-size: 8.1pt;
    color-scheme: light; background: none;
    --page: #ffffff; --paper: #ffffff; --ink: #000000; --pale: #333333;
    --line: #999999; --accent: #0a5ea8; --on-accent: #ffffff; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { display: block; max-width: none; padding: 0; line-height: 1.27; }
  body > :not(.lessons, .teachers) { display: none !important; }
  .task, :is(.lessons, .teachers) :is(button, .steps, .tools, .teach, .words, .on-screen) {
    display: none !important; }
  .on-paper { display: block; }
  p { max-width: none; }
  .lessons, .lessons[data-open] { display: grid; position: static; height: auto; overflow: visible; border: 0;
    padding: 0; margin: 0; font-size: 1rem; gap: 0 8mm;
    grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .lessons .column { display: block; }
  /* What is asked in the end stands below the shorter column. */
  .lessons .column + .column { grid-area: 3 / 2 / span 2; }
  .lessons > :is(h2, .on-paper) { grid-column: 1 / -1; }
  .lessons h2, .teachers h2 { font-size: 15pt; margin: 0 0 0.5mm; }
  .on-paper.who { display: flex; gap: 4mm; margin: 0 0 3mm; }
  .who i { flex: 1; border-bottom: 0.5pt solid var(--line); }
  .lessons .lesson, .lessons .lesson[hidden] { display: block !important;
    break-inside: avoid; margin: 0 0 2.5mm; }
  .lessons .column > :last-child { margin: 0; }
  .lesson { font-size: 1rem; line-height: inherit; }
  .lesson h3 { font-size: 12pt; margin: 0 0 0.5mm; }
  .lesson p { margin: 0 0 0.6mm; }
  .lesson h4 { float: left; margin-right: 2mm; font-size: inherit; }
  .lesson details > p, .lesson details::details-content { display: none; }
  .lesson summary { display: block; list-style: none; }
  .lesson summary::-webkit-details-marker { display: none; }
  /* To write on. */
  .line { display: block; height: 5.1mm; border-bottom: 0.5pt solid var(--line); }
  .boxes { display: grid; grid-template-columns: 1fr 1fr; gap: 3mm;
    margin: 0 0 1.5mm; }
  .boxes span { height: 11mm; padding: 0.5mm 1mm; font-size: 8pt;
    border: 0.5pt solid var(--line); }
  .lessons .prices { display: table; width: 100%; margin: 0 0 1.5mm;
    border-collapse: collapse; table-layout: fixed; font-size: 8pt; }
  .prices :is(th, td) { height: 4.5mm; border: 0.5pt solid var(--line);
    font-weight: 400; }
  .lessons > .closing { grid-area: 4 / 1; margin-top: 2mm; }
  .closing h3 { font-size: 9pt; margin: 0; }
  .closing .line { height: 4.6mm; }
  .closing p { margin: 0; }
  .closing b { font-weight: 600; }
  .teachers { break-before: page; padding: 0; margin: 0; border: 0; }
  .teachers p, .teachers caption { color: var(--ink); margin: 0 0 2mm; }
  .teachers table { font-size: 9.2pt; margin: 0 0 3mm; }
  .teachers :is(th, td) { padding: 1mm 3mm 1mm 0; }
  .answers { columns: 2; column-gap: 8mm; margin: 1mm 0 0; padding: 0;
    list-style: none; }
  .answers li { break-inside: avoid; margin: 0 0 2mm; }
}
`;
