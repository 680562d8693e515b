/**
 * Draws charts as SVG, coloured by the page they stand in.
 *
 * @module
 */
import { axis, axisRange, ticks } from "../image/axis.ts";
import type { EpochRecord, Losses } from "../model/losses.ts";
import { type Markup, markup } from "./html.ts";

const CHART = { width: 360, height: 250, left: 46, right: 12, top: 40 };
const BOTTOM = CHART.height - 38;

/** A line of a chart. */
interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/**
 * Draws the losses of a run by epoch: total, reconstruction and KL.
 *
 * @param unit Of the reconstruction.
 * @returns Three charts; none if no epoch is finished.
 */
export function lossCharts(
  history: readonly EpochRecord[],
  unit: string,
): Markup[] {
  if (history.length === 0) return [];
  const linesOf = (loss: keyof Losses): Line[] => [
    {
      name: "training",
      points: history.map(({ epoch, train }) => [epoch, train[loss]] as const),
    },
    {
      name: "validation",
      points: history.flatMap(({ epoch, validation }) =>
        validation ? [[epoch, validation[loss]] as const] : []
      ),
    },
  ];
  return [
    chart("Total loss", linesOf("total")),
    chart(`Reconstruction, ${unit}`, linesOf("reconstruction")),
    chart("KL divergence, nats", linesOf("kl")),
  ];
}

function chart(title: string, lines: readonly Line[]): Markup {
  const points = lines.flatMap(({ points }) => points);
  const [low, high] = axisRange(points.map(([, y]) => y));
  const first = points[0][0];
  const last = Math.max(...points.map(([x]) => x));
  const right = CHART.width - CHART.right;
  const upward = axis([low, high], [BOTTOM, CHART.top], ticks(low, high, 5));
  const onward = axis(
    [first, Math.max(last, first + 1)],
    [CHART.left, right],
    ticks(first, last, 6, 1),
  );
  const toX = (x: number) => round(onward.place(x));
  const toY = (y: number) => round(upward.place(y));
  const shown = lines.filter(({ points }) => points.length > 0);
  return markup`<svg role="img" viewBox="0 0 ${CHART.width} ${CHART.height}">
<title>${title} by epoch</title>
<text class="name" x="0" y="14">${title}</text>
${
    shown.map(({ name }, i) =>
      markup`<path class="${KINDS[i]}" d="M${110 * i} 27h22"/>
<text x="${110 * i + 28}" y="31">${name}</text>`
    )
  }
${
    upward.ticks.map(({ at, text }) =>
      markup`<path class="rule" d="M${CHART.left} ${round(at)}H${right}"/>
<text x="${CHART.left - 6}" y="${
        round(at) + 4
      }" text-anchor="end">${text}</text>`
    )
  }
${
    onward.ticks.map(({ at, text }) =>
      markup`<text x="${round(at)}" y="${
        BOTTOM + 18
      }" text-anchor="middle">${text}</text>`
    )
  }
<text x="${(CHART.left + right) / 2}" y="${
    CHART.height - 4
  }" text-anchor="middle">epoch</text>
${
    shown.map(({ points }, i) =>
      points.length > 1
        ? markup`<path class="${KINDS[i]}" d="M${
          points.map(([x, y]) => `${toX(x)} ${toY(y)}`).join("L")
        }"/>`
        : markup`<circle class="${DOTS[i]}" r="4" cx="${
          toX(points[0][0])
        }" cy="${toY(points[0][1])}"/>`
    )
  }
</svg>`;
}

const KINDS = ["first", "second"];
const DOTS = ["dot1", "dot2"];

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
