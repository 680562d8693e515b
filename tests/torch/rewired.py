"""Makes the fixtures of models whose layers are wired otherwise than this project's.

    python3 tests/torch/rewired.py

Needs PyTorch and numpy. `torch-wirings.safetensors` has the running statistics of the encoder in torch-class-first.pth.gz
after it has seen the digits of tests/golden 20 times in training mode, wired as WIRINGS says:
WIRING.NORM.running_mean and …running_var. `torch-rectified.pth.gz` is the state dict of a model with a ReLU on the
features and another on what its fc_decode gives, after 150 steps on the digits; its numbers have one bit behind the
leading one, so that the file is small.
"""
import gzip, io, sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.dont_write_bytecode = True
HERE = Path(__file__).parent
GOLDEN, FIXTURES = HERE.parent / "golden", HERE.parent / "fixtures"
sys.path.insert(0, str(GOLDEN))
from misread import coarse
from vae_reference import VAE, draw, loss_terms, read_idx, save_safetensors

PASSES, STEPS = 20, 150


def pooled(layer, x):
    return F.max_pool2d(F.conv2d(x, layer.weight, layer.bias, padding=1), 2, ceil_mode=True)


# What is made of the images, in place of a convolution, and behind a batch norm.
SAME, PLAIN = (lambda x: x), (lambda layer, x: layer(x))
WIRINGS = {
    "standardised": (lambda x: (x - 0.1307) / 0.3081, PLAIN, SAME),
    "signed": (lambda x: 2 * x - 1, PLAIN, SAME),
    "padded": (lambda x: F.pad(x, (2, 2, 2, 2)), PLAIN, SAME),
    "resized": (lambda x: F.interpolate(x, size=32, mode="bilinear"), PLAIN, SAME),
    "pooled": (SAME, pooled, SAME),
    "twice": (SAME, PLAIN, F.relu),
}


def statistics(x, name):
    file = gzip.decompress((FIXTURES / "torch-class-first.pth.gz").read_bytes())
    model = VAE(2, 3)
    model.load_state_dict(torch.load(io.BytesIO(file)))
    images, convolve, behind = WIRINGS[name]
    norms = [layer for layer in model.encoder if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
    with torch.no_grad():
        for _ in range(PASSES):
            h = images(x)
            for layer in model.encoder:
                h = convolve(layer, h) if isinstance(layer, nn.Conv2d) else layer(h)
                if layer in norms:
                    h = behind(h)
    return {f"{name}.{key}": tensor.numpy() for key, tensor in model.state_dict().items()
            if key.startswith("encoder") and key.endswith(("running_mean", "running_var"))}


def rectified(x):
    torch.manual_seed(0)
    model = VAE(2)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(STEPS):
        h = F.relu(model.encoder(x).flatten(1))
        mu, logvar = model.fc_mu(h), model.fc_logvar(h)
        z = draw(mu, logvar, torch.randn_like(mu))
        recon, kl = loss_terms(model.decoder(F.relu(model.fc_decode(z)).view(-1, 64, 4, 4)), x, mu, logvar, "mse")
        optimizer.zero_grad()
        (recon + kl).backward()
        optimizer.step()
    return coarse(model.state_dict())


if __name__ == "__main__":
    x = torch.from_numpy(read_idx(GOLDEN / "digits-idx3-ubyte.gz", 48)).unsqueeze(1) / 255
    tensors = {}
    for name in WIRINGS:
        tensors |= statistics(x, name)
    save_safetensors(FIXTURES / "torch-wirings.safetensors", tensors)
    (FIXTURES / "torch-rectified.pth.gz").write_bytes(gzip.compress(rectified(x), 9, mtime=0))
