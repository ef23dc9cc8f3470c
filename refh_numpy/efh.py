"""EFH: the static exponential-family harmonium, the poster's ORDER 0.

The harmonium (harmonium.py, P4 and P5) without a previous state: every time step is learnt as an
example of its own. It uses only the present observation, so it is the baseline of order 0.

    P6    dL/dtheta ~= sum_t E[-dE/dtheta](x_t, Y_t)
                           - E[-dE/dtheta](x_t, y_hat_t)

Without a state the past carries no information: `predict_next` and `generate` sample p(y).

    resampled in the negative phase:  y             gradient through u_{t-1}:  there is no u

Shapes: y (n_traj, T, n_y); n_u = 0. `infer` returns the hidden means x (n_traj, T, n_x).
"""

import numpy as np

from refh_numpy import harmonium, storage, training
from refh_numpy.generation import generate, not_joint
from refh_numpy.inference import emission_mean, infer, predict_next, predict_next_mean_field

__all__ = [
    "emission_mean",
    "generate",
    "generate_backward",
    "gradient",
    "infer",
    "init",
    "load",
    "predict_next",
    "predict_next_mean_field",
    "save",
    "train",
]


def init(n_x, n_y, family, rng, dtype=np.float32):
    """Small random weights and no state: harmonium.init with n_u = 0."""
    return harmonium.init(n_x, n_y, family, rng, dtype, n_u=0)


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0):
    """CD-k on y_t alone (P6). Does not check its arguments.

    Parameters
    ----------
    u, x_mean : (n_traj, chunk, 0) nothing; (n_traj, chunk, n_x) hidden means
    y : (n_traj, chunk, n_y) observations
    k, noise_fraction : Gibbs sweeps; fraction of the chains that start from noise (H4)

    Returns
    -------
    the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(
        params, u, y, x_mean, k, rng, clamp_u=0, noise_fraction=noise_fraction
    )
    return harmonium.cd_gradient(params, u, y, x_mean, negative), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); settings, returned values: training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def generate_backward(params, x_T, T, rng, **settings):
    """Undefined: this model does not learn p(u_{t-1}). Does not check its arguments."""
    raise not_joint("an EFH, which has no u")


def save(path, params, /, **meta):
    """Write the weights (.npz), with whatever JSON can hold in meta."""
    storage.save(path, params, "efh", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "efh")
