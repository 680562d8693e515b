"""Makes tests/fixtures/torch-continued.*: a run that PyTorch begins and goes on with.

    python3 tests/torch/continued.py

Needs PyTorch and numpy. `torch-continued.pth.gz` is what the usual script saves after an epoch of six steps; its
numbers have one bit behind the leading one, so that the file is small, and PyTorch goes on from these. `torch-continued.safetensors`
has the next 50 steps: `order`, uint8 [50·8], of images among the 48 of tests/golden; `eps`, [50, 8, 2]; `losses`,
[50, 3], reconstruction, KL and total before each update, means over the batch.

The seed was chosen as those of tests/golden: with it float32 and float64 come to the same losses, to 1e-5.
"""
import argparse, gzip, io, sys
from pathlib import Path

import numpy as np
import torch

sys.dont_write_bytecode = True
HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden"
sys.path.insert(0, str(GOLDEN))
from vae_reference import VAE, draw, loss_terms, read_idx, save_safetensors

BATCH, LATENT, BETA, LR, STEPS = 8, 2, 2.0, 3e-3, 50


def train(model, optimizer, images, order, eps, dtype):
    losses = []
    for rows, noise in zip(order, eps):
        x = images[rows].to(dtype).unsqueeze(1) / 255
        mu, logvar = model.encode(x)
        recon, kl = loss_terms(model.decode(draw(mu, logvar, noise.to(dtype))), x, mu, logvar)
        total = recon + BETA * kl
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append([recon.item(), kl.item(), total.item()])
    return losses


def run(seed, dtype=torch.float32):
    torch.manual_seed(seed)
    images = torch.from_numpy(read_idx(GOLDEN / "digits-idx3-ubyte.gz", 48))
    orders = torch.cat([torch.randperm(48) for _ in range(10)]).view(-1, BATCH)
    eps = torch.randn(6 + STEPS, BATCH, LATENT)
    model = VAE(LATENT)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, betas=(0.85, 0.99))
    history = {"train_loss": [float(np.mean([total for _, _, total in
                                             train(model, optimizer, images, orders[:6], eps[:6], torch.float32)]))]}
    for tensor in [*model.state_dict().values(), *(t for s in optimizer.state.values() for t in s.values())]:
        if tensor.dtype == torch.float32:
            tensor.copy_((tensor.view(torch.int32) & -(1 << 22)).view(torch.float32))
    checkpoint = {"epoch": 1, "model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
                  "history": history, "args": argparse.Namespace(beta=BETA, batch_size=BATCH, lr=LR, device=torch.device("cpu"))}
    file = io.BytesIO()
    torch.save(checkpoint, file)
    if dtype == torch.float64:
        state = optimizer.state_dict()
        model.double()
        optimizer = torch.optim.Adam(model.parameters())
        optimizer.load_state_dict(state)
    order, eps = orders[6:6 + STEPS], eps[6:]
    losses = train(model, optimizer, images, order, eps, dtype)
    return file.getvalue(), {"order": order.flatten().numpy().astype(np.uint8), "eps": eps.numpy(),
                             "losses": np.array(losses, np.float32)}


if __name__ == "__main__":
    if "--seeds" in sys.argv:
        for seed in range(20):
            a, b = (run(seed, dtype)[1]["losses"] for dtype in (torch.float32, torch.float64))
            print(seed, np.abs(a / b - 1).max())
        sys.exit()
    pth, tensors = run(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    fixtures = HERE.parent / "fixtures"
    (fixtures / "torch-continued.pth.gz").write_bytes(gzip.compress(pth, 9, mtime=0))
    save_safetensors(fixtures / "torch-continued.safetensors", tensors)
    print(tensors["losses"][[0, -1]], len(pth))
