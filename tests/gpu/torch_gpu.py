"""Times a training step of the reference model in PyTorch on an NVIDIA GPU.

Variants: `eager`, `compiled` (torch.compile of forward pass and loss), and
`graph`, the whole step captured in a CUDA graph. Prints what `../peers` print.
"""

import os
import sys

sys.dont_write_bytecode = True
here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(here, "..", name) for name in ("golden", "peers")]

from timing import BATCHES, milliseconds, parser, report

p = parser(__doc__.splitlines()[0])
options = p.parse_args()

import torch
from vae_reference import VAE, loss_terms

if not torch.cuda.is_available():
    sys.exit("error: this PyTorch has no CUDA, or there is no NVIDIA GPU")
images = torch.rand(BATCHES, options.batch_size, 1, 28, 28, device="cuda")


def step_of(variant):
    """Returns a function that begins one training step and returns the wait."""
    torch.manual_seed(0)
    model = VAE(options.latent_dim).to("cuda")
    optimizer = torch.optim.Adam(
        model.parameters(), lr=1e-3, fused=True, capturable=variant == "graph"
    )

    def loss_of(x):
        mu, logvar = model.encode(x)
        y = model.decode(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu))
        reconstruction, kl = loss_terms(y, x, mu, logvar)
        return reconstruction + kl

    forward = torch.compile(loss_of) if variant == "compiled" else loss_of

    def step(x):
        optimizer.zero_grad(set_to_none=True)
        forward(x).backward()
        optimizer.step()

    if variant != "graph":

        def run(i):
            step(images[i % BATCHES])
            return torch.cuda.synchronize

        return run

    # https://docs.pytorch.org/docs/stable/notes/cuda.html#whole-network-capture
    x = images[0].clone()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(x)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    optimizer.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph):
        step(x)

    def replay(i):
        x.copy_(images[i % BATCHES])
        graph.replay()
        return torch.cuda.synchronize

    return replay


times = []
for variant in ("eager", "graph", "compiled"):
    time = {"of": "step", "variant": variant}
    try:
        time["milliseconds"] = milliseconds(step_of(variant), options.seconds)
    except Exception as error:  # torch.compile needs a C compiler, for one
        time["error"] = (str(error).strip().splitlines() or [repr(error)])[-1]
    times.append(time)
report(
    "PyTorch",
    torch.__version__,
    f"CUDA {torch.version.cuda}, {torch.cuda.get_device_name()}",
    options.threads,
    times,
)
