"""Makes the golden files of the sets in sets.json again, beside itself.

    python3 tests/golden/make.py            writes every file
    python3 tests/golden/make.py NAME ...   writes these alone
    python3 tests/golden/make.py --compare    writes nothing: tells how far PyTorch here is from the files
    python3 tests/golden/make.py --compare --double    the same, with PyTorch in float64
"""
import argparse, json, struct, sys
from pathlib import Path

import numpy as np
import torch

sys.dont_write_bytecode = True  # no __pycache__ among the tests
from vae_reference import read_idx, run, save_safetensors

HERE = Path(__file__).parent
STEPS = 3
# What no test reads; the first set is older than this list and has them.
UNREAD = {"step0.mu", "step0.logvar", "step0.z", "step0.reconstruction"}


def make(s, dtype):
    images = read_idx(HERE / "digits-idx3-ubyte.gz", STEPS * s["batch"])
    labels = read_idx(HERE / "labels-idx1-ubyte.gz", STEPS * s["batch"])
    tensors = run(images, labels, classes=s.get("classCount", 0), latent_dim=s["latentDim"], beta=s["beta"],
                  batch=s["batch"], steps=STEPS, likelihood=s["likelihood"], seed=s["seed"], lr=s["learningRate"],
                  draws=s.get("importanceSamples", s.get("draws", 1)), kl_gradient=s.get("klGradient", "analytic"),
                  objective=s.get("objective", "elbo"), tc_weight=s.get("tcWeight", 4.0),
                  free_bits=s.get("freeBits", 0.0), heads_lr_factor=s.get("headsLrFactor", 1.0),
                  betas=(s.get("adamBeta1", 0.9), s.get("adamBeta2", 0.999)), noise=s.get("noise", 1.0), dtype=dtype)
    unread = set() if s["name"] == "latent12" else UNREAD
    return {name: a for name, a in tensors.items() if name not in unread}


def load(path):
    data = path.read_bytes()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    dtypes = {"F32": np.float32, "U8": np.uint8, "I64": np.int64}
    return {name: np.frombuffer(data[end + t["data_offsets"][0]:end + t["data_offsets"][1]], dtypes[t["dtype"]])
            .reshape(t["shape"]) for name, t in json.loads(data[8:end]).items()}


def differences(golden, made):
    """The largest difference within each kind of tensor, relative to the tensor's largest value."""
    if golden.keys() != made.keys():
        raise SystemExit(f"other tensors: {sorted(golden.keys() ^ made.keys())}")
    worst = {}
    for name, a in golden.items():
        kind = "gradients" if ".grad." in name else name.split(".")[0]
        a, b = a.astype(np.float64), made[name].astype(np.float64)
        pairs = zip(a.T, b.T) if name == "losses" else [(a, b)]  # each loss by itself
        for x, y in pairs:
            error = np.abs(x - y).max() / (np.abs(x).max() or 1)
            worst[kind] = max(worst.get(kind, (0.0, name)), (float(error), name))
    return worst


def main():
    p = argparse.ArgumentParser()
    p.add_argument("names", nargs="*", help="sets; all without any")
    p.add_argument("--compare", action="store_true")
    p.add_argument("--double", action="store_true")
    a = p.parse_args()
    if a.double and not a.compare:
        p.error("--double needs --compare: the files are float32")
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    sets = json.loads((HERE / "sets.json").read_text())
    if unknown := set(a.names) - {s["name"] for s in sets}:
        p.error(f"sets.json has no {sorted(unknown)[0]}")
    for s in sets:
        if a.names and s["name"] not in a.names:
            continue
        path = HERE / f"{s['name']}.safetensors"
        made = make(s, torch.float64 if a.double else torch.float32)
        if a.compare:
            for kind, (error, name) in differences(load(path), made).items():
                print(f"{s['name']:22} {kind:10} {error:.1e}  {name}")
        else:
            save_safetensors(path, made)
            print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
