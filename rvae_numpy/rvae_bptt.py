"""rVAE + BPTT: the rVAE's objective, *with* the gradient through u_{t-1}. A control that the poster lacks.

The rVAE (rvae.py) with the term that "letting the derivative pass through the expectations" (P12) leaves out: u_{t-1} was
computed with the same parameters, so a change of phi changes it too, and with it the loss of every later step.

    D35   dL/du_t = dL_{t+1}/du_t + F' dL/du_{t+1},         F: the block of nu's weights that multiplies u

    the decoder gives back:  u and y            gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_x): the state is the recognised mean of x.
"""
from rvae_numpy import autoencoder, storage, training
from rvae_numpy.autoencoder import emission_mean, generate, infer, predict_next
from rvae_numpy.rvae import init

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "generate", "save", "load"]


def gradient(params, u, y, rng, told=None):
    """D30's gradient, and backprop through time                                                                [D35]

    u (n_traj, chunk, n_x), y (n_traj, chunk, n_y): previous states, observations
    told : what the recognition model is told of y, in its shape; None for y itself
    returns the loss a frame, and its gradient, a Params
    """
    loss, local, d_u = autoencoder.frames_gradient(params, u, y, rng, told)
    return loss, autoencoder.through_time(params, u, y if told is None else told, d_u, local)


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write the weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, "rvae_bptt", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, "rvae_bptt")
