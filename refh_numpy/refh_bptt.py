"""rEFH + BPTT: the control that the poster lacks.

The rEFH (refh.py) with backprop through time, as the RTRBM (rtrbm.py) is the TRBM with it (the authors' code calls it
rEFH-BPTT). One would expect it to be better than either. It is far worse: README.md beside this file says why.

    D20   dL/dtheta = [P6, as if u were data] + sum_t (dL/da_t) da_t/dtheta,    a_t = W_u u_{t-1} + W_y y_t + b_x
    D22   dl_t/du_{t-1} = W_u' E[x_t | u_{t-1}, Y_t] + b_u                      for l_t = log p(u_{t-1}, y_t)

D20's second sum is harmonium.through_time. The model's own E[x_t] is missing from D22, where the RTRBM's D21 has
it: the partition function of the joint does not depend on the u that the data have.

    negative phase gives back:  u and y         gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x.
"""
from refh_numpy import harmonium, storage, training
from refh_numpy.harmonium import emission_mean, generate, infer, init, predict_next, predict_next_by_means

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "predict_next_by_means",
           "generate", "save", "load"]


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0):
    """CD-k on the joint of u_{t-1} and y_t, and backprop through time                                    [D20, D22]

    u, x_mean (n_traj, chunk, n_x), y (n_traj, chunk, n_y): previous states, hidden means, observations;  k : Gibbs sweeps
    returns the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(params, u, y, x_mean, k, rng, clamp_u=0, noise_fraction=noise_fraction)
    local = harmonium.contrast(params, u, y, x_mean, negative)
    slope = x_mean @ params.W_u + params.b_u
    return harmonium.through_time(params, u, y, x_mean, slope, local), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write a control's weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, model="refh_bptt", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, model="refh_bptt")
