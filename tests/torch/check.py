"""What the tests beside it ask of PyTorch and its kin: each command prints one line of JSON.

    python3 tests/torch/check.py pth FILE              what torch.load makes of a .pth file
    python3 tests/torch/check.py strict FILE.pth FILE.safetensors    whether the weights are the same
    python3 tests/torch/check.py steps NOISE           the losses of go_on.py, with this noise and in order
    python3 tests/torch/check.py onnx FOLDER           what onnxruntime makes of the two graphs
    python3 tests/torch/check.py card FOLDER           what huggingface_hub reads in the card, and draw.py beside it draws
"""
import json, os, sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "golden"))
import vae_reference
from vae_reference import VAE


def load(path):
    run = torch.load(path, weights_only=True)
    model = VAE(run["latent_dim"], len(run["classes"]))
    model.load_state_dict(run["model_state_dict"], strict=True)
    return run, model


def pth(path):
    run, model = load(path)
    optimizer = torch.optim.Adam(model.parameters())
    fresh = optimizer.state_dict()["param_groups"][0]
    adam = run["optimizer_state_dict"]
    if len(adam["param_groups"]) == 1:
        optimizer.load_state_dict(adam)
    sizes = [list(p.shape) for p in model.parameters()]
    mapped = torch.load(path, weights_only=True, mmap=True)  # needs the storages to be aligned
    same = all(torch.equal(a, b) for a, b in zip(mapped["model_state_dict"].values(), run["model_state_dict"].values()))
    return {"keys": list(run), "epoch": run["epoch"], "beta": run["beta"], "classes": run["classes"],
            "history": run["history"], "options": run["options"], "mapped": same,
            "groups": [{k: v for k, v in g.items() if k != "params"} for g in adam["param_groups"]],
            "missing": sorted(fresh.keys() - adam["param_groups"][0].keys()),
            "steps": sorted({s["step"].item() for s in adam["state"].values()}),
            "step": [str(adam["state"][0]["step"].dtype), list(adam["state"][0]["step"].shape)],
            "fits": [list(s["exp_avg"].shape) for s in adam["state"].values()] == sizes,
            "tracked": run["model_state_dict"]["encoder.2.num_batches_tracked"].item(),
            "sum": sum(p.double().sum().item() for p in model.parameters())}


def strict(path, weights):
    from safetensors.torch import load_file
    _, model = load(path)
    other = VAE(model.fc_mu.out_features, model.classes)
    other.load_state_dict(load_file(weights), strict=True)
    pairs = zip(model.state_dict().values(), other.state_dict().values())
    return {"same": all(torch.equal(a, b) for a, b in pairs)}


def steps(path):
    noise, losses = torch.from_numpy(np.fromfile(path, np.float32)), []
    used = 0

    def randn_like(mu):
        nonlocal used
        used += mu.numel()
        return noise[used - mu.numel():used].view(mu.shape)

    def loss_terms(*args, real=vae_reference.loss_terms):
        recon, kl = real(*args)
        losses.append([recon.item(), kl.item()])
        return recon, kl

    torch.randn_like, torch.randperm, vae_reference.loss_terms = randn_like, torch.arange, loss_terms
    exec(compile((HERE / "go_on.py").read_text(), "go_on.py", "exec"), {})
    return {"losses": losses}


def onnx(folder):
    import onnxruntime
    encoder, decoder = (onnxruntime.InferenceSession(Path(folder) / f"{half}.onnx") for half in ("encoder", "decoder"))
    _, model = load(Path(folder) / "vae.pth")
    model.eval()
    x = torch.linspace(0, 1, 3 * 784).view(3, 1, 28, 28)
    with torch.no_grad():
        mu, logvar = model.encode(x)
        y = model.decode(mu)
    ours = [*encoder.run(None, {"image": x.numpy()}), *decoder.run(None, {"z": mu.numpy()})]
    meta = decoder.get_modelmeta()
    return {"errors": [float(np.abs(a - b.numpy()).max() / np.abs(b.numpy()).max()) for a, b in zip(ours, (mu, logvar, y))],
            "producer": meta.producer_name, "about": meta.description, "metadata": meta.custom_metadata_map}


def card(folder):
    from huggingface_hub import ModelCard
    os.chdir(folder)
    data = ModelCard.load("README.md").data
    drawn = {}
    exec(Path("draw.py").read_text(), drawn)
    return {**data.to_dict(), "values": [r.metric_value for r in data.eval_results or []],
            "drawn": list(drawn["images"].shape)}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
