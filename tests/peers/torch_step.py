"""Times a training step of the reference model in PyTorch on the CPU.

    python torch_step.py [--threads 2] [--batch-size 128] [--variants NAME,NAME,...]

Variants: `eager`, as anyone writes it; `channels_last`, with that memory format
and the fused Adam; and with these two, `compiled` (torch.compile of forward pass
and loss), `bf16` (autocast) and `compiled_bf16`. Without --variants the first
two, and `bf16` where the processor has units for it.
"""

import os
import platform
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(here, "..", "golden"))

from timing import BATCHES, milliseconds, parser, report

VARIANTS = ["eager", "channels_last", "compiled", "bf16", "compiled_bf16"]



def usual_variants():
    """The variants that are timed unless others are named."""
    try:
        with open("/proc/cpuinfo") as file:
            flags = file.read()
    except OSError:  # not Linux
        flags = ""
    has_bfloat16 = "amx_bf16" in flags or "avx512_bf16" in flags
    return "eager,channels_last" + (",bf16" if has_bfloat16 else "")


p = parser(__doc__.splitlines()[0])
p.add_argument("--variants", default=usual_variants(), help=",".join(VARIANTS))
options = p.parse_args()
variants = options.variants.split(",")
for variant in variants:
    if variant not in VARIANTS:
        p.error(f"there is no variant {variant!r}, only {', '.join(VARIANTS)}")
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import torch
from vae_reference import VAE, loss_terms

torch.set_num_threads(options.threads)
batch = options.batch_size
images = torch.rand(BATCHES * batch, 1, 28, 28)


def step_of(variant):
    """Returns a function that takes one training step."""
    torch.manual_seed(0)
    model = VAE(options.latent_dim)
    eager = variant == "eager"
    if not eager:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=not eager)

    def loss_of(x, epsilon):
        mu, logvar = model.encode(x)
        y = model.decode(mu + torch.exp(0.5 * logvar) * epsilon)
        reconstruction, kl = loss_terms(y.float(), x, mu.float(), logvar.float())
        return reconstruction + kl

    forward = torch.compile(loss_of) if "compiled" in variant else loss_of

    def step(i):
        first = i % BATCHES * batch
        x = images[first : first + batch]
        if not eager:
            x = x.contiguous(memory_format=torch.channels_last)
        epsilon = torch.randn(batch, options.latent_dim)
        with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in variant):
            loss = forward(x, epsilon)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


times = []
for variant in variants:
    time = {"of": "step", "variant": variant}
    try:
        time["milliseconds"] = milliseconds(step_of(variant), options.seconds)
    except Exception as error:  # a variant that this build lacks, for one
        time["error"] = (str(error).strip().splitlines() or [repr(error)])[-1]
    times.append(time)

libraries = {
    "oneDNN": torch.backends.mkldnn.is_available(),
    "MKL": torch.backends.mkl.is_available(),
}
# PyPI's builds for x86-64 have both. On other CPUs PyTorch takes other libraries.
is_x86 = platform.machine().lower() in ("x86_64", "amd64")
report(
    "PyTorch",
    torch.__version__,
    ", ".join(name if there else f"no {name}" for name, there in libraries.items()),
    torch.get_num_threads(),
    times,
    is_fair=all(libraries.values()) or not is_x86,
)
