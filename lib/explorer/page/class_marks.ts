/**
 * How classes look on the map: a colour and a shape each, so that neither is all
 * that tells them apart.
 *
 * @module
 */

/**
 * Colours on white. Any two are 12 apart or more by ΔE00, for eyes with and without
 * each kind of colour blindness, and each has a contrast of 3 with the paper.
 */
export const ON_LIGHT: readonly string[] = [
  ...["#1d56ea", "#e16e00", "#226f55", "#b42c02", "#5e95dc"],
  ...["#1e1bab", "#9a9766", "#a26a8d", "#49150e", "#2d2743"],
];

/** The same classes on black, where that is so, too. */
export const ON_DARK: readonly string[] = [
  ...["#416f8f", "#ec990e", "#90b18c", "#bf5203", "#63e8ff"],
  ...["#9a7bf9", "#e4ff9b", "#b199ae", "#876b5f", "#faece4"],
];

/** The corners of a regular polygon or, with `inner`, of a star. */
function corners(count: number, turn = 0, inner = 1): [number, number][] {
  const points = inner === 1 ? count : 2 * count;
  return Array.from({ length: points }, (_, i) => {
    const angle = 2 * Math.PI * (i / points + turn) - Math.PI / 2;
    const radius = i % 2 === 0 ? 1 : inner;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** A cross with arms half as wide as they are long. */
const PLUS: [number, number][] = [
  ...[[-0.4, -1], [0.4, -1], [0.4, -0.4], [1, -0.4], [1, 0.4], [0.4, 0.4]],
  ...[[0.4, 1], [-0.4, 1], [-0.4, 0.4], [-1, 0.4], [-1, -0.4], [-0.4, -0.4]],
] as [number, number][];

const turned = (points: [number, number][]) =>
  points.map(([x, y]): [number, number] => [
    (x - y) * Math.SQRT1_2,
    (x + y) * Math.SQRT1_2,
  ]);

/** Outlines by class, of about one area; null is a disc. */
const SHAPES: readonly ([number, number][] | null)[] = [
  null,
  corners(4, 1 / 8),
  corners(3),
  corners(4),
  PLUS,
  corners(3, 1 / 2),
  turned(PLUS),
  corners(5, 0, 0.45),
  corners(6).map(([x, y]) => [0.6 * x, y]),
  corners(4, 1 / 8).map(([x, y]) => [1.3 * x, 0.6 * y]),
];

/** What traces an outline: a canvas's context. */
interface Pen {
  beginPath(): void;
  lineTo(x: number, y: number): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  closePath(): void;
}

/** Begins the outline of a class's mark. */
export function traceMark(
  context: Pen,
  label: number,
  x: number,
  y: number,
  radius: number,
): void {
  // From the eleventh class on a colour comes back with another shape.
  const shape = SHAPES[(label + Math.floor(label / 10)) % SHAPES.length];
  context.beginPath();
  if (!shape) return context.arc(x, y, 0.85 * radius, 0, 2 * Math.PI);
  for (const [dx, dy] of shape) {
    context.lineTo(x + 1.15 * radius * dx, y + 1.15 * radius * dy);
  }
  context.closePath();
}
