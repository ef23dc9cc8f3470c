"""Hybrid of TRBM and rEFH: the joint objective with the term log p(u_{t-1}) weighted by w.

The rEFH (refh.py) learns the joint, the TRBM (trbm.py) the conditional. Because
p(u, y) = p(u) p(y | u), they differ by one term, and that term can have any weight (compare the
hybrid objectives of Larochelle and Bengio 2008). It is not on the poster.

    Q3   L_w = -sum_t (log p(y_t | u_{t-1}) + w log p(u_{t-1}))       w = 0: TRBM;   w = 1: rEFH

Its gradient is w times the rEFH's plus 1 - w times the TRBM's. So the negative phase resamples the
u of each example with probability w, and otherwise leaves it as it is. The rule is as local in
time as the other two. w may fall geometrically during training, with s the fraction of the updates
that are made:

    Q4   w(s) = first (last / first)^s

This is annealing from a larger to a smaller weight of the joint. The idea is that the state first
learns to keep the past, then to use it.

    resampled in the negative phase:  y, and u with probability w      gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x.
`gradient` and `gibbs` do not check their arguments, except n_sweeps.
"""

import numpy as np

from datasets.support import checks
from refh_numpy import _boundary, generation, harmonium, inference, initial, training
from refh_numpy.families import sample_logistic, sigmoid
from refh_numpy.harmonium import cd_gradient, negative_phase


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0, *, w):
    """The local rule (Q3): CD-k with u resampled with probability w.

    Arguments as for negative_phase; w, in [0, 1], is the weight of log p(u_{t-1}). Returns a
    Gradient.
    """
    mixed = 0 < w < 1
    clamped = rng.random((y.shape[0] * y.shape[1], 1)) < 1 - w if mixed else 1 - w
    chain = gibbs if mixed else harmonium.gibbs
    negative = negative_phase(
        params, u, y, x_mean, n_sweeps, rng, noise_fraction, clamped=clamped, chain=chain
    )
    return cd_gradient(params, u, y, x_mean, negative)


def gibbs(params, u, x, n_sweeps, rng, *, clamped):
    """harmonium.gibbs, with an array `clamped` (n, 1) that says in which chains u is left."""
    n_sweeps = checks.count("n_sweeps", n_sweeps)
    resampled = np.flatnonzero(~clamped)
    u, from_u = u.copy(), u @ params.W_u.T
    for sweep in range(n_sweeps):
        u[resampled] = sample_logistic(x[resampled] @ params.W_u, params.b_u, rng)  # P3
        from_u[resampled] = u[resampled] @ params.W_u.T
        y = harmonium.sample_y(params, x, rng)  # P5
        if sweep < n_sweeps - 1:
            x = sample_logistic(from_u + y @ params.W_y.T, params.b_x, rng)  # P4
    return u, y, sigmoid(from_u + y @ params.W_y.T + params.b_x)  # P4


def weight(name, w, _=None):
    """weight of log p(u_{t-1}), a number or a pair (first, last) (Q4)."""
    if not isinstance(w, (list, tuple)):
        w = checks.number(name, w, low=0, high=1)
        return lambda s: w
    if len(w) != 2:
        raise ValueError(
            f"{name}: expected a number or a pair (first, last), got {checks.shown(w)}"
        )
    first, last = (checks.number(name, end, low=0, high=1, above_low=True) for end in w)
    return lambda s: first * (last / first) ** s


init = initial.init
train = training.of(gradient, w=weight)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next, predict_next_mean_field = inference.predict_next, inference.predict_next_mean_field
generate, generate_backward = generation.generate, generation.generate_backward
save, load = _boundary.storage.of(__name__)
