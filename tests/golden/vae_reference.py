"""The VAE this project implements, in PyTorch: the definition its numbers are held against.

Needs PyTorch and numpy. Writes one safetensors file; `make.py` beside it writes all that the tests read:

    python3 vae_reference.py OUT.safetensors --latent-dim 12 --beta 1 --batch 16 --images digits-idx3-ubyte.gz

Tensors in OUT (PyTorch layouts, float32 unless said):
    images            uint8 [steps, batch, 28, 28]   raw bytes; the model sees images / 255
    eps               [steps, batch·⌈draws/2⌉, latent_dim]   the noise used by the reparameterization
    init.NAME         the state dict before step 0 (parameters and batch-norm running statistics)
    step0.mu, step0.logvar, step0.z, step0.reconstruction   the training-mode forward pass of step 0
    step0.grad.NAME   d(total loss)/d(parameter) at step 0
    losses            [steps, 3]                     reconstruction, kl, total, before each update
    final.NAME        the state dict after `steps` Adam updates
    eval.mu, eval.logvar, eval.reconstruction_of_mu  evaluation mode, final weights, images of step 0

With `--likelihood bce` the decoder's outputs are logits. step0.reconstruction has the logits,
eval.reconstruction_of_mu the pixels' means, which are their sigmoids.

With `--draws` K the decoder takes [batch·K] rows, draw k of image b in row b·K + k. Draws come in pairs μ ± σ·ε: draws
2j and 2j + 1 of an image share the noise of row b·⌈K/2⌉ + j, the second with the sign turned.
"""
import argparse, gzip, json, struct

import numpy as np
import torch
from torch import nn
from torch.distributions import Normal
from torch.nn import functional as F


class VAE(nn.Module):
    def __init__(self, latent_dim=12):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(16),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(32),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(64))
        self.fc_mu = nn.Linear(1024, latent_dim)
        self.fc_logvar = nn.Linear(1024, latent_dim)
        self.fc_decode = nn.Linear(latent_dim, 1024)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(32),
            nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1), nn.ReLU(), nn.BatchNorm2d(16),
            nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1))

    def encode(self, x):
        h = self.encoder(x).flatten(1)  # channel-major: (channel, row, column)
        return self.fc_mu(h), self.fc_logvar(h)

    def decode(self, z):
        return self.decoder(self.fc_decode(z).view(-1, 64, 4, 4))


def draw(mu, logvar, eps, draws=1):
    """z = μ + σ·ε, so many for each row of μ; their noise is that of the pairs, with its signs."""
    batch, latent_dim = mu.shape
    pairs = eps.view(batch, -1, 1, latent_dim)
    signed = torch.cat([pairs, -pairs], dim=2).view(batch, -1, latent_dim)[:, :draws]
    return (mu.unsqueeze(1) + torch.exp(0.5 * logvar).unsqueeze(1) * signed).reshape(-1, latent_dim)


