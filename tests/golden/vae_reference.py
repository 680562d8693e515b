"""The VAE this project implements, in PyTorch: the definition its numbers are held against.

Needs PyTorch and numpy. Writes one safetensors file; `make.py` beside it writes all that the tests read:

    python3 vae_reference.py OUT.safetensors --latent-dim 12 --beta 1 --batch 16 --images digits-idx3-ubyte.gz

Tensors in OUT (PyTorch layouts, float32 unless said):
    images            uint8 [steps, batch, 28, 28]   raw bytes; the model sees images / 255
    labels            uint8 [steps, batch]           with --classes: the class of each image
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
2j and 2j + 1 of an image share the noise of row b·⌈K/2⌉ + j, the second with the sign turned. The draws of
`--objective iwae` are independent: eps has a row for each, [steps, batch·K, latent_dim].

With `--classes` C encoder and decoder are told the class of each image (Sohn et al. 2015,
https://papers.nips.cc/paper/5775): its one-hot follows the features before fc_mu and fc_logvar, and z before fc_decode.
"""
import argparse, gzip, json, math, struct

import numpy as np
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F


class VAE(nn.Module):
    def __init__(self, latent_dim=12, classes=0):
        super().__init__()
        self.classes = classes
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(16),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(32),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(64))
        self.fc_mu = nn.Linear(1024 + classes, latent_dim)
        self.fc_logvar = nn.Linear(1024 + classes, latent_dim)
        self.fc_decode = nn.Linear(latent_dim + classes, 1024)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1), nn.ReLU(), nn.BatchNorm2d(32),
            nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1), nn.ReLU(), nn.BatchNorm2d(16),
            nn.ConvTranspose2d(16, 1, 3, stride=2, padding=1, output_padding=1))

    def encode(self, x, labels=None):
        h = self.told(self.encoder(x).flatten(1), labels)  # channel-major: (channel, row, column)
        return self.fc_mu(h), self.fc_logvar(h)

    def decode(self, z, labels=None):
        return self.decoder(self.fc_decode(self.told(z, labels)).view(-1, 64, 4, 4))

    def told(self, h, labels):
        """h with the one-hot class behind it, if there are classes; the rows of an image, side by side, have its own."""
        if self.classes == 0:
            return h
        labels = labels.long().repeat_interleave(len(h) // len(labels))
        return torch.cat([h, F.one_hot(labels, self.classes).to(h.dtype)], dim=1)


def draw(mu, logvar, eps, draws=1):
    """z = μ + σ·ε, so many for each row of μ; their noise is that of the pairs, with its signs."""
    batch, latent_dim = mu.shape
    pairs = eps.view(batch, -1, 1, latent_dim)
    signed = torch.cat([pairs, -pairs], dim=2).view(batch, -1, latent_dim)[:, :draws]
    return (mu.unsqueeze(1) + torch.exp(0.5 * logvar).unsqueeze(1) * signed).reshape(-1, latent_dim)


def draw_independent(mu, logvar, eps, draws):
    """z = μ + σ·ε, so many for each row of μ, each with a row of noise."""
    noise = eps.view(len(mu), draws, -1)
    return (mu.unsqueeze(1) + torch.exp(0.5 * logvar).unsqueeze(1) * noise).flatten(0, 1)


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


def free_kl(mu, logvar, free_bits):
    """Σ max(λ, KL of the dimension), the maximum of the batch's mean (Kingma et al. 2016, equation 15,
    https://arxiv.org/abs/1606.04934)."""
    kl = kl_divergence(Normal(mu, torch.exp(0.5 * logvar)), Normal(torch.zeros_like(mu), 1))
    return kl.mean(dim=0).clamp(min=free_bits).sum()


def total_correlation(z, mu, logvar, training_images):
    """log q(z) − Σ log q(z_d), the mean over the batch, with q(z) by minibatch-weighted sampling (Chen et al. 2018,
    section 4.1, https://arxiv.org/abs/1802.04942)."""
    log_q = Normal(mu, torch.exp(0.5 * logvar)).log_prob(z.unsqueeze(1))  # [i, j, d]: log q(z_d of row i | image j)
    log_count = math.log(training_images * len(mu))
    log_qz = log_q.sum(dim=2).logsumexp(dim=1) - log_count
    log_qzd = log_q.logsumexp(dim=1) - log_count
    return (log_qz - log_qzd.sum(dim=1)).mean()


def log_weights(output, x, z, mu, logvar, likelihood):
    """log w = log p(x|z) + log p(z) − log q(z|x), [batch, K], with the parameters of q held."""
    batch, draws = len(mu), len(z) // len(mu)
    x, mu, logvar = (t.detach().repeat_interleave(draws, dim=0) for t in (x, mu, logvar))
    if likelihood == "bce":
        log_px = -F.binary_cross_entropy_with_logits(output, x, reduction="none")
    else:
        log_px = -((output - x) ** 2)
    log_q = Normal(mu, torch.exp(0.5 * logvar)).log_prob(z)
    log_p = Normal(torch.zeros_like(z), 1).log_prob(z)
    return (log_px.flatten(1).sum(dim=1) + (log_p - log_q).sum(dim=1)).view(batch, draws)


def iwae_backward(model, log_w):
    """The doubly reparameterised gradient of −log (1/K) Σ w, the mean over the batch (Tucker et al. 2019, equation 8,
    https://arxiv.org/abs/1810.04152): the decoder has that of −Σ w̃·log w, the encoder that of −Σ w̃²·log w, and w̃ is
    held. Each is a pass of its own, for the decoder's batch norms couple the rows."""
    normal = log_w.detach().softmax(dim=1)
    decoder = [*model.fc_decode.parameters(), *model.decoder.parameters()]
    encoder = [p for p in model.parameters() if all(p is not q for q in decoder)]
    for parameters, factor in (decoder, normal), (encoder, normal ** 2):
        loss = -(factor * log_w).sum() / len(log_w)
        for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters, retain_graph=True)):
            p.grad = gradient


