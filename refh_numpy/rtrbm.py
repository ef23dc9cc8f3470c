"""RTRBM: the recurrent temporal restricted Boltzmann machine, with backpropagation through time.

The poster's row RTRBM (Sutskever, Hinton and Taylor 2008). It is the TRBM (trbm.py) with the term
that the local rules leave out: u_{t-1} was computed with the same parameters, so a change of theta
changes u_{t-1} and, through it, the probability of y_t.

    H8    dL/dtheta = [P6', with u as data] + sum_t (dL/da_t) da_t/dtheta,
          a_t = W_u u_{t-1} + W_y y_t + b_x
    H9    dl_t/du_{t-1} = W_u' (E[x_t | u_{t-1}, Y_t] - E[x_t | u_{t-1}]),
          l_t = log p(y_t | u_{t-1})

harmonium.bptt computes the second sum of H8, back to the start of the chunk. E[x_t | u_{t-1}] in
H9 comes from the negative phase.

    resampled in the negative phase:  y             gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x. b_u is not used and stays 0.
"""

from refh_numpy import harmonium, storage, training
from refh_numpy.generation import generate, not_joint
from refh_numpy.harmonium import init
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


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0):
    """CD-k on y_t given u_{t-1}, and BPTT (H8, H9). Does not check its arguments.

    Parameters
    ----------
    u, x_mean : (n_traj, chunk, n_x) previous states and hidden means
    y : (n_traj, chunk, n_y) observations
    k, noise_fraction : Gibbs sweeps; fraction of the chains that start from noise (H4)

    Returns
    -------
    the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(
        params, u, y, x_mean, k, rng, clamp_u=1, noise_fraction=noise_fraction
    )
    local = harmonium.cd_gradient(params, u, y, x_mean, negative)
    dl_du = (x_mean - negative.x) @ params.W_u
    return harmonium.bptt(params, u, y, x_mean, dl_du, local), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); settings, returned values: training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def generate_backward(params, x_T, T, rng, **settings):
    """Undefined: this model does not learn p(u_{t-1}). Does not check its arguments."""
    raise not_joint("an RTRBM, which is conditional on u")


def save(path, params, /, **meta):
    """Write the weights (.npz), with whatever JSON can hold in meta."""
    storage.save(path, params, "rtrbm", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "rtrbm")
