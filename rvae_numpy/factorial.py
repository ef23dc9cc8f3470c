"""A factorial rVAE: several things in one frame, each with a state of its own.

A state that knows two digits must know every place of the one together with every place of the other. But digits pass through
one another, and neither minds the other: the joint of a film of K things is a product of K joints, which meet only in y (as
the chains of a factorial hidden Markov model do: Ghahramani and Jordan 1997).

    D48   p(u, x, y) = p(y | x^1, .., x^K) prod_k p(u^k | x^k) p(x^k),     E[y | x^1, .., x^K] = min(1, sum_k mu_y(x^k))

All K are one and the same rVAE. It learns from films of a single thing, by the local rule as it is; nothing here is learnt. What is
new is recognition: nu(u^k, y^k) asks for the y^k that the k-th thing alone would have made. Each is given a share of the frame,
in proportion to what it expects, as the counts of K Poisson neurons are shared out among them when only their sum is known;
where things cover one another there is as much for each as it expects:

    D49   y^k = min(1, y max(1, m) (m^k + SLACK) / (m + K SLACK)),     m^k: what the k-th expects of the frame,   m = sum_k m^k

by turns with x^k <- nu(u^k, y^k), m^k <- mu_y(x^k), ROUNDS times, as expectation and maximisation take turns. At first m^k is
mu_y at the most probable x^k given u^k (D31). In the first frame nobody expects anything: so several ways of cutting it into K
parts are followed through the film, and the one is kept that has explained it best, with the least

    D50   E = sum_t ( |y_t - min(1, sum_k mu_y(x_t^k))|^2 / 2 sigma_y^2 + sum_k E(x_t^k; u_{t-1}^k) )      E(x; u): of D44

Shapes: y (n_traj, T, n_y); of the K things x, u, m (K, n, ..), the things first.
"""
import numpy as np

from datasets import checks
from rvae_numpy import autoencoder, dreaming, gaussian

ROUNDS = 3
FIRST_SHARES = 6        # rounds in which the parts of the first frame are put right
SLACK = 0.02            # brightness that everyone expects everywhere: what nobody foresaw goes to all alike


def together(expected):
    """What K things look like in one frame, (n, .., n_y) from (K, n, .., n_y)                                    [D48]"""
    return np.minimum(1, expected.sum(0))


def share(y, expected):
    """Everyone's share of the frames: (K, n, n_y) from y (n, n_y) and what each expects (K, n, n_y)              [D49]"""
    in_all = expected.sum(0)
    return np.minimum(1, y * np.maximum(1, in_all) * (expected + SLACK) / (in_all + len(expected) * SLACK))


def each(function, params, *of_things):
    """function(params, ..) for all K things at once: (K, n, ..) from (K, n, ..)"""
    K, n = of_things[0].shape[:2]
    out = function(params, *(array.reshape(K * n, -1) for array in of_things))
    return out.reshape(K, n, -1)


def recognise(params, u, y):
    """nu(u^k, y^k), for each"""
    return each(lambda *args: autoencoder.recognise(*args)[0], params, u, y)


def follow(params, u, y, expected):
    """One frame: everyone's new state (K, n, n_x), from the states before and what is expected of the frame"""
    for _ in range(ROUNDS):
        x = recognise(params, u, share(y, expected))
        expected = each(autoencoder.emission, params, x)
    return x, expected


def states_from(params, y, parts):
    """The states (K, n_traj, T, n_x) of a film whose first frame is cut into these parts (K, n_traj, n_y), and E (n_traj,)"""
    for _ in range(FIRST_SHARES):
        u = each(autoencoder.first_state, params, parts)
        expected = each(autoencoder.emission, params, recognise(params, u, parts))
        parts = share(y[:, 0], expected)
    states, energy = [], 0.0
    for t in range(y.shape[1]):
        x, seen = follow(params, u, y[:, t], expected)
        energy = energy - gaussian.log_density(y[:, t], together(seen), params.model.sigma_y)                   # D50
        energy = energy + each(lambda *args: dreaming.energy(*args), params, u, x).sum((0, 2))
        states.append(x)
        u = x
        expected = each(lambda *args: dreaming.mode(*args, None), params, u)
    return np.stack(states, axis=2), energy


def infer(params, y, cuts):
    """Everyone's states after y_1 .. y_t, for every t: (K, n_traj, T, n_x)

    y : (n_traj, T, n_y), brightness of pixels
    cuts : (n_cuts, K, n_traj, n_y), ways of cutting the first frame into K parts
    Which cut was right is decided by the whole of the film (D50); from then on, as from any, the states are causal.
    """
    dreaming.check_model(params)
    if not params.model.pixels:
        raise ValueError("params: wanted a model of brightness (pixels), got one of unbounded observations")
    y = autoencoder.check_observations("y", y, params)
    cuts = checks.in_range("cuts", checks.array("cuts", cuts, ("n_cuts", "K", len(y), params.n_y)), 0, 1).astype(y.dtype, copy=False)
    best, least = states_from(params, y, cuts[0])
    for parts in cuts[1:]:
        states, energy = states_from(params, y, parts)
        better = energy < least
        best, least = np.where(better[:, None, None], states, best), np.where(better, energy, least)
    return best


def dream(params, u0, T, rng):
    """T steps on from the states u0 (K, n_traj, n_x): everyone's frames, (K, n_traj, T, n_y). Everyone dreams alone."""
    u0 = checks.array("u0", u0, ("K", "n_traj", params.n_x))
    K, n_traj, n_x = u0.shape
    return dreaming.dream(params, u0.reshape(K * n_traj, n_x), T, rng).reshape(K, n_traj, T, -1)
