/**
 * Draws charts as SVG, coloured by the page they stand in.
 *
 * @module
 */
import { axis, ticks } from "../image/axis.ts";
import { clampLine, clipLine } from "../image/clip.ts";
import {
  epochAxis,
  type LossLineKind,
  type LossPanel,
  type LossPanelOptions,
  lossPanels,
} from "../image/loss_panels.ts";
import type { Point } from "../image/picture.ts";
import type { EpochRecord } from "../model/losses.ts";
import { type Markup, markup } from "./html.ts";

const CHART = { width: 480, height: 280, left: 50, right: 12, top: 62 };
/** What is drawn of β, as wide as two charts. */
const WIDE = { width: 984, height: 210 };

const KINDS: Record<LossLineKind, { line: string; dot: string }> = {
  training: { line: "first", dot: "dot1" },
  validation: { line: "second", dot: "dot2" },
  target: { line: "third", dot: "dot3" },
  schedule: { line: "first", dot: "dot1" },
};

/**
 * Draws the losses of a run by epoch: those of {@linkcode lossPanels}.
 *
 * @param options What was trained with.
 * @returns One chart for each panel; none if no epoch is finished.
 */
export function lossCharts(
  history: readonly EpochRecord[],
  options: LossPanelOptions,
): Markup[] {
  if (history.length === 0) return [];
  const panels = lossPanels(history, options);
  return panels.map((panel, i) =>
    chart(panel, panels.length === 1 || i === 4 ? WIDE : CHART)
  );
}

function chart(
  { title, yLabel, range, areas, lines, outside }: LossPanel,
  { width, height }: { width: number; height: number },
): Markup {
  const epochs = lines[0].points.map(([epoch]) => epoch);
  const [first, last] = [epochs[0], epochs.at(-1)!];
  const [right, bottom] = [width - CHART.right, height - 38];
  const upward = axis(range, [bottom, CHART.top], ticks(...range, 5));
  const onward = epochAxis(
    [first, last],
    [first, first === last ? first + 1 : last],
    [CHART.left, right],
  );
  const path = (points: readonly Point[]) =>
    points.map(([x, y]) =>
      `${round(onward.place(x))} ${round(upward.place(y))}`
    ).join("L");
  const names = [
    ...lines.map(({ name, kind }) => ({ name, line: KINDS[kind].line })),
    ...areas.map(({ name }, i) => ({ name, line: `area${i + 1}` })),
  ];
  let x = 0;
  const legend = names.map(({ name, line }) => {
    const at = x;
    x += 44 + 7 * name.length;
    const sample = line.startsWith("area")
      ? markup`<rect class="${line}" x="${at}" y="34" width="22" height="12"/>`
      : markup`<path class="${line}" d="M${at} 41h22"/>`;
    return markup`${sample}<text x="${at + 28}" y="45">${name}</text>`;
  });
  return markup`<svg class="${
    width === WIDE.width ? "wide" : "chart"
  }" role="img" viewBox="0 0 ${width} ${height}">
<title>${title} by epoch</title>
<text x="0" y="14"><tspan class="name">${title}</tspan>, ${yLabel}</text>
${legend}
${
    upward.ticks.map(({ at, text }) =>
      markup`<path class="rule" d="M${CHART.left} ${round(at)}H${right}"/>
<text x="${CHART.left - 6}" y="${
        round(at) + 4
      }" text-anchor="end">${text}</text>`
    )
  }
${
    onward.ticks.map(({ at, text }) => {
      // A digit is some seven units wide.
      const isOver = at + 3.5 * text.length > width;
      return markup`<text x="${round(at)}" y="${bottom + 18}" text-anchor="${
        isOver ? "end" : "middle"
      }">${text}</text>`;
    })
  }
<text x="${(CHART.left + right) / 2}" y="${
    height - 4
  }" text-anchor="middle">epoch</text>
${
    areas.map(({ lower, upper }, i) =>
      markup`<path class="area${i + 1}" d="M${path(clampLine(upper, range))}L${
        path(clampLine(lower, range).reverse())
      }Z"/>`
    )
  }
${
    lines.flatMap(({ kind, points }) =>
      points.length === 1
        ? [
          markup`<circle class="${KINDS[kind].dot}" r="4" cx="${
            round(onward.place(points[0][0]))
          }" cy="${round(upward.place(points[0][1]))}"/>`,
        ]
        : clipLine(points, range).map((piece) =>
          markup`<path class="${KINDS[kind].line}" d="M${path(piece)}"/>`
        )
    )
  }
<text x="${right}" y="${CHART.top - 4}" text-anchor="end">${outside}</text>
</svg>`;
}

const BAR = { pitch: 22, left: 48, width: 440, value: 80 };

/**
 * Draws bars from left to right, each with its name and value, in the order
 * given.
 */
export function barChart(
  title: string,
  bars: readonly { readonly name: string; readonly value: number }[],
): Markup {
  const most = Math.max(...bars.map(({ value }) => value), 1e-9);
  const { pitch, left, width } = BAR;
  const height = pitch * bars.length;
  return markup`<svg class="bars" role="img" viewBox="0 0 ${
    left + width + BAR.value
  } ${height}">
<title>${title}</title>
${
    bars.map(({ name, value }, i) => {
      const y = i * pitch;
      const length = round(width * value / most);
      return markup`<text class="name" x="${left - 8}" y="${
        y + 15
      }" text-anchor="end">${name}</text>
<rect class="dot1" x="${left}" y="${y + 3}" width="${length}" height="${
        pitch - 6
      }" rx="2"/>
<text x="${left + length + 8}" y="${y + 15}">${value.toFixed(3)}</text>`;
    })
  }
</svg>`;
}

/** Rounds to tenths of a pixel, so that the file is short. */
function round(value: number): number {
  return Math.round(10 * value) / 10;
}
