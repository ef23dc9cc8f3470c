"""rEFH: the recurrent exponential-family harmonium, learnt without backpropagation through time.

The poster's box "rEFH" (Abdulsalam and Makin; Makin, Dichter and Sabes 2016). The harmonium
(harmonium.py, P3 to P5) has the observation y_t and its own previous state u_{t-1} for visible
units, and learns their *joint* distribution p(u_{t-1}, y_t).

    P6    dL/dtheta ~= sum_t E[-dE/dtheta](x_t, Y_t, U_{t-1})
                           - E[-dE/dtheta](x_t, y_hat_t, u_hat_{t-1})

U_{t-1} depends on theta too, because the model computed it; the gradient ignores that path.
To model u_{t-1} well, x_t must keep the information in u_{t-1}. This pressure takes the place of
backpropagation through time.

    resampled in the negative phase:  u and y       gradient through u_{t-1}:  no

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
    """The local rule (P6): CD-k on the joint of u_{t-1} and y_t. Does not check its arguments.

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
    return harmonium.cd_gradient(params, u, y, x_mean, negative), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); settings, returned values: training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, /, **meta):
    """Write the weights (.npz), with whatever JSON can hold in meta."""
    storage.save(path, params, "refh", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "refh")
