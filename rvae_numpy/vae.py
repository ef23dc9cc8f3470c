"""VAE: the static variational autoencoder, the second architecture's ORDER 0.

The autoencoder (autoencoder.py, P8 to P10) without a previous state: each time step is learnt on
its own, and the latent holds the present observation only (Kingma and Welling 2014).

    V8   L_t = KL(q(x_t | y) || N(0, I)) - E_q[log p(y_t | x_t)]

    the decoder reconstructs:  y                gradient through u_{t-1}:  there is no u

Shapes: y (n_traj, T, n_y); n_u = 0. `infer` returns the recognised means of x (n_traj, T, n_x).
"""

import numpy as np

from datasets.support.loop import Gradient
from rvae_numpy import autoencoder, storage, training
from rvae_numpy.generation import generate, generate_backward
from rvae_numpy.inference import emission_mean, infer, predict_next
from rvae_numpy.parameters import Config

__all__ = [
    "emission_mean",
    "generate",
    "generate_backward",
    "gradient",
    "infer",
    "init",
    "load",
    "predict_next",
    "save",
    "train",
]


def init(*, n_x, n_y, hidden, family, rng, dtype=np.float32, activation="tanh", sigma_y=1.0):
    """Weights as autoencoder.init makes them, without a state; the rest are those of its Config."""
    config = Config(family, activation, sigma_y=sigma_y, learn_u=False, prior_given_u=False)
    return autoencoder.init(
        n_x=n_x, n_y=n_y, hidden=hidden, config=config, rng=rng, dtype=dtype, static=True
    )


def gradient(params, u, y, rng, y_input=None):
    """The gradient of V8: y_t is reconstructed, and there is no state.
    Does not check its arguments.

    Parameters
    ----------
    u : (n_traj, chunk, 0) nothing
    y : (n_traj, chunk, n_y) observations
    rng : numpy.random.Generator
    y_input : (n_traj, chunk, n_y) what the recognition model receives in place of y; None for y

    Returns
    -------
    Gradient: params (Params), the gradient; value, the loss in nats per time step
    """
    loss, local, _ = autoencoder.chunk_gradient(params, u, y, rng, y_input)
    return Gradient(local, loss)


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, /, **meta):
    """Write weights (.npz), with whatever JSON can hold beside them."""
    storage.save(path, params, "vae", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "vae")
