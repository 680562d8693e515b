"""Trains one epoch as the usual PyTorch script does: a DataLoader and a transform like ToTensor.

    time python torch_epoch.py --data-dir data/mnist [--threads 2] [--gathered]

It is the whole process that is timed, imports and reading included; beside it,
`time deno task train --epochs 1 --no-save-plots`. With `--gathered`, each batch
is taken from one tensor by its shuffled indices, which saves the DataLoader.
"""

import argparse
import gzip
import os
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(here, "..", "golden"))

import timing  # noqa: F401 (clears the BLAS's environment: before NumPy)

p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
p.add_argument("--data-dir", default="data/mnist", help="folder of MNIST's IDX files")
p.add_argument("--threads", type=int, default=os.cpu_count())
p.add_argument("--batch-size", type=int, default=128)
p.add_argument("--latent-dim", type=int, default=12)
p.add_argument("--gathered", action="store_true")
options = p.parse_args()

import numpy
import torch
from torch.utils.data import DataLoader, Dataset
from vae_reference import VAE, loss_terms

torch.set_num_threads(options.threads)
torch.manual_seed(0)

#: As many as we train on by default: the last 5,000 are for validation.
TRAINING_IMAGES = 55_000


def read_images():
    """Returns the training images as bytes."""
    path = os.path.join(options.data_dir, "train-images-idx3-ubyte")
    if os.path.exists(path):
        with open(path, "rb") as file:
            data = file.read()
    else:
        with gzip.open(path + ".gz") as file:
            data = file.read()
    images = numpy.frombuffer(data, numpy.uint8, offset=16).reshape(-1, 28, 28)
    return torch.from_numpy(images[:TRAINING_IMAGES].copy())


class Images(Dataset):
    """Images one by one, as torchvision's MNIST with ToTensor gives them."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i].unsqueeze(0).to(torch.float32).div(255)


def batches(images):
    if not options.gathered:
        yield from DataLoader(Images(images), options.batch_size, shuffle=True)
        return
    for rows in torch.randperm(len(images)).split(options.batch_size):
        yield images[rows].unsqueeze(1).to(torch.float32).div(255)


model = VAE(options.latent_dim)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
total = images_seen = 0
for x in batches(read_images()):
    mu, logvar = model.encode(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    reconstruction, kl = loss_terms(model.decode(z), x, mu, logvar)
    loss = reconstruction + kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    total += loss.item() * len(x)
    images_seen += len(x)
print(f"PyTorch {torch.__version__}: mean loss {total / images_seen:.2f} over {images_seen} images")
