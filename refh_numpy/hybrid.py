"""Hybrid of TRBM and rEFH: the joint objective with the term log p(u_{t-1}) weighted by w.

The rEFH (refh.py) learns the joint, the TRBM (trbm.py) the conditional. Because
p(u, y) = p(u) p(y | u), they differ by one term, and that term can have any weight (compare the
hybrid objectives of Larochelle and Bengio 2008). It is not on the poster.

    H11   L_w = sum_t log p(y_t | u_{t-1}) + w log p(u_{t-1})          w = 0: TRBM;   w = 1: rEFH

Its gradient is w times the rEFH's plus 1 - w times the TRBM's. So the negative phase resamples the
u of each example with probability w, and otherwise leaves it as it is. The rule is as local in
time as the other two. w may fall geometrically during training, with s the fraction of the updates
that are made:

    H12   w(s) = first (last / first)^s

This is annealing from a larger to a smaller weight of the joint. The idea is that the state first
learns to keep the past, then to use it.

    resampled in the negative phase:  y, and u with probability w      gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x.
"""

from datasets.support import checks
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


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0, *, w):
    """The local rule (H11): CD-k with u resampled with probability w. Does not check its arguments.

    Parameters
    ----------
    u, x_mean : (n_traj, chunk, n_x) previous states and hidden means
    y : (n_traj, chunk, n_y) observations
    k, noise_fraction : Gibbs sweeps; fraction of the chains that start from noise (H4)
    w : weight of log p(u_{t-1}), in [0, 1]

    Returns
    -------
    the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(
        params, u, y, x_mean, k, rng, clamp_u=1 - w, noise_fraction=noise_fraction
    )
    return harmonium.cd_gradient(params, u, y, x_mean, negative), negative.y


def train(params, batches, rng, *, w, **settings):
    """Learn from batches (n_traj, T, n_y); settings, returned values: training.train.

    w : the weight of log p(u_{t-1}) in [0, 1], or a pair (first, last), both above 0 (H12)
    """
    schedules = {"w": _weight_schedule(w)}
    return training.train(gradient, params, batches, rng, schedules=schedules, **settings)


def _weight_schedule(w):
    """The function s -> w(s): constant for a number, geometric for a pair (H12)."""
    if not isinstance(w, (list, tuple)):
        w = checks.number("w", w, low=0, high=1)
        return lambda s: w
    if len(w) != 2:
        raise ValueError(f"w: expected a number or a pair (first, last), got {w!r:.60}")
    first, last = (checks.number("w", end, low=0, high=1, above_low=True) for end in w)
    return lambda s: first * (last / first) ** s


def save(path, params, /, **meta):
    """Write the weights (.npz), with whatever JSON can hold in meta."""
    storage.save(path, params, "hybrid", **meta)


def load(path):
    """Read what `save` wrote: params, meta."""
    return storage.load(path, "hybrid")
