"""rVAE + BPTT: the rVAE's objective, *with* the gradient through u_{t-1}. A control of ours.

The rVAE (rvae.py) with the term that "letting the derivative pass through the expectations" (P12)
leaves out: u_{t-1} was computed with the same parameters, so a change of phi changes u_{t-1}, and
with it the loss of every later step.

    V11  dL/du_t = dL_{t+1}/du_t + F' dL/du_{t+1},      F: d nu / d u_t at step t + 1

    the decoder reconstructs:  u and y          gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_x): the state is the recognised mean of x.
"""

from datasets.support.loop import Gradient
from rvae_numpy import autoencoder, storage, training
from rvae_numpy.generation import generate, generate_backward
from rvae_numpy.inference import emission_mean, infer, predict_next
from rvae_numpy.rvae import init

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


def gradient(params, u, y, rng, y_input=None):
    """The gradient of V8, with backpropagation through time (V11).
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
    loss, local, d_u = autoencoder.chunk_gradient(params, u, y, rng, y_input)
    y_input = y if y_input is None else y_input
    return Gradient(autoencoder.bptt(params, u, y_input, d_u, local), loss)


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, /, **meta):
    """Write weights (.npz), with whatever JSON can hold beside them."""
    storage.save(path, params, "rvae_bptt", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "rvae_bptt")
