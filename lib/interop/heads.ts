/**
 * Reads drawn digits through a model's encoder and heads and draws them again, in
 * each order of the heads and with the class in each place: the best is the right
 * one.
 *
 * @module
 */
import { fillNormal, streamKey } from "../rng.ts";
import {
  type ClassPlace,
  decode,
  linear,
  type Named,
  outputOf,
  type Wiring,
} from "./plain_model.ts";

/** Where each half of a model is told of the class. */
export interface ClassPlaces {
  readonly encoder: ClassPlace;
  readonly decoder: ClassPlace;
}

/** Digits, and what a model's convolutions make of them. */
export interface Probe {
  readonly named: Named;
  /** In [0, 1], 784 of each digit. */
  readonly pixels: Float32Array;
  /** The class of each digit, if the model is told of any. */
  readonly labels: Uint8Array;
  readonly isTold: boolean;
  readonly features: Float32Array;
  /** Whether the heads may stand in either order. */
  readonly mayBeSwapped: boolean;
}

/** A way to take the tensors, and what it makes of the digits. */
interface Way extends ClassPlaces {
  readonly isSwapped: boolean;
  readonly mu: Float32Array;
  readonly logvar: Float32Array;
}

/** The best way. */
export interface Reading extends Way {
  /** The KL of the digits in nats, and with the heads the other way round. */
  readonly kl: readonly [asNamed: number, swapped: number];
  /** Whether the places of the class are sure, since any others are worse. */
  readonly isPlaced: boolean;
}

/**
 * So much more of the pixels' variance is explained by the right way than by a
 * wrong one. (At learning rates of 0.001 and 0.01 it is from the 48th step on.)
 */
const CLEAR = 0.05;

/** The right order may have the larger KL, in nats, of a model that uses no z. */
const KL_FACTOR = 1.5, KL_MARGIN = 1;

/** Finds the best way to read digits. */
export function readDigits(probe: Probe, wiring: Wiring): Reading {
  const { named, labels, isTold, mayBeSwapped } = probe;
  const features = wiring.features?.(probe.features) ?? probe.features;
  const sides: ClassPlace[] = isTold ? ["behind", "first"] : ["behind"];
  const ways = sides.flatMap((encoder) => {
    const head = (name: string) =>
      linear(named, name, features, labels, encoder);
    const heads = [head("fc_mu"), head("fc_logvar")];
    return (mayBeSwapped ? [false, true] : [false]).flatMap((isSwapped) => {
      const [mu, logvar] = isSwapped ? heads.toReversed() : heads;
      return sides.map((decoder): Way => (
        { isSwapped, encoder, decoder, mu, logvar }
      ));
    });
  });
  const explained = ways.map((way) =>
    // The only one is the best.
    ways.length > 1
      ? fitOf(probe.pixels, drawMeans(probe, way, wiring)).explained
      : 1
  );
  const choose = <K extends "isSwapped" | keyof ClassPlaces>(key: K) =>
    bestOf(ways, explained, key);
  const [encoder, decoder] = [choose("encoder"), choose("decoder")];
  const find = (isSwapped: boolean) =>
    ways.find((way) =>
      way.isSwapped === isSwapped && way.encoder === (encoder ?? "behind") &&
      way.decoder === (decoder ?? "behind")
    )!;
  const { mu, logvar } = find(false);
  const kl = [klOf(mu, logvar), klOf(logvar, mu)]
    .map((sum) => sum / labels.length) as [number, number];
  const isSwapped = mayBeSwapped && (choose("isSwapped") ??
    kl[0] > KL_FACTOR * kl[1] + KL_MARGIN);
  return {
    ...{ ...find(isSwapped), kl },
    isPlaced: encoder !== undefined && decoder !== undefined,
  };
}

/** Returns the value that the best ways have in common; nothing if it is not clear. */
function bestOf<K extends "isSwapped" | keyof ClassPlaces>(
  ways: readonly Way[],
  explained: readonly number[],
  key: K,
): Way[K] | undefined {
  const most = Math.max(...explained);
  const best = ways[explained.indexOf(most)][key];
  const others = explained.filter((_, i) => ways[i][key] !== best);
  const isClear = others.every((share) => share < most - CLEAR);
  return others.length > 0 && isClear ? best : undefined;
}

/** What becomes of μ. */
export function drawMeans(
  { named, labels }: Probe,
  { mu, decoder }: Way,
  wiring: Wiring,
): Float32Array {
  const rows = linear(named, "fc_decode", mu, labels, decoder);
  return outputOf(decode(named, rows, wiring));
}

/** Draws a z for each digit, and gives what `fc_decode` makes of it. */
export function drawRows(
  { named, labels }: Probe,
  { mu, logvar, decoder }: Reading,
): Float32Array {
  const z = new Float32Array(mu.length);
  fillNormal(z, streamKey(0, "epsilon"), 0);
  z.forEach((noise, i) => z[i] = mu[i] + noise * Math.exp(logvar[i] / 2));
  return linear(named, "fc_decode", z, labels, decoder);
}

/** The KL of all images in nats (Kingma & Welling 2014, appendix B). */
function klOf(mu: Float32Array, logvar: Float32Array): number {
  return mu.reduce(
    (sum, mu, i) => sum + (mu ** 2 + Math.exp(logvar[i]) - 1 - logvar[i]) / 2,
    0,
  );
}

/** A line through points. */
export interface Fit {
  readonly slope: number;
  /** The share of the variance that it explains. */
  readonly explained: number;
}

/** Least squares of outputs on pixels. */
export function fitOf(pixels: Float32Array, outputs: Float32Array): Fit {
  const mean = (values: Float32Array) =>
    values.reduce((a, b) => a + b) / values.length;
  const [x, y] = [mean(pixels), mean(outputs)];
  let xx = 0, xy = 0, yy = 0;
  pixels.forEach((pixel, i) => {
    const [dx, dy] = [pixel - x, outputs[i] - y];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  });
  // Outputs that are all the same explain nothing.
  return {
    slope: xy / xx,
    explained: yy > 0 && xy > 0 ? xy ** 2 / (xx * yy) : 0,
  };
}
