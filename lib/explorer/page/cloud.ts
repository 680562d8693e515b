/// <reference lib="dom" />
/**
 * Draws from what the encoder says of one picture, and where they lie on the map.
 *
 * @module
 */
import { priorSample } from "../../model/prior.ts";
import type { Drawn, Explorer, Roll } from "./explorer.ts";
import type { Plane } from "./plane.ts";
import { color } from "./theme.ts";

/** Draws that the map shows: those that thirty rolls of the dice give. */
export const DRAWS = 30;

/**
 * Draws z = μ + σ·ε (Kingma & Welling 2014, section 2.4,
 * https://arxiv.org/abs/1312.6114). The same number gives the same ε, whatever
 * the picture.
 *
 * @param number Which draw, from 0; those of a cloud have numbers in a row.
 * @param isMean Whether ε is 0 in its place.
 */
export function rollOf(picture: Drawn, number: number, isMean = false): Roll {
  const { mu, sigma } = picture;
  const d = mu.length;
  const noise = priorSample(DRAWS, d, Math.floor(number / DRAWS));
  const cloud = noise.map((epsilon, at) =>
    mu[at % d] + sigma[at % d] * epsilon
  );
  if (isMean) return { picture, epsilon: mu.map(() => 0), z: mu, cloud };
  const row = [number % DRAWS * d, (number % DRAWS + 1) * d] as const;
  const epsilon = noise.slice(...row);
  return { picture, epsilon, z: cloud.slice(...row), cloud };
}

/** Marks the picture's draws on the map, its standard deviation, and its z. */
export function drawCloud(
  context: CanvasRenderingContext2D,
  size: number,
  { roll, model: { range, options: { autoencoder } } }: Explorer,
  plane: Plane,
): void {
  if (roll === null) return;
  const { picture: { mu, sigma }, z, cloud } = roll;
  const dot = (values: Float32Array, first: number, radius: number) => {
    const [x, y] = plane.place(values, first);
    context.beginPath();
    context.arc(x * size, y * size, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  };
  // Ink, as the classes have all other colours.
  context.fillStyle = color("ink");
  context.strokeStyle = color("paper");
  context.lineWidth = 1;
  if (!autoencoder) {
    for (let at = 0; at < cloud.length; at += z.length) dot(cloud, at, 2.5);
    const [x, y] = plane.place(mu);
    const [rx, ry] = plane.dimensions.map((d) => sigma[d] / (2 * range) * size);
    context.strokeStyle = color("ink");
    context.lineWidth = 2;
    context.beginPath();
    context.ellipse(x * size, y * size, rx, ry, 0, 0, 2 * Math.PI);
    context.stroke();
  }
  context.fillStyle = context.strokeStyle = color("ink");
  dot(z, 0, 4);
}
