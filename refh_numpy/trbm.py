"""TRBM: the temporal restricted Boltzmann machine, without backprop through time.

The poster's row TRBM (Sutskever and Hinton 2007). The same harmonium (harmonium.py, P3 to P5), run forward in the same
way; but what it learns is the observation *given* its previous state, p(y_t | u_{t-1}): the negative phase gives back y
alone.

    P6'   dL/dtheta ~= sum_t E[-dE/dtheta](x_t, Y_t, U_{t-1}) - E[-dE/dtheta](x_t, y_hat_t, U_{t-1})

Nothing asks x_t to keep what u_{t-1} held, unless it helps with y_t at once. That is where order 1 comes from.

    negative phase gives back:  y               gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x. b_u plays no part and stays 0.
"""
from refh_numpy import harmonium, storage, training
from refh_numpy.harmonium import emission_mean, generate, infer, init, predict_next, predict_next_by_means

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "predict_next_by_means",
           "generate", "save", "load"]


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0):
    """The local rule: CD-k on y_t given u_{t-1}                                                                 [P6']

    u, x_mean (n_traj, chunk, n_x), y (n_traj, chunk, n_y): previous states, hidden means, observations;  k : Gibbs sweeps
    returns the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(params, u, y, x_mean, k, rng, clamp_u=1, noise_fraction=noise_fraction)
    return harmonium.contrast(params, u, y, x_mean, negative), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write a TRBM's weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, model="trbm", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, model="trbm")
