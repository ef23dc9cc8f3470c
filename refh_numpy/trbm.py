"""TRBM: the temporal restricted Boltzmann machine, without backpropagation through time.

The poster's row TRBM (Sutskever and Hinton 2007). The same harmonium (harmonium.py, P3 to P5), run
forward in the same way, learns the observation *given* its previous state: p(y_t | u_{t-1}).

    P6'   dL/dtheta ~= sum_t E[-dE/dtheta](x_t, Y_t, U_{t-1})
                           - E[-dE/dtheta](x_t, y_hat_t, U_{t-1})

x_t needs to keep of u_{t-1} only what helps with y_t at once. The model ends up of order 1.

    resampled in the negative phase:  y             gradient through u_{t-1}:  no

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
    """The local rule (P6'): CD-k on y_t given u_{t-1}. Does not check its arguments.

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
    return harmonium.cd_gradient(params, u, y, x_mean, negative), negative.y


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); settings, returned values: training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def generate_backward(params, x_T, T, rng, **settings):
    """Undefined: this model does not learn p(u_{t-1}). Does not check its arguments."""
    raise not_joint("a TRBM, which is conditional on u")


def save(path, params, /, **meta):
    """Write the weights (.npz), with whatever JSON can hold in meta."""
    storage.save(path, params, "trbm", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "trbm")
