"""Tiny harmoniums by enumeration: exact values of what contrastive divergence samples.

With a handful of units every visible state (u, y) can be listed, and every probability is a sum.
The tests compare the samplers with this. It also shows the bias of CD-k, because the exact gradient

    H4    dL/dtheta = E_data[dE/dtheta] - E_model[dE/dtheta]

has the model's own distribution in its negative phase, where CD-k has the k-th step of a chain
that starts at the data. Counts have no largest value: a Poisson family is truncated at y_max, to
be chosen so that the remaining probability is negligible.

As everywhere, clamped is 0 for the joint p(u, y), 1 for p(y | u).

The shapes are those of harmonium.py, with n states or n_examples examples along the first axis.
`expected_statistics` and `bernoulli_probability` do not check their arguments.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from datasets.support import checks
from datasets.support.boundary import checked, count
from refh_numpy import families, harmonium
from refh_numpy._boundary import clamped, enumerable, observations, states
from refh_numpy.harmonium import Params

MAX_STATES = 2**16  # visible states, and hidden ones
MAX_ENTRIES = 2**24  # of a matrix of states by states


class States(NamedTuple):
    """All visible states of a harmonium."""

    u: np.ndarray  # (n, n_u)
    y: np.ndarray  # (n, n_y)
    log_p: np.ndarray  # (n,) log p(u, y), normalised over all; or log p(y | u), for each u


@checked(params=enumerable, clamped=clamped)
def enumerate_states(params, *, clamped=0, y_max=None):
    """States: every (u, y) and its log probability.

    Parameters
    ----------
    params : Params of the family "bernoulli" or "poisson"
    clamped : 0 for log p(u, y), 1 for log p(y | u)
    y_max : largest count of a Poisson family; ignored for Bernoulli
    """
    is_poisson = params.family == families.POISSON
    y_values = range(checks.count("y_max", y_max) + 1 if is_poisson else 2)
    n_u, n_y = len(params.b_u), len(params.b_y)
    if n_u + n_y * np.log2(len(y_values)) > np.log2(MAX_STATES):
        raise ValueError(
            f"params: expected at most {MAX_STATES} visible states, got "
            f"2^{n_u} x {len(y_values)}^{n_y}"
        )
    dtype = params.b_x.dtype
    u = np.array(list(product(range(2), repeat=n_u)), dtype).reshape(2**n_u, n_u)
    y = np.array(list(product(y_values, repeat=n_y)), dtype)
    u, y = np.repeat(u, len(y), axis=0), np.tile(y, (len(u), 1))
    log_p = -harmonium.free_energy(params, u, y)
    if clamped:
        by_u = log_p.reshape(2**n_u, -1)
        log_p = (by_u - logsumexp(by_u, axis=1, keepdims=True)).ravel()
    else:
        log_p = log_p - logsumexp(log_p)
    return States(u, y, log_p)


examples = dict(
    params=enumerable,
    u=states("n_examples", units="b_u"),
    y=observations("n_examples", of="u"),
    clamped=clamped,
)


@checked(**examples)
def log_likelihood(params, u, y, *, clamped=0, y_max=None):
    """Mean over examples of log p(u, y), or of log p(y | u) if clamped.

    Parameters
    ----------
    params, clamped, y_max : as for enumerate_states
    u : (n_examples, n_u) numbers in [0, 1]
    y : (n_examples, n_y)
    """
    if clamped:
        log_Z = np.array([logsumexp(log_w) for *_, log_w in _given_u(params, u, y_max)])
    else:
        all_states = enumerate_states(params, y_max=y_max)
        log_Z = logsumexp(-harmonium.free_energy(params, all_states.u, all_states.y))
    return np.mean(-harmonium.free_energy(params, u, y) - log_Z)


@checked(**examples)
def gradient(params, u, y, *, clamped=0, y_max=None):
    """The exact gradient of the loss -log_likelihood (H4), a Params. The arguments are the same."""
    if clamped:
        model = params.map(np.zeros_like)
        for u_all, y_all, log_w in _given_u(params, u, y_max):
            weights = np.exp(log_w - logsumexp(log_w)) / len(u)
            given_u = expected_statistics(params, u_all, y_all, weights)
            model = model.map(np.add, given_u)
    else:
        states = enumerate_states(params, y_max=y_max)
        model = expected_statistics(params, states.u, states.y, np.exp(states.log_p))
    data = expected_statistics(params, u, y, np.full(len(u), 1 / len(u)))
    return data.map(np.subtract, model)


@checked(**examples, n_sweeps=count())
def cd_expectation(params, u, y, n_sweeps, *, clamped=0, y_max=None):
    """The expectation of CD-k's gradient, a Params: k exact Gibbs transitions from the data.

    Parameters
    ----------
    params, clamped, y_max : as for enumerate_states
    u, y : (n_examples, n_u), (n_examples, n_y) values among the enumerated states
    n_sweeps : k
    """
    states = enumerate_states(params, y_max=y_max)
    transition = gibbs_transition(params, clamped=clamped, y_max=y_max)
    start = np.zeros(len(states.u))
    for u_t, y_t in zip(u, y, strict=True):
        here = (states.u == u_t).all(1) & (states.y == y_t).all(1)
        if not here.any():
            raise ValueError(
                f"u, y: expected examples among the enumerated states, got u = {u_t}, y = {y_t}"
            )
        start += here / len(u)
    end = start @ np.linalg.matrix_power(transition, n_sweeps)
    data, model = (expected_statistics(params, states.u, states.y, p) for p in (start, end))
    return data.map(np.subtract, model)


@checked(params=enumerable, clamped=clamped)
def gibbs_transition(params, *, clamped=0, y_max=None):
    """Probability that one Gibbs sweep takes state i to state j of enumerate_states, (n, n).

        sum_x p(x | u_i, y_i) p(u_j, y_j | x)

    Parameters
    ----------
    params, y_max : as for enumerate_states
    clamped : 1 leaves u as it is
    """
    states = enumerate_states(params, y_max=y_max)
    u, y, n, n_x = states.u, states.y, len(states.u), len(params.b_x)
    if n_x > np.log2(MAX_STATES) or n * max(n, 2**n_x) > MAX_ENTRIES:
        raise ValueError(
            f"params: expected at most {MAX_STATES} hidden states and {MAX_ENTRIES} "
            f"transitions, got {n} visible and 2^{n_x} hidden states"
        )
    x = np.array(list(product(range(2), repeat=n_x)), params.b_x.dtype)
    to_x = bernoulli_probability(x, harmonium.hidden_mean(params, u, y))  # (n, 2^n_x)
    eta = x @ params.W_y + params.b_y
    log_y = sum(
        params.family.log_density(y[:, i], eta[:, i, None])  # (2^n_x, n)
        for i in range(len(params.b_y))
    )
    if clamped:
        same_u = (u[:, None] == u[None]).all(-1)
        return (to_x @ np.exp(log_y)) * same_u
    to_u = bernoulli_probability(u, harmonium.u_mean(params, x))  # (2^n_x, n)
    return to_x @ (to_u * np.exp(log_y))


def expected_statistics(params, u, y, weights):
    """sum_n weights_n E[dE/dtheta | u_n, y_n], a Params (H4).

    The hidden units enter by their means.
    """
    x = harmonium.hidden_mean(params, u, y)
    w = weights[:, None]
    return Params(
        W_u=-x.T @ (w * u),
        W_y=-x.T @ (w * y),
        b_x=-(w * x).sum(0),
        b_u=-(w * u).sum(0),
        b_y=-(w * y).sum(0),
        family=params.family,
    )


def bernoulli_probability(values, mean):
    """prod over units of mean^value (1 - mean)^(1 - value), (len(mean), len(values))."""
    p = np.ones((len(mean), len(values)), mean.dtype)
    for m, v in zip(mean.T, values.T, strict=True):
        p *= np.where(v > 0, m[:, None], 1 - m[:, None])
    return p


def _given_u(params, u, y_max):
    """For each example: its u beside every y, all y, and log p(y | u) up to a constant"""
    y_all = np.unique(enumerate_states(params, y_max=y_max).y, axis=0)
    for u_t in u:
        u_all = np.tile(u_t, (len(y_all), 1))
        yield u_all, y_all, -harmonium.free_energy(params, u_all, y_all)
