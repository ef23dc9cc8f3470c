"""Tiny harmoniums by enumeration: exact values of what contrastive divergence samples.

With a handful of units every visible state (u, y) can be listed, and every probability is a sum.
The tests compare the samplers with this. It also shows the bias of CD-k, because the exact gradient

    H7    dL/dtheta = E_data[-dE/dtheta] - E_model[-dE/dtheta]

has the model's own distribution in its negative phase, where CD-k has the k-th step of a chain
that starts at the data. Counts have no largest value: a Poisson family is truncated at y_max, to
be chosen so that the remaining probability is negligible.

The shapes are those of harmonium.py, with n states or n_examples examples along the first axis.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import logsumexp

from datasets.support import checks
from refh_numpy import families, harmonium
from refh_numpy.harmonium import Params
from refh_numpy.inference import check_params

MAX_STATES = 2**16  # visible states, and hidden ones
MAX_ENTRIES = 2**24  # of a matrix of states by states


@dataclass
class States:
    """All visible states of a harmonium."""

    u: np.ndarray  # (n, n_u)
    y: np.ndarray  # (n, n_y)
    log_p: np.ndarray  # (n,) log p(u, y), normalised over all; or log p(y | u), for each u


def enumerate_states(params, *, clamp_u=False, y_max=None):
    """Every (u, y) and its log probability.

    Parameters
    ----------
    params : Params of the family "bernoulli" or "poisson"
    clamp_u : False for log p(u, y), True for log p(y | u)
    y_max : largest count of a Poisson family; ignored for Bernoulli

    Returns
    -------
    States
    """
    clamp_u = checks.flag("clamp_u", clamp_u)
    y_values = _values_of_y(params, y_max)
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
    if clamp_u:
        by_u = log_p.reshape(2**n_u, -1)
        log_p = (by_u - logsumexp(by_u, axis=1, keepdims=True)).ravel()
    else:
        log_p = log_p - logsumexp(log_p)
    return States(u, y, log_p)


def log_likelihood(params, u, y, *, clamp_u=False, y_max=None):
    """Mean over examples of log p(u, y), or of log p(y | u) if clamp_u.

    Parameters
    ----------
    params, y_max : as for enumerate_states
    u : (n_examples, n_u) numbers in [0, 1]
    y : (n_examples, n_y)
    """
    u, y = _examples(params, u, y)
    if checks.flag("clamp_u", clamp_u):
        log_Z = np.array([logsumexp(log_w) for *_, log_w in _given_u(params, u, y_max)])
    else:
        states = enumerate_states(params, y_max=y_max)
        log_Z = logsumexp(-harmonium.free_energy(params, states.u, states.y))
    return np.mean(-harmonium.free_energy(params, u, y) - log_Z)


def gradient(params, u, y, *, clamp_u=False, y_max=None):
    """The exact gradient of log_likelihood (H7), a Params. The arguments are the same."""
    u, y = _examples(params, u, y)
    positive = expected_statistics(params, u, y, np.full(len(u), 1 / len(u)))
    if not checks.flag("clamp_u", clamp_u):
        states = enumerate_states(params, y_max=y_max)
        negative = expected_statistics(params, states.u, states.y, np.exp(states.log_p))
        return _combine(positive, negative, np.subtract)
    negative = params.map(np.zeros_like)
    for u_all, y_all, log_w in _given_u(params, u, y_max):
        weights = np.exp(log_w - logsumexp(log_w)) / len(u)
        negative = _combine(negative, expected_statistics(params, u_all, y_all, weights), np.add)
    return _combine(positive, negative, np.subtract)


def model_hidden_mean(params, u, *, y_max=None):
    """E[x | u] under the model, (n_examples, n_x): the second term of H9.

    Parameters
    ----------
    params, y_max : as for enumerate_states
    u : (n_examples, n_u) numbers in [0, 1]
    """
    u = _examples(params, u)
    return np.array(
        [
            np.exp(log_w - logsumexp(log_w)) @ harmonium.hidden_mean(params, u_all, y_all)
            for u_all, y_all, log_w in _given_u(params, u, y_max)
        ]
    )


def cd_expectation(params, u, y, k, *, clamp_u=False, y_max=None):
    """The expectation of CD-k's gradient, a Params: k exact Gibbs transitions from the data.

    Parameters
    ----------
    params, clamp_u, y_max : as for enumerate_states
    u, y : (n_examples, n_u), (n_examples, n_y) values among the enumerated states
    k : Gibbs sweeps
    """
    k = checks.count("k", k)
    u, y = _examples(params, u, y)
    states = enumerate_states(params, y_max=y_max)
    transition = gibbs_transition(params, states, clamp_u=clamp_u)
    start = np.zeros(len(states.u))
    for u_t, y_t in zip(u, y, strict=True):
        here = (states.u == u_t).all(1) & (states.y == y_t).all(1)
        if not here.any():
            raise ValueError(
                f"u, y: expected examples among the enumerated states, got u = {u_t}, y = {y_t}"
            )
        start += here / len(u)
    end = start @ np.linalg.matrix_power(transition, k)
    return _combine(
        expected_statistics(params, states.u, states.y, start),
        expected_statistics(params, states.u, states.y, end),
        np.subtract,
    )


def gibbs_transition(params, states, *, clamp_u=False):
    """Probability that one Gibbs sweep takes state i to state j, (n, n).

        sum_x p(x | u_i, y_i) p(u_j, y_j | x)

    Parameters
    ----------
    params : Params
    states : States of these params, from enumerate_states
    clamp_u : u stays as it is
    """
    check_params(params)
    checks.instance("states", states, States, " (from enumerate_states)")
    clamp_u = checks.flag("clamp_u", clamp_u)
    u = checks.array("states.u", states.u, ("n", len(params.b_u)), dtype=params.b_x.dtype)
    n, n_x = len(u), len(params.b_x)
    y = checks.array("states.y", states.y, (n, len(params.b_y)), dtype=params.b_x.dtype)
    checks.in_range("states.u", checks.counts("states.u", u), 0, 1)
    params.family.check("states.y", checks.counts("states.y", y))
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
    if clamp_u:
        same_u = (u[:, None] == u[None]).all(-1)
        return (to_x @ np.exp(log_y)) * same_u
    to_u = bernoulli_probability(u, harmonium.u_mean(params, x))  # (2^n_x, n)
    return to_x @ (to_u * np.exp(log_y))


def expected_statistics(params, u, y, weights):
    """sum_n weights_n E[-dE/dtheta | u_n, y_n], a Params (H7). Does not check its arguments.

    The hidden units enter by their means.
    """
    x = harmonium.hidden_mean(params, u, y)
    w = weights[:, None]
    return Params(
        W_u=x.T @ (w * u),
        W_y=x.T @ (w * y),
        b_x=(w * x).sum(0),
        b_u=(w * u).sum(0),
        b_y=(w * y).sum(0),
        family=params.family,
    )


def bernoulli_probability(values, mean):
    """prod over units of mean^value (1 - mean)^(1 - value), (len(mean), len(values)).

    Does not check its arguments.
    """
    p = np.ones((len(mean), len(values)), mean.dtype)
    for m, v in zip(mean.T, values.T, strict=True):
        p *= np.where(v > 0, m[:, None], 1 - m[:, None])
    return p


def _values_of_y(params, y_max):
    """The values of one unit of y"""
    check_params(params)
    if params.family not in (families.BERNOULLI, families.POISSON):
        raise ValueError(
            "params: expected a family that can be enumerated (bernoulli or poisson), "
            f"got {params.family.name}"
        )
    if params.family is families.POISSON:
        return range(checks.count("y_max", y_max) + 1)
    return range(2)


def _examples(params, u, *y):
    """u, or u and y, of the harmonium's shapes and families"""
    dtype = check_params(params).b_x.dtype
    u = checks.array("u", u, ("n_examples", len(params.b_u)), dtype=dtype)
    checks.in_range("u", u, 0, 1)
    if not y:
        return u
    y = checks.array("y", *y, (len(u), len(params.b_y)), dtype=dtype)
    return u, params.family.check("y", y)


def _given_u(params, u, y_max):
    """For each example: its u beside every y, all y, and log p(y | u) up to a constant"""
    y_all = np.unique(enumerate_states(params, y_max=y_max).y, axis=0)
    for u_t in u:
        u_all = np.tile(u_t, (len(y_all), 1))
        yield u_all, y_all, -harmonium.free_energy(params, u_all, y_all)


def _combine(a, b, function):
    leaves = {name: function(leaf, getattr(b, name)) for name, leaf in a.leaves().items()}
    return Params(**leaves, family=a.family)
