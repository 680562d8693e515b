/**
 * Tries on drawn digits what a file's tensors may mean: which head gives μ, where
 * the one-hot class stands, what the outputs are, and how the layers were wired.
 *
 * @module
 */
import { synthesize } from "../dataset/synthetic.ts";
import {
  type ClassPlaces,
  drawMeans,
  drawRows,
  fitOf,
  type Probe,
  readDigits,
  type Reading,
} from "./heads.ts";
import { type OutputKind, outputKind } from "./outputs.ts";
import {
  decode,
  encode,
  type Named,
  outputOf,
  type Wiring,
} from "./plain_model.ts";
import { compareWirings } from "./statistics.ts";
import {
  CHANNELS_LAST,
  CROPS,
  DECODERS,
  ENCODERS,
  IN_BOTH,
  type Known,
} from "./wirings.ts";

/** What trying a model says. */
export interface Trial extends Pick<Reading, "isSwapped" | "kl" | "isPlaced"> {
  readonly places: ClassPlaces;
  /** How its layers were wired, if not as here. */
  readonly other?: Known;
  /** Whether its features stand in the order row, column, channel. */
  readonly isChannelsLast: boolean;
  /** Whether its statistics show that it was wired as here. */
  readonly isShown: boolean;
  /** What its outputs are, as far as the digits show it. */
  readonly outputs: OutputKind | undefined;
}

/** Digits that are drawn and encoded. */
const PROBES = 24;

/**
 * What z and the feature maps make of a decoder's statistics is little: where they
 * are others, outputs must be better, too, by so much of the pixels' variance.
 */
const BETTER = 0.05;

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
  const probe: Probe = {
    ...{ named, pixels, mayBeSwapped },
    isTold: classCount > 0,
    labels: digits.map((digit) => classCount > 0 ? digit % classCount : 0),
    features: outputOf(encode(named, pixels)),
  };
  const encoder = compareWirings(
    named,
    ENCODERS,
    (wiring) => encode(named, pixels, wiring),
  );
  const plain = readDigits(probe, {});
  const read = (wiring: Wiring) =>
    wiring.features ? readDigits(probe, wiring) : plain;
  const decoder = compareWirings(
    named,
    DECODERS,
    (wiring) => decode(named, drawRows(probe, read(wiring)), wiring),
  );
  const means = (wiring: Wiring) => {
    const outputs = drawMeans(probe, read(wiring), wiring);
    const views = wiring.sizes ? CROPS.map((crop) => crop(outputs)) : [outputs];
    return views.map((outputs) => ({
      outputs,
      explained: fitOf(pixels, outputs).explained,
    })).reduce((a, b) => b.explained > a.explained ? b : a);
  };
  let drawn = means({});
  let { other } = decoder;
  if (other && !IN_BOTH.includes(other)) {
    const better = means(other.wiring);
    if (better.explained > drawn.explained + BETTER) drawn = better;
    else other = undefined;
  }
  const isChannelsLast = other?.wiring === CHANNELS_LAST;
  const { isSwapped, kl, isPlaced, ...places } = isChannelsLast
    ? read(CHANNELS_LAST)
    : plain;
  other = encoder.other ?? (isChannelsLast ? undefined : other);
  return {
    ...(other && { other }),
    ...{ isSwapped, kl, isPlaced, isChannelsLast },
    places: { encoder: places.encoder, decoder: places.decoder },
    isShown: encoder.isShown && (decoder.isShown || isChannelsLast),
    outputs: outputKind(pixels, drawn.outputs),
  };
}
