"""rVAE: the recurrent variational autoencoder, learnt without backpropagation through time.

The poster's box "rVAE" (Abdulsalam and Makin). The autoencoder (autoencoder.py, P7 to P10)
reconstructs from its latent x_t both the present observation y_t and its own previous state
u_{t-1}, with no gradient through u_{t-1}.

    V8   L_t = KL(q(x_t | u, y) || N(0, I)) - E_q[log p(u_{t-1} | x_t)] - E_q[log p(y_t | x_t)]

    the decoder reconstructs:  u and y          gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_x): the state is the recognised mean of x.
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


def init(
    *,
    n_x,
    n_y,
    hidden,
    family,
    rng,
    dtype=np.float32,
    activation="tanh",
    sigma_u=0.07,
    sigma_y=1.0,
    noise_u=0.0,
    sigmoid_mean=False,
    n_residual=0,
):
    """Weights as autoencoder.init makes them; the other arguments are those of its Config.

    sigma_u says how well u must be kept. It is not learnt: the likelihood of u has no bound,
    because a latent that ignores y can predict itself as precisely as one likes. For video,
    sigmoid_mean=True keeps the mean of a pixel in [0, 1], n_residual makes the dynamics nonlinear,
    and noise_u teaches the model to correct a state that is a little off.
    """
    config = Config(
        family,
        activation,
        sigma_u,
        sigma_y,
        noise_u,
        sigmoid_mean,
        learn_u=True,
        prior_given_u=False,
    )
    return autoencoder.init(
        n_x=n_x, n_y=n_y, hidden=hidden, config=config, rng=rng, dtype=dtype, n_residual=n_residual
    )


def gradient(params, u, y, rng, y_input=None):
    """The local rule: u_{t-1} and y_t are reconstructed, u_{t-1} taken as data (P12).
    Does not check its arguments.

    Parameters
    ----------
    u : (n_traj, chunk, n_x) previous states
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
    storage.save(path, params, "rvae", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "rvae")
