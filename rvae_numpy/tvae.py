"""TVAE: the temporal variational autoencoder, without backpropagation through time.

The poster's row TVAE, which it does not define. Ours is to the rVAE what the TRBM is to the rEFH:
the same recognition model, run forward in the same way, but it learns the observation *given* the
previous state, p(y_t | u_{t-1}). u_{t-1} is not reconstructed; it sets the prior of x_t.

    V10  L_t = KL(q(x_t | u, y) || p(x_t | u_{t-1})) - E_q[log p(y_t | x_t)],
         p(x | u) = N(m(u), e^k(u)),   m and k linear

With prior_given_u=False the prior is N(0, I) (P8), and u is only an input of the recognition
model: the model learns p(y_t), and no term of the loss rewards it for using the past. "Temporal
VAE" may mean either; the table has both, and the poster's figure lies between them.

    the decoder reconstructs:  y, with u given  gradient through u_{t-1}:  no

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
    sigma_y=1.0,
    prior_given_u=True,
):
    """Weights as autoencoder.init makes them; the other arguments are those of its Config."""
    config = Config(family, activation, sigma_y=sigma_y, learn_u=False, prior_given_u=prior_given_u)
    return autoencoder.init(n_x=n_x, n_y=n_y, hidden=hidden, config=config, rng=rng, dtype=dtype)


def gradient(params, u, y, rng, y_input=None):
    """The local rule: y_t is reconstructed, u_{t-1} taken as data (V10).
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
    storage.save(path, params, "tvae", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "tvae")
