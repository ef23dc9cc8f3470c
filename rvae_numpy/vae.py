"""VAE: the static variational autoencoder, the second architecture's ORDER 0.

The autoencoder (autoencoder.py, P8 to P10) without a previous state: every frame is learnt as if it stood alone. It can only
say what the present observation says (Kingma and Welling 2014).

    D30   L_t = KL(q(x_t | y) || N(0, I)) - E_q[log p(y_t | x_t)]

    the decoder gives back:  y                  gradient through u_{t-1}:  there is no u

Shapes: y (n_traj, T, n_y); n_u = 0. What `infer` returns are the recognised means of x (n_traj, T, n_x).
"""
import numpy as np

from rvae_numpy import autoencoder, storage, training
from rvae_numpy.autoencoder import Model, emission_mean, generate, infer, predict_next

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "generate", "save", "load"]


def init(n_y, n_x, hidden, family, rng, dtype=np.float32, *, activation="tanh", sigma_y=1.0):
    """Weights as autoencoder.init makes them; no state."""
    model = Model(family, activation, sigma_y=sigma_y, learn_u=False, prior_given_u=False)
    return autoencoder.init(n_y, n_x, hidden, model, rng, dtype, static=True)


def gradient(params, u, y, rng):
    """D30's gradient: y_t is given back, and there is nothing else                                   [D30]

    u (n_traj, chunk, 0), y (n_traj, chunk, n_y): nothing, observations
    returns the loss a frame, and its gradient, a Params
    """
    loss, local, _ = autoencoder.frames_gradient(params, u, y, rng)
    return loss, local


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write a VAE's weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, "vae", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, "vae")
