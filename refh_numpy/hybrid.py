"""Between TRBM and rEFH: a dial for how much the past is worth.

The rEFH (refh.py) learns the joint, the TRBM (trbm.py) the conditional. Since p(u, y) = p(u) p(y | u), they differ by
how much one more term counts, and nothing forbids what lies in between:

    D23   L_w = sum_t log p(y_t | u_{t-1}) + w log p(u_{t-1})          w = 0: TRBM;   w = 1: rEFH

Its gradient is w times the rEFH's and 1 - w times the TRBM's: in each frame's negative phase, u is given back with
probability w and stays as it is otherwise. The rule is as local in time as either of the two. It is not on the poster.

    negative phase gives back:  y, and with probability w also u        gradient through u_{t-1}:  no

w may fall while the model learns, from `first` to `last`, with s the fraction of the updates that are made:

    D56   w(s) = first (last / first)^s

That is annealing, from (nearly) the joint to (nearly) the conditional: the state first learns to carry the past, then to use it.

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x.
"""
import numpy as np

from datasets import checks
from refh_numpy import harmonium, storage, training
from refh_numpy.harmonium import emission_mean, generate, infer, init, predict_next, predict_next_by_means

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "predict_next_by_means",
           "generate", "save", "load"]


def gradient(params, u, y, x_mean, k, rng, noise_fraction=0.0, *, w):
    """The local rule: CD-k on y_t given u_{t-1}, and w times on u_{t-1} itself                                  [D23]

    u, x_mean (n_traj, chunk, n_x), y (n_traj, chunk, n_y): previous states, hidden means, observations;  k : Gibbs sweeps
    w : in [0, 1]
    returns the gradient, a Params, and y_hat (n_traj, chunk, n_y)
    """
    negative = harmonium.negative_phase(params, u, y, x_mean, k, rng, clamp_u=1 - w, noise_fraction=noise_fraction)
    return harmonium.contrast(params, u, y, x_mean, negative), negative.y


def train(params, batches, rng, *, w, **settings):
    """Learn from batches (n_traj, T, n_y), log p(u) weighted by w in [0, 1]; the other settings are those of training.train.

    w : a number, or a pair (first, last), both above 0: w then changes geometrically with the updates (D56)
    """
    return training.train(gradient, params, batches, rng, schedules={"w": schedule(w)}, **settings)


def schedule(w):
    """progress in [0, 1) -> w: constant for a number; geometric for a pair (first, last)                        [D56]"""
    if np.ndim(w) == 0:
        w = checks.number("w", w, low=0, high=1)
        return lambda progress: w
    if len(w) != 2:
        raise ValueError(f"w: expected a number or a pair (first, last), got {w!r}")
    first, last = (checks.number("w", one, low=0, high=1, above_low=True) for one in w)
    return lambda progress: first * (last / first) ** progress


def save(path, params, **meta):
    """Write its weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, model="hybrid", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, model="hybrid")
