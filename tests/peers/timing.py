"""What the Python peers share: their options, the clock and the report.

A script is one round of a comparison: it makes its own model, warms it up,
takes steps for about a second and prints one JSON object.
"""

import argparse
import json
import os
import sys
import time

# Where these are set for another program's sake, NumPy's and PyTorch's BLAS
# must not be held to the kernels of an old CPU. They are read when the library
# is loaded, which is after this.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

#: Batches of images to go round: as many as on our side.
BATCHES = 8

#: Steps before the clock starts; the second half says how many a second holds.
WARM_UP_STEPS = 10


def parser(description):
    """Returns the options that every peer takes."""
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--batch-size", type=int, default=128)
    p.add_argument("--latent-dim", type=int, default=12)
    p.add_argument("--seconds", type=float, default=1.0, help="how long to time")
    return p


def milliseconds(run, seconds):
    """Returns how long one of many steps takes.

    `run(i)` takes step i and returns something to wait for: a function, or None
    where the step is over when it returns. Timed as a whole, so that a step that
    takes longer counts for the mean as it does in training.
    """

    def take(first, count):
        start = time.perf_counter()
        for i in range(first, first + count):
            wait = run(i)
        if wait is not None:
            wait()
        return time.perf_counter() - start

    half = WARM_UP_STEPS // 2
    take(0, half)
    count = max(1, round(seconds * half / take(half, half)))
    return 1000 * take(2 * half, count) / count


def report(name, version, build, threads, times, is_fair=True):
    """Prints what the comparison reads."""
    json.dump(
        {
            "name": name,
            "version": version,
            "build": build,
            "threads": threads,
            "isFair": is_fair,
            "times": times,
        },
        sys.stdout,
    )
    print()
