"""Trains the classifier whose features samples are measured on, and writes its weights as a module of the package.

Needs PyTorch and numpy, and MNIST where `deno task fetch` puts it; from the root of the repository, two to three
minutes on two cores:

    python3 tests/features/train_classifier.py data/mnist lib/metrics/classifier_weights.ts

It is the encoder of this project with 64 outputs, the features, and a linear layer from these to the ten classes.
It learns from the first 55,000 training images, moved, turned and stretched a little; the last 5,000 served to choose
how. The test images are looked at once, after the rounding to float16.
"""
import argparse, base64, hashlib, math, pathlib, sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
from vae_reference import VAE

FEATURES, CLASSES = 64, 10
EPOCHS, BATCH, TOP_RATE = 16, 128, 4e-3
TRAINING, SIZE = 55_000, 28


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        vae = VAE(FEATURES)
        self.encoder, self.fc_mu = vae.encoder, vae.fc_mu
        self.classes = nn.Linear(FEATURES, CLASSES)

    def features(self, x):
        return self.fc_mu(self.encoder(x).flatten(1))

    def forward(self, x):
        return self.classes(F.dropout(self.features(x), 0.3, self.training))


def read(folder, name):
    """The bytes of an IDX file."""
    raw = np.frombuffer((pathlib.Path(folder) / name).read_bytes(), np.uint8)
    return torch.from_numpy(raw[4 + 4 * raw[3]:].copy())


def load(folder, split):
    images = read(folder, f"{split}-images-idx3-ubyte").view(-1, 1, SIZE, SIZE).float() / 255
    return images, read(folder, f"{split}-labels-idx1-ubyte").long()


def disturb(x):
    """Moves each image by up to 2 pixels, turns it by up to 10 degrees and stretches it by up to a tenth."""
    n = len(x)
    uniform = lambda most, *shape: most * (2 * torch.rand(n, *shape) - 1)
    angle, stretch = uniform(math.radians(10)), 1 + uniform(0.1, 2)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1) * stretch[:, None]
    grid = F.affine_grid(torch.cat([turn, uniform(4 / SIZE, 2, 1)], 2), x.shape, align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        found = torch.cat([model(part).argmax(1) for part in images.split(1000)])
    return (found == labels).float().mean().item()


def train(images, labels, validation):
    model = Classifier()
    steps = math.ceil(len(images) / BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, TOP_RATE, total_steps=EPOCHS * steps)
    for epoch in range(EPOCHS):
        model.train()
        for part in torch.randperm(len(images)).split(BATCH):
            loss = F.cross_entropy(model(disturb(images[part])), labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: {accuracy(model, *validation):.2%} of the validation images", flush=True)
    return model


def round_weights(model):
    """Rounds the model to float16 and returns its numbers in the order of the package's tables: parameters, running
    statistics, the linear layer."""
    state = {k: v.half() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    model.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    running = [k for k in state if ".running_" in k]
    linear = ["classes.weight", "classes.bias"]
    order = [k for k in state if k not in running + linear] + running + linear
    return np.concatenate([state[k].numpy().ravel() for k in order]).astype("<f2").tobytes()


MODULE = '''/**
 * The classifier's weights. Made by `tests/features/train_classifier.py`.
 *
 * @module
 */

/** Share of the MNIST test images that it names right. */
export const CLASSIFIER_ACCURACY = {accuracy:.4f};

/** SHA-256 of the decoded bytes, in hex. */
export const CLASSIFIER_DIGEST =
  "{digest}";

/** Little-endian float16 numbers in base64. */
export const CLASSIFIER_BASE64 =
  "{text}";
'''


def main():
    p = argparse.ArgumentParser()
    p.add_argument("mnist", help="the folder of the four files")
    p.add_argument("out", help="the module to write")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    images, labels = load(a.mnist, "train")
    validation = images[TRAINING:], labels[TRAINING:]
    model = train(images[:TRAINING], labels[:TRAINING], validation)
    weights = round_weights(model)
    right = accuracy(model, *load(a.mnist, "t10k"))
    print(f"in float16: {accuracy(model, *validation):.2%} of the validation images, {right:.2%} of the test images")
    pathlib.Path(a.out).write_text(MODULE.format(
        accuracy=right, digest=hashlib.sha256(weights).hexdigest(), text=base64.b64encode(weights).decode()))


if __name__ == "__main__":
    main()
