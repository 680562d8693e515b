"""Makes the fixtures of models whose tensors fit this project's and mean something else.

    python3 tests/torch/misread.py

Needs PyTorch and numpy. `torch-class-first.pth.gz` is the state dict of a model that is told of three classes, with the
one-hot before the features and before z, after 150 steps of cross-entropy on logits, on the digits of tests/golden; its
numbers have one bit behind the leading one, so that the file is small. `torch-activations.safetensors` has the running
statistics of the model in torch-continued.pth.gz after it has seen these digits 20 times in training mode, with each of
some activations in place of the ReLU: ACTIVATION.NORM.running_mean and …running_var. `torch-negated.pth` has 0, −1, −2 as what
`torch._neg_view` gives.
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
from vae_reference import VAE, draw, loss_terms, read_idx, save_safetensors

CLASSES, STEPS, PASSES = 3, 150, 20
ACTIVATIONS = nn.ReLU, nn.Softplus, nn.Sigmoid, nn.SiLU, nn.ELU


def coarse(state):
    """Returns the file of a state dict whose numbers have one bit behind the leading one."""
    for tensor in state.values():
        if tensor.dtype == torch.float32:
            tensor.copy_((tensor.view(torch.int32) + (1 << 21) & -(1 << 22)).view(torch.float32))
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


class ClassFirst(VAE):
    def told(self, h, labels):
        return torch.cat([F.one_hot(labels, self.classes).to(h.dtype), h], dim=1)


def class_first(x, labels):
    torch.manual_seed(0)
    model = ClassFirst(2, CLASSES)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(STEPS):
        mu, logvar = model.encode(x, labels)
        recon, kl = loss_terms(model.decode(draw(mu, logvar, torch.randn_like(mu)), labels), x, mu, logvar, "bce")
        optimizer.zero_grad()
        (recon + kl).backward()
        optimizer.step()
    return coarse(model.state_dict())


def statistics(x, activation):
    file = gzip.decompress((FIXTURES / "torch-continued.pth.gz").read_bytes())
    state = torch.load(io.BytesIO(file), weights_only=False)["model_state_dict"]
    model = VAE(2)
    model.load_state_dict(state)
    for half in (model.encoder, model.decoder):
        for i, layer in enumerate(half):
            if isinstance(layer, nn.ReLU):
                half[i] = activation()
            if isinstance(layer, nn.BatchNorm2d):
                layer.reset_running_stats()
    torch.manual_seed(0)
    with torch.no_grad():
        for _ in range(PASSES):
            mu, logvar = model.encode(x)
            model.decode(draw(mu, logvar, torch.randn_like(mu)))
    return {f"{activation.__name__}.{name}": tensor.numpy() for name, tensor in model.state_dict().items()
            if name.endswith(("running_mean", "running_var"))}


if __name__ == "__main__":
    x = torch.from_numpy(read_idx(GOLDEN / "digits-idx3-ubyte.gz", 48)).unsqueeze(1) / 255
    labels = torch.from_numpy(read_idx(GOLDEN / "labels-idx1-ubyte.gz", 48)).long() % CLASSES
    (FIXTURES / "torch-class-first.pth.gz").write_bytes(gzip.compress(class_first(x, labels), 9, mtime=0))
    tensors = {}
    for activation in ACTIVATIONS:
        tensors |= statistics(x, activation)
    save_safetensors(FIXTURES / "torch-activations.safetensors", tensors)
    torch.save({"fc.weight": torch._neg_view(torch.arange(3.0))}, FIXTURES / "torch-negated.pth")
