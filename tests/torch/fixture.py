"""Writes a checkpoint as a PyTorch script would, of a model whose numbers are a pattern: the fixture of the tests that
need no Python.

    python3 tests/torch/fixture.py tests/fixtures/torch-adam.pth.gz
"""
import gzip, io, sys
from pathlib import Path

import torch

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent / "golden"))
from vae_reference import VAE


def pattern(shape, number):
    """Multiples of 1/256 from −1/8 to 1/8."""
    i = torch.arange(torch.Size(shape).numel())
    return (((37 * i + 11 * number) % 64 - 32) / 256).view(shape)


def checkpoint(latent_dim=2, steps=7):
    model = VAE(latent_dim)
    state = model.state_dict()
    for number, (name, tensor) in enumerate(state.items()):
        if name.endswith("num_batches_tracked"):
            tensor.fill_(steps)
        else:
            values = pattern(tensor.shape, number)
            tensor.copy_(values.abs() if name.endswith("running_var") else values)
    optimizer = torch.optim.Adam(model.parameters())
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    for number, p in enumerate(model.parameters()):
        moments = optimizer.state[p]
        moments["step"].fill_(steps)
        moments["exp_avg"].copy_(pattern(p.shape, number) / 4)
        moments["exp_avg_sq"].copy_(pattern(p.shape, number).square())
    return {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict(), "epoch": 1,
            "beta": 4.0, "latent_dim": latent_dim, "classes": []}


if __name__ == "__main__":
    buffer = io.BytesIO()
    torch.save(checkpoint(), buffer)
    Path(sys.argv[1]).write_bytes(gzip.compress(buffer.getvalue(), 9, mtime=0))
