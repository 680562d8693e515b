/**
 * Tries on drawn digits what a file's tensors may mean: which head gives μ, where
 * the one-hot class stands, whether outputs are pixels, and what came before the
 * batch norms.
 *
 * @module
 */
import { synthesize } from "../dataset/synthetic.ts";
import { fillNormal, streamKey } from "../rng.ts";
import { otherActivation, relu } from "./activations.ts";
import {
  type ClassPlace,
  decode,
  encode,
  linear,
  type Named,
} from "./plain_model.ts";

/** Where each half of a model is told of the class. */
export interface ClassPlaces {
  readonly encoder: ClassPlace;
  readonly decoder: ClassPlace;
}

/** A way to take the tensors, and what it makes of the digits. */
interface Way extends ClassPlaces {
  readonly isSwapped: boolean;
  readonly mu: Float32Array;
  readonly logvar: Float32Array;
  readonly outputs: Float32Array;
  /** The outputs of μ by the pixels. */
  readonly fit: Fit;
}

/** A line through points. */
interface Fit {
  readonly slope: number;
  /** The share of the variance that it explains. */
  readonly explained: number;
}

/** What trying a model says. */
export interface Trial {
  /** What came before the batch norms, by PyTorch's name, if no ReLU. */
  readonly activation?: string;
  /** Whether the heads stand in the other order. */
  readonly isSwapped: boolean;
  /** The KL of the digits in nats, and with the heads the other way round. */
  readonly kl: readonly [asNamed: number, swapped: number];
  readonly places: ClassPlaces;
  /** Whether the places are sure, since any others make worse images. */
  readonly isPlaced: boolean;
  /** What most outputs lie between, if they are no pixels. */
  readonly range?: readonly [low: number, high: number];
}

/** Digits that are drawn and encoded. */
const PROBES = 24;

/**
 * So much more of the pixels' variance is explained by the right way than by a
 * wrong one. (At learning rates of 0.001 and 0.01 it is from the 48th step on.)
 */
const CLEAR = 0.05;

/** The right order may have the larger KL, in nats, of a model that uses no z. */
const KL_FACTOR = 1.5, KL_MARGIN = 1;

/**
 * Of a regression on pixels the slope is the share that it explains (it regresses
 * to the mean), and so it is, to 0.2, for models that are trained for pixels.
 * Logits go beyond by 0.8 after 16 steps, and by 3.5 after 300.
 */
const EXPLAINED = 0.1, STEEPER = 0.5;

/**
 * Tries a model.
 *
 * @param classCount Classes that it is told of.
 * @param mayBeSwapped Whether its heads may stand in either order.
 */
export function tryModel(
  named: Named,
  classCount: number,
  mayBeSwapped: boolean,
): Trial {
  const { images, labels: digits } = synthesize(PROBES, { seed: 0 });
  const pixels = Float32Array.from(images, (byte) => byte / 255);
  const labels = digits.map((digit) => classCount > 0 ? digit % classCount : 0);
  const features = encode(named, pixels, relu).output;
  const sides: ClassPlace[] = classCount > 0 ? ["behind", "first"] : ["behind"];
  const ways = sides.flatMap((encoder) => {
    const head = (name: string) =>
      linear(named, name, features, labels, encoder);
    const heads = [head("fc_mu"), head("fc_logvar")];
    return (mayBeSwapped ? [false, true] : [false]).flatMap((isSwapped) => {
      const [mu, logvar] = isSwapped ? heads.toReversed() : heads;
      return sides.map((decoder): Way => {
        const rows = linear(named, "fc_decode", mu, labels, decoder);
        const outputs = decode(named, rows, relu).output;
        const fit = fitOf(pixels, outputs);
        return { isSwapped, encoder, decoder, mu, logvar, outputs, fit };
      });
    });
  });
  const choice = {
    isSwapped: choose(ways, "isSwapped"),
    encoder: choose(ways, "encoder"),
    decoder: choose(ways, "decoder"),
  };
  const places = {
    encoder: choice.encoder ?? "behind",
    decoder: choice.decoder ?? "behind",
  };
  const find = (isSwapped: boolean) =>
    ways.find((way) =>
      way.isSwapped === isSwapped && way.encoder === places.encoder &&
      way.decoder === places.decoder
    );
  const { mu, logvar } = find(false)!;
  const kl = [klOf(mu, logvar), klOf(logvar, mu)] as const;
  const isSwapped = mayBeSwapped &&
    (choice.isSwapped ?? kl[0] > KL_FACTOR * kl[1] + KL_MARGIN);
  const way = find(isSwapped)!;
  const rows = linear(named, "fc_decode", drawn(way), labels, places.decoder);
  const activation =
    otherActivation(named, (other) => encode(named, pixels, other).moments) ??
      otherActivation(
        named,
        (other) => decode(named, rows.slice(), other).moments,
      );
  const { slope, explained } = way.fit;
  const sorted = way.outputs.toSorted();
  const range = [0.01, 0.99].map((share) =>
    sorted[Math.round(share * (sorted.length - 1))]
  );
  return {
    ...(activation !== undefined && { activation }),
    ...{ isSwapped, kl, places },
    isPlaced: choice.encoder !== undefined && choice.decoder !== undefined,
    ...(explained > EXPLAINED && slope > explained + STEEPER && {
      range: [range[0], range[1]],
    }),
  };
}

/** Returns the value that the best ways have in common; nothing if it is not clear. */
function choose<K extends "isSwapped" | keyof ClassPlaces>(
  ways: readonly Way[],
  key: K,
): Way[K] | undefined {
  const explained = (way: Way) => way.fit.explained;
  const best = ways.reduce((a, b) => explained(b) > explained(a) ? b : a);
  const others = ways.filter((way) => way[key] !== best[key]);
  const isClear = others.every((way) =>
    explained(way) < explained(best) - CLEAR
  );
  return others.length > 0 && isClear ? best[key] : undefined;
}

/** Draws a z for each row. */
function drawn({ mu, logvar }: Way): Float32Array {
  const z = new Float32Array(mu.length);
  fillNormal(z, streamKey(0, "epsilon"), 0);
  return z.map((noise, i) => mu[i] + noise * Math.exp(logvar[i] / 2));
}

/** The mean KL of images in nats (Kingma & Welling 2014, appendix B). */
function klOf(mu: Float32Array, logvar: Float32Array): number {
  return mu.reduce(
    (sum, mu, i) => sum + (mu ** 2 + Math.exp(logvar[i]) - 1 - logvar[i]) / 2,
    0,
  ) / PROBES;
}

/** Least squares of outputs on pixels. */
function fitOf(pixels: Float32Array, outputs: Float32Array): Fit {
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