def read_idx(path, count):
    """The first images or labels of a gzipped IDX file."""
    with gzip.open(path) as f:
        data = f.read()
    sizes = struct.unpack_from(f">{data[3]}I", data, 4)
    if sizes[0] < count:
        raise SystemExit(f"{path} has {sizes[0]}, not {count}")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)[:count].copy()


def run(images, labels=None, classes=0, latent_dim=12, beta=1.0, batch=16, steps=3, likelihood="mse", seed=0, lr=1e-3,
        draws=1, kl_gradient="analytic", objective="elbo", tc_weight=4.0, free_bits=0.0, heads_lr_factor=1.0,
        betas=(0.9, 0.999), noise=1.0, dtype=torch.float32):
    """Trains from a seed and gives every tensor of the list above. The noise is the same in any `dtype`. `draws` are
    also those of `iwae`; N of `btc` is steps·batch. A model of `classes` takes `labels`."""
    torch.manual_seed(seed)
    images = torch.from_numpy(images).view(steps, batch, 28, 28)
    labels = torch.from_numpy(labels).view(steps, batch) if classes else [None] * steps
    is_iwae = objective == "iwae"
    eps = torch.randn(steps, batch * (draws if is_iwae else (draws + 1) // 2), latent_dim) * noise
    model = VAE(latent_dim, classes).to(dtype)
    heads = [*model.fc_mu.parameters(), *model.fc_logvar.parameters()]
    others = [p for p in model.parameters() if all(p is not head for head in heads)]
    optimizer = torch.optim.Adam([{"params": others}, {"params": heads, "lr": lr * heads_lr_factor}], lr=lr, betas=betas)
    out = {"images": images} | ({"labels": labels} if classes else {}) | {"eps": eps}
    out.update({f"init.{k}": v.clone() for k, v in model.state_dict().items()})
    losses = []
    for s in range(steps):
        x = images[s].to(dtype).unsqueeze(1) / 255
        mu, logvar = model.encode(x, labels[s])
        z = (draw_independent if is_iwae else draw)(mu, logvar, eps[s].to(dtype), draws)
        y = model.decode(z, labels[s])
        recon, kl = loss_terms(y, x, mu, logvar, likelihood)
        optimizer.zero_grad()
        if is_iwae:
            log_w = log_weights(y, x, z, mu, logvar, likelihood)
            total = (math.log(draws) - log_w.logsumexp(dim=1)).mean()
            iwae_backward(model, log_w)
        elif objective == "btc":
            total = recon + kl + (tc_weight - 1) * total_correlation(z, mu, logvar, len(images) * batch)
            total.backward()
        else:
            total = recon + beta * (free_kl(mu, logvar, free_bits) if free_bits > 0 else kl)
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
        mu, logvar = model.encode(x, labels[0])
        y = model.decode(mu, labels[0])
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
    p.add_argument("--objective", choices=["elbo", "iwae", "btc"], default="elbo")
    p.add_argument("--tc-weight", type=float, default=4.0)
    p.add_argument("--free-bits", type=float, default=0.0)
    p.add_argument("--heads-lr-factor", type=float, default=1.0)
    p.add_argument("--betas", type=float, nargs=2, default=(0.9, 0.999))
    p.add_argument("--classes", type=int, default=0)
    p.add_argument("--images", required=True, help="a gzipped IDX file with steps × batch images or more")
    p.add_argument("--labels", help="a gzipped IDX file with their classes, for --classes")
    a = vars(p.parse_args())
    if a["classes"] and not a["labels"]:
        p.error("--classes needs --labels")
    count = a["steps"] * a["batch"]
    out, images, labels = a.pop("out"), read_idx(a.pop("images"), count), a.pop("labels")
    tensors = run(images, labels and read_idx(labels, count), **a)
    save_safetensors(out, tensors)
    print(json.dumps({"losses": tensors["losses"].tolist()}))


if __name__ == "__main__":
    main()
