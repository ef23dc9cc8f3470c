"""rEFH + BPTT: a control that the poster lacks.

The rEFH (refh.py) with backpropagation through time, as the RTRBM (rtrbm.py) is the TRBM with it
(the authors' code has the same model: rEFH-BPTT in RBM/EFH.m). It is far worse than either;
README.md, in this folder, says why.

    H8    dL/dtheta = [P6, with u as data] + sum_t (dL/da_t) da_t/dtheta,
          a_t = W_u u_{t-1} + W_y y_t + b_x
    H10   dl_t/du_{t-1} = W_u' E[x_t | u_{t-1}, Y_t] + b_u,    l_t = log p(u_{t-1}, y_t)

harmonium.bptt computes the second sum of H8, back to the start of the chunk. H10 has no term from
the model, unlike H9: the partition function of the joint does not depend on the data's u.

    resampled in the negative phase:  u and y       gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x.
"""

from refh_numpy import harmonium, storage, training
from refh_numpy.generation import generate, generate_backward
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
    """CD-k on the joint of u_{t-1} and y_t, and BPTT (H8, H10). Does not check its arguments.

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
        params, u, y, x_mean, k, rng, clamp_u=0, noise_fraction=noise_fraction
    )
    local = harmonium.cd_gradient(params, u, y, x_mean, negative)
    dl_du = x_mean @ params.W_u + params.b_u
    return harmonium.bptt(params, u, y, x_mean, dl_du, local), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); settings, returned values: training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, /, **meta):
    """Write the weights (.npz), with whatever JSON can hold in meta."""
    storage.save(path, params, "refh_bptt", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "refh_bptt")
