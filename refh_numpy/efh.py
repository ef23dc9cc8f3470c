"""EFH: the static exponential-family harmonium, the poster's ORDER 0.

The harmonium (harmonium.py, P4 and P5) without a previous state: every frame is learnt as if it stood alone. It can
only say what the present observation says, and that is what the recurrent models are to improve upon.

    P6    dL/dtheta ~= sum_t E[-dE/dtheta](x_t, Y_t) - E[-dE/dtheta](x_t, y_hat_t)

    negative phase gives back:  y               gradient through u_{t-1}:  there is no u

Without a state the past says nothing: `predict_next` and `generate` draw from p(y), whatever came before.

Shapes: y (n_traj, T, n_y); n_u = 0. What `infer` returns are the hidden means x (n_traj, T, n_x).
"""
import numpy as np

from refh_numpy import harmonium, storage, training
from refh_numpy.harmonium import emission_mean, generate, infer, predict_next, predict_next_by_means

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "predict_next_by_means",
           "generate", "save", "load"]


def init(n_x, n_y, family, rng, dtype=np.float32):
    """Small random weights; no state."""
    return harmonium.init(n_x, n_y, family, rng, dtype, n_u=0)


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0):
    """CD-k on y_t alone: u is empty                                                                     [poster P6]

    u (n_traj, chunk, 0), x_mean (n_traj, chunk, n_x), y (n_traj, chunk, n_y): nothing, hidden means, observations;  k : Gibbs sweeps
    returns the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(params, u, y, x_mean, k, rng, clamp_u=0, noise_fraction=noise_fraction)
    return harmonium.contrast(params, u, y, x_mean, negative), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write an EFH's weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, model="efh", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, model="efh")
