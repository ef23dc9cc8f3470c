"""RTRBM: the recurrent temporal restricted Boltzmann machine, learnt *with* backprop through time.

The poster's row RTRBM (Sutskever, Hinton and Taylor 2008). It is the TRBM (trbm.py) with the one term that the local
rules leave out: u_{t-1} was computed with the same parameters, so a change of theta changes it too, and with it the
probability of y_t.

    D20   dL/dtheta = [P6', as if u were data] + sum_t (dL/da_t) da_t/dtheta,    a_t = W_u u_{t-1} + W_y y_t + b_x
    D21   dl_t/du_{t-1} = W_u' (E[x_t | u_{t-1}, Y_t] - E[x_t | u_{t-1}])        for l_t = log p(y_t | u_{t-1})

D20's second sum is harmonium.through_time; E[x_t | u_{t-1}] in D21 is the negative phase's. The sum goes back as far as
the chunk reaches.

    negative phase gives back:  y               gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x. b_u plays no part and stays 0.
"""
from refh_numpy import harmonium, storage, training
from refh_numpy.harmonium import emission_mean, generate, infer, init, predict_next, predict_next_by_means

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "predict_next_by_means",
           "generate", "save", "load"]


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0):
    """CD-k on y_t given u_{t-1}, and backprop through time                                              [D20, D21]

    u, x_mean (n_traj, chunk, n_x), y (n_traj, chunk, n_y): previous states, hidden means, observations;  k : Gibbs sweeps
    returns the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(params, u, y, x_mean, k, rng, clamp_u=1, noise_fraction=noise_fraction)
    local = harmonium.contrast(params, u, y, x_mean, negative)
    slope = (x_mean - negative.x) @ params.W_u
    return harmonium.through_time(params, u, y, x_mean, slope, local), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write an RTRBM's weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, model="rtrbm", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, model="rtrbm")
