/** Where a checkpoint's model and options lie, and which are not the model's. */
import { assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";
import type { Value } from "../lib/formats/pickle.ts";
import { ImportError } from "../lib/interop/error.ts";
import { mapNames } from "../lib/interop/torch_names.ts";
import { readPth } from "../lib/interop/torch_pth.ts";
import { namedOptions } from "../lib/interop/torch_training.ts";

const MODEL = mapNames(readPth(gunzipSync(
  Deno.readFileSync(
    new URL("fixtures/torch-continued.pth.gz", import.meta.url),
  ),
)));

const dict = (entries: Record<string, Value>) =>
  new Map(Object.entries(entries));

Deno.test("namedOptions() takes no optimiser's beta for the model's", () => {
  const optimizer = dict({ name: "adam", beta: 0.9 });
  const config = dict({ optimizer, model: dict({ latent_dim: 4 }) });
  assertEquals(namedOptions(dict({ config })).options.beta, undefined);
  const model = dict({ beta: 4 });
  const both = dict({ config: dict({ optimizer, model }) });
  assertEquals(namedOptions(both).options.beta, 4);
});

Deno.test("mapNames() says that a state dict holds two models", () => {
  const both = ["model", "ema_model"].flatMap((prefix) =>
    [...MODEL].map(([name, tensor]) => [`${prefix}.${name}`, tensor] as const)
  );
  assertThrows(
    () => mapNames(new Map(both)),
    ImportError,
    "it holds 2 models, model and ema_model: save the state dict of the one",
  );
});

Deno.test("mapNames() says that one layer gives μ and log σ² together", () => {
  const tensors = new Map(MODEL);
  for (const leaf of ["weight", "bias"]) {
    const { shape: [rows, ...inputs], data } = tensors.get(`fc_mu.${leaf}`)!;
    tensors.delete(`fc_mu.${leaf}`);
    tensors.delete(`fc_logvar.${leaf}`);
    tensors.set(`fc_mu_logvar.${leaf}`, {
      dtype: "F32",
      shape: [2 * rows, ...inputs],
      data: Float32Array.of(...data as Float32Array, ...data as Float32Array),
    });
  }
  assertThrows(
    () => mapNames(tensors),
    ImportError,
    "fc_mu_logvar.weight [4, 1024] alone reads the features",
  );
});

Deno.test("mapNames() says that a buffer may be deleted", () => {
  const prior = {
    dtype: "F32",
    shape: [2],
    data: new Float32Array(2),
  } as const;
  assertThrows(
    () => mapNames(new Map([...MODEL, ["prior_mu", prior]])),
    ImportError,
    "prior_mu [2] has no place: if the model computes nothing with it, delete",
  );
});