def loss_terms(output, x, mu, logvar, likelihood="mse"):
    """Reconstruction, the mean over the draws, and KL: means over the images."""
    n = output.shape[0]
    x = x.repeat_interleave(n // x.shape[0], dim=0)
    if likelihood == "bce":
        recon = F.binary_cross_entropy_with_logits(output, x, reduction="sum") / n
    else:
        recon = ((output - x) ** 2).sum() / n
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / mu.shape[0]
    return recon, kl


def landing_kl(z, mu, logvar):
    """log q(z|x) − log p(z), the mean over the draws: an estimate of the KL whose gradient goes through z alone, since
    the parameters of q are held ("sticking the landing", Roeder et al. 2017, https://arxiv.org/abs/1703.09194)."""
    draws = z.shape[0] // mu.shape[0]
    mu, logvar = (t.detach().repeat_interleave(draws, dim=0) for t in (mu, logvar))
    log_q = Normal(mu, torch.exp(0.5 * logvar)).log_prob(z)
    log_p = Normal(torch.zeros_like(z), 1).log_prob(z)
    return (log_q - log_p).sum() / z.shape[0]


def read_images(path, count):
    """The first images of a gzipped IDX file."""
    with gzip.open(path) as f:
        raw = np.frombuffer(f.read(), np.uint8)[16:].reshape(-1, 28, 28)
    if len(raw) < count:
        raise SystemExit(f"{path} has {len(raw)} images, not {count}")
    return raw[:count].copy()


def run(images, latent_dim=12, beta=1.0, batch=16, steps=3, likelihood="mse", seed=0, lr=1e-3, draws=1,
        kl_gradient="analytic", heads_lr_factor=1.0, betas=(0.9, 0.999), dtype=torch.float32):
    """Trains from a seed and gives every tensor of the list above. The noise is the same in any `dtype`."""
    torch.manual_seed(seed)
    images = torch.from_numpy(images).view(steps, batch, 28, 28)
    eps = torch.randn(steps, batch * ((draws + 1) // 2), latent_dim)
    model = VAE(latent_dim).to(dtype)
    heads = [*model.fc_mu.parameters(), *model.fc_logvar.parameters()]
    others = [p for p in model.parameters() if all(p is not head for head in heads)]
    optimizer = torch.optim.Adam([{"params": others}, {"params": heads, "lr": lr * heads_lr_factor}], lr=lr, betas=betas)
    out = {"images": images, "eps": eps}
    out.update({f"init.{k}": v.clone() for k, v in model.state_dict().items()})
    losses = []
    for s in range(steps):
        x = images[s].to(dtype).unsqueeze(1) / 255
        mu, logvar = model.encode(x)
        z = draw(mu, logvar, eps[s].to(dtype), draws)
        y = model.decode(z)
        recon, kl = loss_terms(y, x, mu, logvar, likelihood)
        total = recon + beta * kl
        optimizer.zero_grad()
        (total if kl_gradient == "analytic" else recon + beta * landing_kl(z, mu, logvar)).backward()
        losses.append([recon.item(), kl.item(), total.item()])
        if s == 0:
            out.update({"step0.mu": mu, "step0.logvar": logvar, "step0.z": z, "step0.reconstruction": y})
            out.update({f"step0.grad.{k}": v.grad.clone() for k, v in model.named_parameters()})
        optimizer.step()
    out["losses"] = torch.tensor(losses)
    out.update({f"final.{k}": v.clone() for k, v in model.state_dict().items()})
    model.eval()
    with torch.no_grad():
        x = images[0].to(dtype).unsqueeze(1) / 255
        mu, logvar = model.encode(x)
        y = model.decode(mu)
        mean = y.sigmoid() if likelihood == "bce" else y
        out.update({"eval.mu": mu, "eval.logvar": logvar, "eval.reconstruction_of_mu": mean})
    return {name: np.ascontiguousarray(t.detach().numpy()) for name, t in out.items()}


def save_safetensors(path, tensors):
    header, blobs, at = {}, [], 0
    for name, a in tensors.items():
        dtype = {"float32": "F32", "uint8": "U8", "int64": "I64"}[str(a.dtype)]
        header[name] = {"dtype": dtype, "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
        blobs.append(a.tobytes())
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("--latent-dim", type=int, default=12)
    p.add_argument("--beta", type=float, default=1.0)
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--steps", type=int, default=3)
    p.add_argument("--likelihood", choices=["mse", "bce"], default="mse")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--draws", type=int, default=1)
    p.add_argument("--kl-gradient", choices=["analytic", "stl"], default="analytic")
    p.add_argument("--heads-lr-factor", type=float, default=1.0)
    p.add_argument("--betas", type=float, nargs=2, default=(0.9, 0.999))
    p.add_argument("--images", required=True, help="a gzipped IDX file with steps × batch images or more")
    a = vars(p.parse_args())
    out, images = a.pop("out"), read_images(a.pop("images"), a["steps"] * a["batch"])
    tensors = run(images, **a)
    save_safetensors(out, tensors)
    print(json.dumps({"losses": tensors["losses"].tolist()}))


if __name__ == "__main__":
    main()
