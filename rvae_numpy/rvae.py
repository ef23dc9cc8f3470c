"""rVAE: the recurrent variational autoencoder, learnt without backprop through time.

The poster's box "rVAE" (Abdulsalam and Makin). The autoencoder (autoencoder.py, P7 to P10) must reconstruct from its latent
x_t both the present observation y_t and its own previous state u_{t-1}, with no gradient through u_{t-1}.

    D30   L_t = KL(q(x_t | u, y) || N(0, I)) - E_q[log p(u_{t-1} | x_t)] - E_q[log p(y_t | x_t)]

    the decoder gives back:  u and y            gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_x): the state is the recognised mean of x.
"""
import numpy as np

from rvae_numpy import autoencoder, storage, training
from rvae_numpy.autoencoder import Model, emission_mean, generate, infer, predict_next

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "generate", "save", "load"]


def init(n_y, n_x, hidden, family, rng, dtype=np.float32, *, activation="tanh", sigma_u=0.07, sigma_y=1.0,
         noise_u=0.0, noise_y=0.0, blinks=0.0, pixels=False, bend=0):
    """Weights as autoencoder.init makes them. sigma_u says how well u must be kept, and is not learnt: the likelihood of
    u has no bound, for a latent that ignores y predicts itself as precisely as one likes. For films: pixels=True, and a
    `bend`, since what bounces is not linear; noise_u, so that a state that is a little wrong is put right; noise_y and blinks, so
    that it remembers what a frame does not show clearly, or does not show (and can dream with its eye shut: dreaming.py)."""
    model = Model(family, activation, sigma_u, sigma_y, noise_u, noise_y, blinks, pixels, learn_u=True, prior_given_u=False)
    return autoencoder.init(n_y, n_x, hidden, model, rng, dtype, bend=bend)


def gradient(params, u, y, rng, told=None):
    """The local rule: u_{t-1} and y_t are given back, the previous states taken for data                   [poster P12]

    u (n_traj, chunk, n_x), y (n_traj, chunk, n_y): previous states, observations
    told : what the recognition model is told of y, in its shape; None for y itself
    returns the loss a frame, and its gradient, a Params
    """
    loss, local, _ = autoencoder.frames_gradient(params, u, y, rng, told)
    return loss, local


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write an rVAE's weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, "rvae", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, "rvae")
