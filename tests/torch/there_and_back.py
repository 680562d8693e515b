"""Two epochs in PyTorch, two in this project, two in PyTorch again: does that end where six in PyTorch do?

    VAE_PYTHON=python3 python3 tests/torch/there_and_back.py [--limit 10000] [--seeds 3]

Needs PyTorch, numpy and Deno, and MNIST in data/mnist. Prints the total on the test images (mse, β = 1, 12 latent
dimensions) of runs of PyTorch alone with several seeds, and of as many that went there and back; ends with 1 if the
mean of these is further from the mean of those than two of their standard deviations.
"""
import argparse, statistics, subprocess, sys, tempfile
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/golden"))
from vae_reference import VAE, draw, loss_terms

BATCH, LR, BETA, LATENT, EPOCHS = 128, 1e-3, 1.0, 12, 2


def images(name, limit):
    data = np.fromfile(ROOT / "data/mnist" / f"{name}-images-idx3-ubyte", np.uint8, offset=16)
    return torch.from_numpy(data).view(-1, 1, 28, 28)[:limit].float() / 255


def losses(model, x):
    mu, logvar = model.encode(x)
    recon, kl = loss_terms(model.decode(draw(mu, logvar, torch.randn_like(mu))), x, mu, logvar)
    return recon + BETA * kl


def train(model, optimizer, x):
    model.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            losses(model, x[batch]).backward()
            optimizer.step()


def total(model, x):
    model.eval()
    with torch.no_grad():
        return losses(model, x).item()


def fresh():
    model = VAE(LATENT)
    return model, torch.optim.Adam(model.parameters(), lr=LR)


def task(folder, name, *words):
    deno = ["deno", "run", "--no-prompt", "--allow-read", "--allow-write=.", f"--config={ROOT / 'deno.json'}"]
    done = subprocess.run([*deno, ROOT / f"tasks/{name}.ts", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{name}: {done.stderr}")


def in_deno(model, optimizer, limit):
    """Two epochs in this project, of the checkpoint that a script of PyTorch keeps."""
    with tempfile.TemporaryDirectory() as folder:
        there, back = Path(folder) / "there.pth", Path(folder) / "back.pth"
        torch.save({"epoch": EPOCHS, "model_state_dict": model.state_dict(),
                    "optimizer_state_dict": optimizer.state_dict(), "beta": BETA, "latent_dim": LATENT}, there)
        data = ["--data-dir", str(ROOT / "data"), "--dataset", "mnist", "--limit", str(limit)]
        task(folder, "import", "--from", "there.pth", "--out", "run.safetensors", *data)
        task(folder, "train", "--resume", "run.safetensors", "--epochs", str(2 * EPOCHS), "--no-save-plots")
        task(folder, "export", "--checkpoint", "run.safetensors", "--format", "pth", "--out", "back.pth")
        run = torch.load(back, weights_only=True)
    model, optimizer = fresh()
    model.load_state_dict(run["model_state_dict"])
    optimizer.load_state_dict(run["optimizer_state_dict"])
    steps = 2 * EPOCHS * -(-limit // BATCH)
    found = run["optimizer_state_dict"]["state"][0]["step"].item()
    if (run["epoch"], found) != (2 * EPOCHS, steps):
        raise SystemExit(f"error: after epoch {run['epoch']} Adam has taken {found} steps, not {steps}")
    return model, optimizer


def run(seed, x, test, goes):
    torch.manual_seed(seed)
    model, optimizer = fresh()
    train(model, optimizer, x)
    if goes:
        model, optimizer = in_deno(model, optimizer, len(x))
    else:
        train(model, optimizer, x)
    train(model, optimizer, x)
    return total(model, test)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--limit", type=int, default=10_000)
    p.add_argument("--seeds", type=int, default=3)
    a = p.parse_args()
    x, test = images("train", a.limit), images("t10k", None)
    results = {}
    for name, goes in (("PyTorch alone", False), ("there and back", True)):
        results[name] = [run(seed, x, test, goes) for seed in range(a.seeds)]
        print(f"{name:15} {' '.join(f'{r:.2f}' for r in results[name])}   mean {statistics.mean(results[name]):.2f}")
    alone, both = results.values()
    spread = statistics.stdev(alone)
    difference = statistics.mean(both) - statistics.mean(alone)
    print(f"difference {difference:+.2f}, PyTorch's standard deviation {spread:.2f}")
    sys.exit(abs(difference) > 2 * spread)


if __name__ == "__main__":
    main()
