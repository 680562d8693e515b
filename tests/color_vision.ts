/**
 * What colours look like to eyes of each kind, and how far apart: against this the
 * page's colours of classes are held.
 */

/** Linear red, green and blue, from 0 to 1. */
type Rgb = readonly [number, number, number];

/**
 * The matrices of Machado, Oliveira and Fernandes (2009, "A physiologically-based
 * model for simulation of color vision deficiency", IEEE TVCG 15(6), table 1) at
 * severity 1, on linear RGB.
 */
export const VISIONS: Readonly<Record<string, readonly Rgb[]>> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.303900],
  ],
};

/** Linear RGB of `#rrggbb` (IEC 61966-2-1). */
function linear(hex: string): Rgb {
  return [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
}

function times(rows: readonly Rgb[], [a, b, c]: Rgb): Rgb {
  return rows.map(([x, y, z]) => x * a + y * b + z * c) as unknown as Rgb;
}

/** CIE L*a*b* under D65 of what an eye sees of a colour. */
export function labOf(hex: string, vision: readonly Rgb[]): Rgb {
  const seen = times(vision, linear(hex))
    .map((c) => Math.max(0, Math.min(1, c))) as unknown as Rgb;
  const [x, y, z] = times([
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
  ], seen).map((c, i) => {
    const t = c / [0.95047, 1, 1.08883][i];
    return t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** The contrast of two colours (WCAG 2.2). */
export function contrast(a: string, b: string): number {
  const [light, dark] = [a, b].map((hex) => {
    const [red, green, blue] = linear(hex);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
  }).sort((a, b) => b - a);
  return light / dark;
}

/** ΔE00 of two colours (Sharma, Wu and Dalal 2005, equations 2 to 22). */
export function difference(
  [l1, a1, b1]: Rgb,
  [l2, a2, b2]: Rgb,
): number {
  const rad = Math.PI / 180;
  const c = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const g = (1 - Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7))) / 2;
  const [p1, p2] = [a1 * (1 + g), a2 * (1 + g)];
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const hue = (a: number, b: number) =>
    a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / rad + 360) % 360;
  const [h1, h2] = [hue(p1, b1), hue(p2, b2)];
  const isGrey = c1 * c2 === 0;
  let turn = isGrey ? 0 : h2 - h1;
  if (turn > 180) turn -= 360;
  if (turn < -180) turn += 360;
  const dl = l2 - l1, dc = c2 - c1;
  const dh = 2 * Math.sqrt(c1 * c2) * Math.sin(turn / 2 * rad);
  const l = (l1 + l2) / 2, cc = (c1 + c2) / 2;
  const h = isGrey
    ? h1 + h2
    : Math.abs(h1 - h2) <= 180
    ? (h1 + h2) / 2
    : h1 + h2 < 360
    ? (h1 + h2 + 360) / 2
    : (h1 + h2 - 360) / 2;
  const t = 1 - 0.17 * Math.cos((h - 30) * rad) + 0.24 * Math.cos(2 * h * rad) +
    0.32 * Math.cos((3 * h + 6) * rad) - 0.2 * Math.cos((4 * h - 63) * rad);
  const sl = 1 + 0.015 * (l - 50) ** 2 / Math.sqrt(20 + (l - 50) ** 2);
  const sc = 1 + 0.045 * cc, sh = 1 + 0.015 * cc * t;
  const rotation = -Math.sin(60 * Math.exp(-(((h - 275) / 25) ** 2)) * rad) *
    2 * Math.sqrt(cc ** 7 / (cc ** 7 + 25 ** 7));
  return Math.sqrt(
    (dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 +
      rotation * (dc / sc) * (dh / sh),
  );
}
