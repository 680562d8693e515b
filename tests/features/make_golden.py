"""Writes golden.json: what NumPy, scikit-learn and PyTorch compute where the tests of samples look.

Needs these three; from the root of the repository:

    python3 tests/features/make_golden.py

Rows are rounded before anything is computed of them, so that the file has all of their digits.
"""
import base64, json, pathlib, re

import numpy as np
import torch
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from train_classifier import Classifier
from vae_reference import read_idx

HERE = pathlib.Path(__file__).parent
WEIGHTS = HERE.parent.parent / "lib" / "metrics" / "classifier_weights.ts"
NEIGHBORS = 5


def rows(rng, n, factor, mean):
    """Gaussian rows that float32 holds exactly."""
    draws = rng.standard_normal((n, len(mean))) @ np.asarray(factor).T + mean
    return np.round(draws * 256) / 256


def frechet(a, b):
    """Through the eigenvalues of the product itself, which is not symmetric."""
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(s @ t).astype(complex)).real
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s) + np.trace(t) - 2 * roots.sum()


def overlap(real, fake):
    """As the code of Naeem et al. has it (https://github.com/clovaai/generative-evaluation-prdc)."""
    radius = lambda x: NearestNeighbors(n_neighbors=NEIGHBORS + 1).fit(x).kneighbors(x)[0][:, -1]
    distances = np.linalg.norm(real[:, None] - fake[None], axis=2)
    in_real, in_fake = distances < radius(real)[:, None], distances < radius(fake)[None]
    return {"precision": in_real.any(0).mean(), "recall": in_fake.any(1).mean(),
            "density": in_real.sum(0).mean() / NEIGHBORS, "coverage": in_real.any(1).mean()}


def mixture(rng):
    """Expectation maximisation from means that are none, until the mean log-density grows by less than 0.01."""
    x = np.concatenate([rows(rng, 40, [[1, 0], [0.8, 0.5]], [0, 0]), rows(rng, 50, [[0.5, 0], [-1, 1]], [4, 1]),
                        rows(rng, 30, [[0.3, 0], [0.1, 0.3]], [4, 5])])
    means = np.array([[1.0, 0], [1.5, 0.5], [1, 1]])
    factors = np.array([[[1.0, 0], [0, 1]], [[1, 0], [0.5, 1]], [[2, 0], [-0.5, 1]]])
    precisions = np.linalg.inv(factors @ factors.transpose(0, 2, 1))
    fit = GaussianMixture(3, tol=1e-2, reg_covar=1e-6, weights_init=[0.25, 0.25, 0.5], means_init=means,
                          precisions_init=precisions).fit(x)
    return {"rows": x.ravel().tolist(), "first": {"means": means.ravel().tolist(), "factors": factors.ravel().tolist()},
            "iterations": fit.n_iter_, "weights": fit.weights_.tolist(), "means": fit.means_.ravel().tolist(),
            "covariances": fit.covariances_.ravel().tolist(), "logDensity": fit.score(x)}


def features(count):
    """Of the first digits of the golden values."""
    text = re.search(r'CLASSIFIER_BASE64 =\s+"([^"]+)"', WEIGHTS.read_text())[1]
    weights = np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)
    model = Classifier()
    state = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    last = lambda k: 2 * k.startswith("classes") + (".running_" in k)
    at = 0
    for name in sorted(state, key=last):
        size = state[name].numel()
        state[name] = torch.from_numpy(weights[at:at + size].copy()).view(state[name].shape)
        at += size
    assert at == len(weights)
    model.load_state_dict(state, strict=False)
    model.eval()
    images = read_idx(HERE.parent / "golden" / "digits-idx3-ubyte.gz", count)
    with torch.no_grad():
        found = model.features(torch.from_numpy(images).unsqueeze(1) / 255)
    return [float(f"{x:.7g}") for x in found.flatten().tolist()]


def main():
    rng = np.random.default_rng(0)
    a = rows(rng, 40, [[1, 0, 0], [0.5, 1, 0], [0, -0.5, 0.3]], [0, 0, 0])
    b = rows(rng, 50, [[0.8, 0, 0], [-0.5, 1.2, 0], [0.2, 0, 0.4]], [0.5, 0, -0.3])
    golden = {"a": a.ravel().tolist(), "b": b.ravel().tolist(), "frechet": frechet(a, b), "overlap": overlap(a, b),
              "mixture": mixture(rng), "features": features(2)}
    (HERE / "golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
