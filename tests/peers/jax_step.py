"""Times a training step of the same model in JAX on the CPU, Adam and ε inside one jitted function.

    python jax_step.py [--threads 2] [--batch-size 128]

Convolutions are NHWC with HWIO weights. Transposed convolutions are written in
their gradient's form (`lhs_dilation`), as Flax does. Weights are of a likely size,
not PyTorch's initial ones: they do not matter to the time.
"""

import os
import sys

sys.dont_write_bytecode = True

from timing import BATCHES, milliseconds, parser, report

options = parser(__doc__.splitlines()[0]).parse_args()

# JAX has no option for its threads: it starts one for each core it may use.
if options.threads < os.cpu_count():
    if not hasattr(os, "sched_setaffinity"):
        sys.exit(f"JAX cannot be held to {options.threads} threads on this system")
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[: options.threads])

import jax
import jax.numpy as jnp
import numpy

jax.config.update("jax_platforms", "cpu")
batch, latent_dim = options.batch_size, options.latent_dim
# NumPy's, since JAX compiles a program for each shape that it draws.
generator = numpy.random.default_rng(0)
NHWC = ("NHWC", "HWIO", "NHWC")


def layer(*shape):
    weight = 0.05 * generator.standard_normal(shape, numpy.float32)
    return jnp.array(weight), jnp.zeros(shape[-1])


def norms(*channels):
    return [(jnp.ones(c), jnp.zeros(c)) for c in channels]


model = {
    "encoder": [layer(3, 3, 1, 16), layer(3, 3, 16, 32), layer(3, 3, 32, 64)],
    "encoder_norms": norms(16, 32, 64),
    "mu": layer(1024, latent_dim),
    "logvar": layer(1024, latent_dim),
    "decode": layer(latent_dim, 1024),
    "decoder": [layer(3, 3, 64, 32), layer(3, 3, 32, 16), layer(3, 3, 16, 1)],
    "decoder_norms": norms(32, 16),
}
running = {
    "encoder": [(jnp.zeros(c), jnp.ones(c)) for c in (16, 32, 64)],
    "decoder": [(jnp.zeros(c), jnp.ones(c)) for c in (32, 16)],
}


def norm(x, parameters, statistics):
    scale, shift = parameters
    mean = x.mean((0, 1, 2))
    variance = ((x - mean) ** 2).mean((0, 1, 2))
    y = (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift
    n = x.size // x.shape[3]
    old = statistics
    now = (mean, variance * n / (n - 1))
    return y, tuple(0.9 * a + 0.1 * b for a, b in zip(old, now))


def convolve(x, parameters, **how):
    weight, bias = parameters
    return jax.lax.conv_general_dilated(x, weight, dimension_numbers=NHWC, **how) + bias


def down(x, parameters):
    return convolve(x, parameters, window_strides=(2, 2), padding=[(1, 1)] * 2)


def up(x, parameters, extra):
    """Transposed: kernel 3, stride 2, padding 1 and `extra` output padding."""
    padding = [(1, 1 + extra)] * 2
    return convolve(x, parameters, window_strides=(1, 1), padding=padding, lhs_dilation=(2, 2))


def dense(x, parameters):
    weight, bias = parameters
    return x @ weight + bias


def loss_of(model, running, x, epsilon):
    after = {"encoder": [], "decoder": []}
    h = x
    for i in range(3):
        h = jax.nn.relu(down(h, model["encoder"][i]))
        h, statistics = norm(h, model["encoder_norms"][i], running["encoder"][i])
        after["encoder"].append(statistics)
    h = h.reshape(batch, -1)
    mu, logvar = dense(h, model["mu"]), dense(h, model["logvar"])
    z = mu + jnp.exp(0.5 * logvar) * epsilon
    h = dense(z, model["decode"]).reshape(-1, 4, 4, 64)
    for i in range(3):
        h = up(h, model["decoder"][i], min(i, 1))
        if i < 2:
            h, statistics = norm(jax.nn.relu(h), model["decoder_norms"][i], running["decoder"][i])
            after["decoder"].append(statistics)
    reconstruction = ((h - x) ** 2).sum() / batch
    kl = -0.5 * (1 + logvar - mu**2 - jnp.exp(logvar)).sum() / batch
    return reconstruction + kl, after


@jax.jit
def step(state, images, i):
    model, running, m, v = state
    x = jax.lax.dynamic_slice_in_dim(images, i % BATCHES * batch, batch)
    epsilon = jax.random.normal(jax.random.fold_in(jax.random.key(1), i), (batch, latent_dim))
    (loss, running), gradient = jax.value_and_grad(loss_of, has_aux=True)(model, running, x, epsilon)
    t = i + 1.0
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)

    def updated(p, m, v):
        return p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return (jax.tree.map(updated, model, m, v), running, m, v), loss


images = jnp.array(generator.random((BATCHES * batch, 28, 28, 1), numpy.float32))
state = (model, running, jax.tree.map(jnp.zeros_like, model), jax.tree.map(jnp.zeros_like, model))


def run(i):
    global state
    state, loss = step(state, images, i)
    return loss.block_until_ready


times = [{"of": "step", "variant": "jitted", "milliseconds": milliseconds(run, options.seconds)}]
report("JAX", jax.__version__, f"XLA on {jax.default_backend()}", options.threads, times)
