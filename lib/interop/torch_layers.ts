/**
 * Gives the layers of a state dict their places in the model. A convolution's
 * follows from its shapes alone: weight and bias tell which of two directions it
 * has. Where shapes leave a choice, the words and numbers of the names make it.
 *
 * @module
 */
import { display } from "../formats/error.ts";
import { type ConvShape, DECODER, ENCODER } from "../model/spec.ts";
import { showSizes } from "../text.ts";
import { placeLinear } from "./torch_heads.ts";
import { describe, fill, inOrder, type Placed } from "./torch_places.ts";
import { byNumbers, join, type Layer } from "./torch_state_dict.ts";

/**
 * Words in the names of layers on the two sides: `deconv`, `convTranspose`,
 * `up`, `encode`.
 */
const IS_DECODER = /^(de|trans|up|tconv|convt|ct$|dconv|dbn|t$)/;
const IS_ENCODER = /^(enc|down)/;

type Side = "encoder" | "decoder";

const SIDES = { encoder: ENCODER, decoder: DECODER } as const;

/** Gives each layer its place. */
export function placeLayers(layers: readonly Layer[]): Placed {
  const placed: Placed = { places: new Map(), problems: [], assumed: [] };
  const ofRank = (rank: number) =>
    layers.filter(({ shape }) => shape.length === rank);
  const convolutions = placeConvolutions(ofRank(4), placed);
  placeNorms(ofRank(1), convolutions, placed);
  placeLinear(ofRank(2), placed);
  for (const { path, shape, tensors } of layers) {
    if ([1, 2, 4].includes(shape.length)) continue;
    const [[leaf, tensor]] = tensors;
    placed.problems.push(
      `${display(join(path, leaf))} ${showSizes(tensor.shape)} has ` +
        (tensors.has("weight") ? "no place" : "no weight beside it"),
    );
  }
  return placed;
}

/**
 * Places convolutions by the shapes of weight and bias, which differ among all six.
 * If any has others, all are placed by their names, so that it can be said which.
 *
 * @returns The layers of each side.
 */
function placeConvolutions(
  layers: readonly Layer[],
  placed: Placed,
): Record<Side, readonly Layer[]> {
  const bySide: Record<Side, Layer[]> = { encoder: [], decoder: [] };
  const places: [string, Layer][] = [];
  for (const side of ["encoder", "decoder"] as const) {
    SIDES[side].forEach(({ large, small }: ConvShape, i) => {
      const weight = [small.channels, large.channels, 3, 3];
      const bias = side === "encoder" ? small.channels : large.channels;
      const fitting = layers.filter(({ shape, tensors }) =>
        String(shape) === String(weight) &&
        String(tensors.get("bias")?.shape) === String(bias)
      );
      if (fitting.length !== 1) return;
      bySide[side].push(fitting[0]);
      places.push([`${side}.${3 * i}`, fitting[0]]);
    });
  }
  if (places.length === layers.length && places.length === 6) {
    for (const [place, layer] of places) placed.places.set(place, layer);
    return bySide;
  }
  const named = sidesByName(layers);
  for (const side of ["encoder", "decoder"] as const) {
    const names = SIDES[side].map((_, i) => `${side}.${3 * i}`);
    fill(`${side} convolution`, names, named[side], placed);
  }
  return named;
}

/**
 * Places batch norms by their channels, which differ within a side, and by their
 * side.
 */
function placeNorms(
  layers: readonly Layer[],
  convolutions: Record<Side, readonly Layer[]>,
  placed: Placed,
): void {
  const sides = sidesOfNorms(layers, convolutions);
  for (const side of ["encoder", "decoder"] as const) {
    const channels = channelsOf(side);
    const names = channels.map((_, i) => `${side}.${3 * i + 2}`);
    const own = layers.filter((layer) => sides.get(layer) === side);
    const inOrder = channels.map((count) =>
      own.filter(({ shape: [own] }) => own === count)
    );
    if (
      own.length === channels.length &&
      inOrder.every(({ length }) => length === 1)
    ) {
      names.forEach((name, i) => placed.places.set(name, inOrder[i][0]));
    } else fill(`${side} batch norm`, names, own, placed);
  }
  const unsaid = layers.filter((layer) => !sides.has(layer));
  if (unsaid.length > 0) {
    placed.problems.push(
      `the sides of its batch norms are not clear (${describe(unsaid)})`,
    );
  }
}

/** The channels of a side's norms. */
function channelsOf(side: Side): number[] {
  return side === "encoder"
    ? ENCODER.map(({ small }) => small.channels)
    : DECODER.slice(0, -1).map(({ large }) => large.channels);
}

/**
 * Tells the sides of batch norms: by words that only the convolutions of one side
 * have, by those that people use, or because the other side has its norms already;
 * the first are the encoder's where nothing says it, `bn1` to `bn3`, unless their
 * channels are the decoder's.
 */
function sidesOfNorms(
  layers: readonly Layer[],
  convolutions: Record<Side, readonly Layer[]>,
): Map<Layer, Side> {
  const words = (side: Side) =>
    new Set(convolutions[side].flatMap(({ words }) => words));
  const [encoder, decoder] = [words("encoder"), words("decoder")];
  const sides = new Map<Layer, Side>();
  for (const layer of layers) {
    const isOf = (own: Set<string>, other: Set<string>, usual: RegExp) =>
      layer.words.some((word) =>
        own.has(word) && !other.has(word) || usual.test(word)
      );
    const isEncoder = isOf(encoder, decoder, IS_ENCODER);
    const isDecoder = isOf(decoder, encoder, IS_DECODER);
    if (isEncoder !== isDecoder) {
      sides.set(layer, isEncoder ? "encoder" : "decoder");
    }
  }
  const unsaid = layers.filter((layer) => !sides.has(layer));
  const saysEncoder = [...sides.values()].includes("encoder");
  const rest = inOrder(unsaid);
  const first = saysEncoder ? 0 : ENCODER.length;
  const channels = String(rest?.map(({ shape }) => shape));
  const isDecoderFirst =
    channels === String([...channelsOf("decoder"), ...channelsOf("encoder")]);
  rest?.forEach((layer, i) => {
    const isEncoder = isDecoderFirst
      ? i >= channelsOf("decoder").length
      : i < first;
    sides.set(layer, isEncoder ? "encoder" : "decoder");
  });
  return sides;
}

/** Sorts layers by their side, by names alone. */
function sidesByName(layers: readonly Layer[]): Record<Side, Layer[]> {
  const sides = Map.groupBy(layers, ({ words }) => {
    if (words.some((word) => IS_DECODER.test(word))) return "decoder";
    return words.some((word) => IS_ENCODER.test(word)) ? "encoder" : "unsaid";
  });
  const { encoder = [], decoder = [], unsaid = [] } = Object.fromEntries(sides);
  const others = unsaid.toSorted(byNumbers);
  const first = encoder.length > 0 ? 0 : ENCODER.length;
  return {
    encoder: [...encoder, ...others.slice(0, first)],
    decoder: [...decoder, ...others.slice(first)],
  };
}
