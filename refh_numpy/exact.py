"""Tiny harmoniums by enumeration: what contrastive divergence only samples, computed exactly.

With a handful of units every visible state (u, y) can be listed, and every probability is a sum. The tests hold the
samplers against this; and it shows what CD-k gets wrong, for the exact gradient

    D19   dL/dtheta = E_data[-dE/dtheta] - E_model[-dE/dtheta]

has the model's own distribution in its negative phase, where CD-k has the k-th step of a chain that starts at the
data. Counts have no largest value: a Poisson family is cut off at y_max, to be chosen so that nothing is lost.

The shapes are those of harmonium.py, with `n` states of (u, y) listed along the first axis.
"""
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import logsumexp

from datasets import checks
from refh_numpy import families, harmonium
from refh_numpy.harmonium import Params

MOST_STATES = 2**16


@dataclass
class States:
    """All visible states of a harmonium."""
    u: np.ndarray       # (n, n_u)
    y: np.ndarray       # (n, n_y)
    log_p: np.ndarray   # (n,) log p(u, y), normalised over all; or log p(y | u), normalised for each u


def enumerate_states(params, *, clamp_u=False, y_max=None):
    """Every (u, y) and its log probability: joint, or of y given u when clamp_u.

    y_max : largest count of a Poisson family (the others need none)
    """
    if params.family not in (families.BERNOULLI, families.POISSON):
        raise ValueError("params: wanted a family that can be enumerated (bernoulli or poisson), "
                         f"got {params.family.name}")
    if params.family is families.POISSON:
        y_values = range(checks.count("y_max", y_max) + 1)
    else:
        y_values = range(2)
    n_u, n_y = len(params.b_u), len(params.b_y)
    n = 2**n_u * len(y_values)**n_y
    if n > MOST_STATES:
        raise ValueError(f"params: wanted at most {MOST_STATES} visible states, got {n}: a smaller model, please")
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
    """Mean over frames of log p(u, y), or of log p(y | u) when clamp_u. u may be any numbers in [0, 1].

    u, y : (n_frames, n_u), (n_frames, n_y)
    """
    if clamp_u:
        log_Z = np.array([logsumexp(log_weights) for *_, log_weights in given_u(params, u, y_max)])
    else:
        states = enumerate_states(params, y_max=y_max)
        log_Z = logsumexp(-harmonium.free_energy(params, states.u, states.y))
    return np.mean(-harmonium.free_energy(params, u, y) - log_Z)


def given_u(params, u, y_max):
    """For each frame of u (n_frames, n_u): that u beside every y, all y, and -F of each, which is log p(y | u) + const"""
    y_all = np.unique(enumerate_states(params, y_max=y_max).y, axis=0)
    for u_t in u:
        u_all = np.tile(u_t, (len(y_all), 1))
        yield u_all, y_all, -harmonium.free_energy(params, u_all, y_all)


def expected_statistics(params, u, y, weights):
    """sum_n weights_n E[-dE/dtheta | u_n, y_n], as Params: x enters by its mean                              [D19]"""
    x = harmonium.hidden_mean(params, u, y)
    w = weights[:, None]
    return Params(W_u=x.T @ (w * u), W_y=x.T @ (w * y), b_x=(w * x).sum(0), b_u=(w * u).sum(0), b_y=(w * y).sum(0),
                  family=params.family)


def gradient(params, u, y, *, clamp_u=False, y_max=None):
    """The exact gradient of log_likelihood                                                                   [D19]"""
    uniform = np.full(len(u), 1 / len(u))
    positive = expected_statistics(params, u, y, uniform)
    if not clamp_u:
        states = enumerate_states(params, y_max=y_max)
        negative = expected_statistics(params, states.u, states.y, np.exp(states.log_p))
        return subtract(positive, negative)
    negative = params.map(np.zeros_like)
    for u_all, y_all, log_p in given_u(params, u, y_max):
        negative = add(negative, expected_statistics(params, u_all, y_all, np.exp(log_p - logsumexp(log_p)) / len(u)))
    return subtract(positive, negative)


def model_hidden_mean(params, u, *, y_max=None):
    """E[x | u] under the model, for each frame of u (n_frames, n_u): what D21 needs besides the data            [D21]"""
    return np.array([np.exp(log_p - logsumexp(log_p)) @ harmonium.hidden_mean(params, u_all, y_all)
                     for u_all, y_all, log_p in given_u(params, u, y_max)])


def cd_expectation(params, u, y, k, *, clamp_u=False, y_max=None):
    """What CD-k gives on average: the negative phase after k exact Gibbs transitions.

    u, y : (n_frames, n_u), (n_frames, n_y), values among the enumerated states
    """
    checks.count("k", k)
    states = enumerate_states(params, y_max=y_max)
    transition = gibbs_transition(params, states, clamp_u=clamp_u)
    start = np.zeros(len(states.u))
    for u_t, y_t in zip(u, y):
        here = (states.u == u_t).all(1) & (states.y == y_t).all(1)
        if not here.any():
            raise ValueError(f"u, y: wanted frames among the enumerated states, got u = {u_t}, y = {y_t}")
        start += here / len(u)
    end = start @ np.linalg.matrix_power(transition, k)
    return subtract(expected_statistics(params, states.u, states.y, start),
                    expected_statistics(params, states.u, states.y, end))


def gibbs_transition(params, states, *, clamp_u=False):
    """(n, n) probability that one Gibbs sweep takes state i to state j: sum_x p(x | u_i, y_i) p(u_j, y_j | x)"""
    x = np.array(list(product(range(2), repeat=len(params.b_x))), params.b_x.dtype)
    to_x = bernoulli_probability(x, harmonium.hidden_mean(params, states.u, states.y))          # (n, 2^n_x)
    eta = x @ params.W_y + params.b_y
    log_y = params.family.log_density(states.y, eta[:, None]).sum(-1)                           # (2^n_x, n)
    if clamp_u:
        same_u = (states.u[:, None] == states.u[None]).all(-1)
        return (to_x @ np.exp(log_y)) * same_u
    to_u = bernoulli_probability(states.u, harmonium.u_mean(params, x))                         # (2^n_x, n)
    return to_x @ (to_u * np.exp(log_y))


def bernoulli_probability(values, mean):
    """(len(mean), len(values)) product over units of mean^value (1 - mean)^(1 - value)"""
    return np.where(values[None] > 0, mean[:, None], 1 - mean[:, None]).prod(-1)


def add(a, b):
    return Params(**{name: leaf + getattr(b, name) for name, leaf in a.leaves().items()}, family=a.family)


def subtract(a, b):
    return Params(**{name: leaf - getattr(b, name) for name, leaf in a.leaves().items()}, family=a.family)
