"""rEFH: the recurrent exponential-family harmonium, learnt without backprop through time.

The poster's box "rEFH" (Abdulsalam and Makin; Makin, Dichter and Sabes 2016). The harmonium (harmonium.py, P3 to P5)
has the present observation y_t and its own previous state u_{t-1} for visible units, and learns their *joint*
distribution: the negative phase gives back u and y.

    P6    dL/dtheta ~= sum_t E[-dE/dtheta](x_t, Y_t, U_{t-1}) - E[-dE/dtheta](x_t, y_hat_t, u_hat_{t-1})

U_{t-1} depends on theta too, since the model computed it; the gradient does not go through it. To model u_{t-1} well,
x_t must keep whatever u_{t-1} held, so what was worth knowing yesterday is not lost today: that is what replaces
backprop through time.

    negative phase gives back:  u and y         gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x.
"""
from refh_numpy import harmonium, storage, training
from refh_numpy.harmonium import emission_mean, generate, infer, init, predict_next, predict_next_by_means

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "predict_next_by_means",
           "generate", "save", "load"]


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0):
    """The local rule: CD-k on the joint of u_{t-1} and y_t                                              [poster P6]

    u, x_mean (n_traj, chunk, n_x), y (n_traj, chunk, n_y): previous states, hidden means, observations;  k : Gibbs sweeps
    returns the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(params, u, y, x_mean, k, rng, clamp_u=0, noise_fraction=noise_fraction)
    return harmonium.contrast(params, u, y, x_mean, negative), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write an rEFH's weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, model="refh", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, model="refh")
