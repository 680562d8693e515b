/**
 * The programs that a model's card shows: how to draw new images with it.
 *
 * @module
 */
import type { ModelOptions } from "../../lib/model/spec.ts";

/** Images that the programs draw. */
const COUNT = 16;

/** A class of each, where a model is told of one. */
const CLASS = 0;

/** Draws images in Deno. */
export function loadInDeno({ classCount = 0 }: ModelOptions): string {
  const isTold = classCount > 0;
  return `import { createEngine, decodeWeights, priorSample } from "jsr:@vae/mnist/core";

const { options, state } = decodeWeights(Deno.readFileSync("model.safetensors"));
const engine = await createEngine({ ...options, batchSize: ${COUNT}, seed: 0 });
await engine.writeState(state);
const z = priorSample(${COUNT}, options.latentDim, 0);
${
    isTold
      ? `const labels = new Uint8Array(${COUNT}).fill(${CLASS});
const images = await engine.decode(z, labels);`
      : "const images = await engine.decode(z);"
  } // ${COUNT} × 784 means, in [0, 1] or near
engine.dispose();`;
}

/** Draws images in PyTorch, of which the program has the model. */
export function loadInPyTorch(
  { latentDim, likelihood, classCount = 0 }: ModelOptions,
): string {
  const isTold = classCount > 0;
  const sum = (size: number) => isTold ? `${size} + ${classCount}` : `${size}`;
  const mean = likelihood === "bce" ? ".sigmoid()" : "";
  const told = isTold
    ? `
    def told(self, h, labels):
        return torch.cat([h, nn.functional.one_hot(labels, ${classCount}).to(h.dtype)], dim=1)
`
    : "";
  const labels = isTold ? ", labels" : "";
  const input = (h: string) => isTold ? `self.told(${h}, labels)` : h;
  return `import torch
from safetensors.torch import load_file
from torch import nn


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(16),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(32),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(64))
        self.fc_mu = nn.Linear(${sum(1024)}, ${latentDim})
        self.fc_logvar = nn.Linear(${sum(1024)}, ${latentDim})
        self.fc_decode = nn.Linear(${sum(latentDim)}, 1024)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(32),
            nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1), nn.ReLU(), nn.BatchNorm2d(16),
            nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1))
${told}
    def encode(self, x${labels}):  # [n, 1, 28, 28] in [0, 1]
        h = ${input("self.encoder(x).flatten(1)")}
        return self.fc_mu(h), self.fc_logvar(h)

    def decode(self, z${labels}):
        return self.decoder(self.fc_decode(${
    input("z")
  }).view(-1, 64, 4, 4))${mean}


model = VAE()
model.load_state_dict(load_file("model.safetensors"))
model.eval()
with torch.no_grad():
    images = model.decode(torch.randn(${COUNT}, ${latentDim})${
    isTold ? `, torch.full([${COUNT}], ${CLASS})` : ""
  })  # [${COUNT}, 1, 28, 28]`;
}
