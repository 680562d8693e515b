/**
 * Gives the linear layers of a state dict their places in the model, by shapes and
 * names.
 *
 * @module
 */
import { display } from "../formats/error.ts";
import { FEATURE_COUNT } from "../model/spec.ts";
import { showSizes } from "../text.ts";
import { describe, fill, inOrder, type Placed } from "./torch_places.ts";
import { join, type Layer } from "./torch_state_dict.ts";

/** Words in the names of the layer that gives μ, and of that of log σ². */
const IS_MU = /^([vz]?mu|[vz]?mean|means|loc)$/;
const IS_LOGVAR = /^[vz]?(logvar|log(z?)var|lv|logv|var|variance|logvariance)$/;

/** Words of layers that give σ or log σ, of which log σ² is another. */
const IS_SIGMA = /^z?(log)?(sigma|sig|std|stddev|stdev|sd|scale|rho|prec)/;

/** Places linear layers: two heads read the features, and one writes features. */
export function placeLinear(layers: readonly Layer[], placed: Placed): void {
  const mu: Layer[] = [], logvar: Layer[] = [];
  const decode: Layer[] = [], unnamed: Layer[] = [];
  for (const layer of layers) {
    const { words, path } = layer;
    const names = headWords(layer);
    if (!readsFeatures(layer.shape)) decode.push(layer);
    else if (names.some((word) => IS_MU.test(word))) mu.push(layer);
    else if (names.some((word) => IS_LOGVAR.test(word))) {
      logvar.push(layer);
      const says = words.join("").match(/log|lv/);
      if (!says) placed.assumed.push(`${display(path)} gives log σ²`);
    } else if (names.some((word) => IS_SIGMA.test(word))) {
      placed.problems.push(
        `${display(join(path, "weight"))} seems to give σ or log σ, and here ` +
          "a head gives log σ²",
      );
    } else unnamed.push(layer);
  }
  const [both, ...others] = [...mu, ...logvar, ...unnamed];
  const isBoth = both && others.length === 0 &&
    (unnamed.length === 1 || /(mu|mean).*(var|sig)/.test(both.words.join("")));
  if (isBoth) {
    placed.problems.push(
      `${display(join(both.path, "weight"))} ${showSizes(both.shape)} alone ` +
        "reads the features: if it gives μ and log σ² together, save its rows " +
        "as two layers, fc_mu and fc_logvar",
    );
    fill("linear decoder layer", ["fc_decode"], decode, placed);
    return;
  }
  const isNamed = mu.length + logvar.length > 0;
  const pair = inOrder(unnamed);
  if (!isNamed && unnamed.length === 2 && pair) {
    // fc21 and fc22, or fc1 and fc2, as in PyTorch's own example.
    const [first, second] = pair;
    mu.push(first);
    logvar.push(second);
    placed.assumed.push(
      `${display(first.path)} gives μ and ${display(second.path)} log σ²`,
    );
  } else if (mu.length + logvar.length === 1 && unnamed.length === 1) {
    const isMu = logvar.length === 1;
    (isMu ? mu : logvar).push(unnamed[0]);
    placed.assumed.push(
      `${display(unnamed[0].path)} gives ${isMu ? "μ" : "log σ²"}`,
    );
  } else if (unnamed.length > 0) {
    placed.problems.push(
      `which of its layers gives μ is not clear (${describe(unnamed)})`,
    );
  }
  fill("μ layer", ["fc_mu"], mu, placed);
  fill("log σ² layer", ["fc_logvar"], logvar, placed);
  fill("linear decoder layer", ["fc_decode"], decode, placed);
}

/**
 * The words of a head's name, `log` and `var` as one: `fc_log_variance`. σ² in
 * logarithms is `logvar`, by whatever name: `log_sigma2`, `log_sigma_sq`.
 */
function headWords({ path, words }: Layer): readonly string[] {
  const name = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  const bare = name.replaceAll(/[^a-z0-9]/g, "");
  if (/log(sigma|std)(2|sq|squared?)$/.test(bare)) return ["logvar"];
  const joined: string[] = [];
  for (const word of words) {
    if (joined.at(-1)?.endsWith("log")) joined.push(joined.pop() + word);
    else joined.push(word);
  }
  return joined;
}

/** Says whether a layer reads the features, and maybe a one-hot class behind them. */
function readsFeatures([outputs, inputs]: readonly number[]): boolean {
  return outputs !== FEATURE_COUNT || inputs >= FEATURE_COUNT;
}
