"""A factorial rVAE: several things in one frame, each with a state of its own.

A network with one state for two digits has to learn every place of the one together with every place of the other. But digits pass
through one another, and neither minds the other. So K independent models of (u_{t-1}, x_t), one for each thing, meet only in the
frame (as the chains of a factorial hidden Markov model do: Ghahramani and Jordan 1997); with (k) for the k-th thing,

    D48   p(u, x, y) = p(y | x(1), .., x(K)) prod_k p(u(k) | x(k)) p(x(k)),     p(y | x(1), .., x(K)) = N(min(1, sum_k mu_y(x(k))), sigma_y^2 I)

All K are one and the same rVAE. It learns from films of a single thing, by the local rule as it is; nothing here is learnt. What is
new is recognition: nu(u(k), y(k)) asks for the frame y(k) that the k-th thing alone would have made, and only what all have made
together is seen. Each is given a share of it in proportion to what it expects, m(k), as the counts of K Poisson neurons are when
only their sum is known; where more is expected than can be seen, things cover one another, and the shares are larger:

    D49   y(k) = y max(1, m) (m(k) + s) / (m + K s),     m = sum_k m(k),   s = SLACK

by turns with x(k) <- nu(u(k), y(k)), m(k) <- mu_y(x(k)), ROUNDS times: an alternation in the spirit of expectation maximisation,
though no quantity is shown to fall. At first m(k) is mu_y at the most probable x(k) given u(k) (D31; for a model that blinks, D54). In
the first frame nobody expects anything: so several ways of cutting it into K parts are tried. Each gives first states (D34, by turns
with D49, FIRST_ROUNDS times) and is followed through the film, and the one is kept that has explained it best, with the least

    D50   E = sum_t ( |y_t - min(1, sum_k mu_y(x_t(k)))|^2 / 2 sigma_y^2 + sum_k E(x_t(k); u_{t-1}(k)) )      E(x; u): of D44

With an eye (datasets/eye.py), frames and shares y(k) stay frames; the recognition model is told look(y(k)), mu_y says what an eye would
see, and draw(mu_y(x(k))) stands for mu_y(x(k)) in m(k), D48 and D50. sigma_y, in learning that of each number that the eye says, is
taken in D48 and D50 for a pixel's (a choice).

Shapes: frames y (n_traj, T, n_pixels), without an eye n_pixels = n_y; of the K things x, u, m (K, n, ..), the things first.
"""
import numpy as np

from datasets import checks
from rvae_numpy import autoencoder, dreaming, gaussian

ROUNDS = 3
FIRST_ROUNDS = 6
# brightness that everyone expects everywhere: what nobody foresaw goes to all alike. What of a thing that was foreseen goes to others
# is about as much, and must not draw their eyes (eye.FLOOR)
SLACK = 0.02


def together(parts):
    """What K things look like in one frame: (n, .., n_pixels) from (K, n, .., n_pixels)                          [D48]"""
    return np.minimum(1, parts.sum(0))


def share(y, expected):
    """Everyone's share of the frames: (K, n, n_pixels) from y (n, n_pixels) and what each expects (K, n, n_pixels), all in [0, 1]
    [D49]"""
    if expected.shape[1:] != y.shape:
        raise ValueError(f"expected: wanted shape (K, {', '.join(map(str, y.shape))}), got {expected.shape}")
    in_all = expected.sum(0)
    return np.minimum(1, y * np.maximum(1, in_all) * (expected + SLACK) / (in_all + len(expected) * SLACK))      # but for rounding, it is


def each(function, params, *of_things):
    """function(params, ..) for all K things at once: (K, n, ..) from (K, n, ..)"""
    K, n = of_things[0].shape[:2]
    out = function(params, *(array.reshape(K * n, -1) for array in of_things))
    return out.reshape(K, n, -1)


def told(shares, eye):
    """What the recognition model is told of everyone's share (K, n, n_pixels): (K, n, n_y)"""
    return shares if eye is None else eye.look(shares)


def shown(said, eye):
    """Everyone's frame (K, .., n_pixels), from the means that the model says of it (K, .., n_y)"""
    return said if eye is None else eye.draw(said)


def given_back(params, x, eye):
    """Everyone's frame, of the states x (K, n, n_x): (K, n, n_pixels)"""
    return shown(each(autoencoder.emission, params, x), eye)


def recognised(params, u, y):
    """nu(u(k), y(k)), for each"""
    return each(lambda *args: autoencoder.recognise(*args)[0], params, u, y)


def follow(params, u, y, expected, eye):
    """One frame: everyone's new state (K, n, n_x), and what it gives back (K, n, n_pixels)

    u : the states before;  expected : what each expects of the frame
    """
    for _ in range(ROUNDS):
        x = recognised(params, u, told(share(y, expected), eye))
        expected = given_back(params, x, eye)
    return x, expected


def states_from(params, y, parts, eye):
    """The states (K, n_traj, T, n_x) of a film whose first frame is cut into these parts (K, n_traj, n_pixels), and E (n_traj,)"""
    expected = parts
    for _ in range(FIRST_ROUNDS):
        first = told(share(y[:, 0], expected), eye)
        u = each(autoencoder.first_state, params, first)
        expected = given_back(params, recognised(params, u, first), eye)
    states, energy = [], 0.0
    for t in range(y.shape[1]):
        if t > 0:
            expected = shown(each(dreaming.forecast, params, u), eye)
        x, explained = follow(params, u, y[:, t], expected, eye)
        energy = energy - gaussian.log_density(y[:, t], together(explained), params.model.sigma_y)              # D50
        energy = energy + each(dreaming.energy, params, u, x).sum((0, 2))
        states.append(x)
        u = x
    return np.stack(states, axis=2), energy


def infer(params, y, cuts, eye=None):
    """Everyone's states u_t: (K, n_traj, T, n_x)

    y : (n_traj, T, n_pixels), brightness of pixels
    cuts : (n_cuts, K, n_traj, n_pixels), ways of cutting the first frame into K parts, which add up to it
    eye : datasets.eye.Eye that params have learnt with; None for params that have learnt from the frames themselves
    Given the cut, the states are causal. The cut itself is chosen by the whole of y: hand in only what was seen.
    """
    check_model(params, eye)
    n_pixels = params.n_y if eye is None else eye.n_pixels
    dtype = params.nu.b.dtype
    y = checks.in_range("y", checks.array("y", y, ("n_traj", "T", n_pixels)), 0, 1).astype(dtype, copy=False)
    cuts = checks.in_range("cuts", checks.array("cuts", cuts, ("n_cuts", "K", len(y), n_pixels)), 0, 1).astype(dtype, copy=False)
    gap = np.abs(cuts.sum(1) - y[:, 0]).max()
    if gap > 1e-3:
        raise ValueError(f"cuts: wanted parts that add up to the first frame, got some that miss it by {gap:.2g}")
    best, least = states_from(params, y, cuts[0], eye)
    for parts in cuts[1:]:
        states, energy = states_from(params, y, parts, eye)
        better = energy < least
        best, least = np.where(better[:, None, None], states, best), np.where(better, energy, least)
    return best


def frames(params, states, eye=None):
    """What everyone's states (K, n_traj, T, n_x) say of the present frame: (K, n_traj, T, n_pixels)"""
    check_model(params, eye)
    states = checks.array("states", states, ("K", "n_traj", "T", params.n_x))
    return shown(np.array([autoencoder.emission_mean(params, u) for u in states]), eye)


def dream(params, u0, T, rng, eye=None):
    """T steps on from the states u0 (K, n_traj, n_x): everyone's frames, (K, n_traj, T, n_pixels). Everyone dreams alone."""
    check_model(params, eye)
    u0 = checks.array("u0", u0, ("K", "n_traj", params.n_x))
    K, n_traj, n_x = u0.shape
    return shown(dreaming.dream(params, u0.reshape(K * n_traj, n_x), T, rng).reshape(K, n_traj, T, -1), eye)


def check_model(params, eye):
    """It must be one that can be asked for y given u, of brightness; and of what the eye says, if there is one"""
    dreaming.check_model(params)
    if not params.model.pixels:
        raise ValueError("params: wanted a model of brightness (pixels), got one of unbounded observations")
    if eye is not None and eye.n_y != params.n_y:
        raise ValueError(f"eye: wanted one that says {params.n_y} numbers (n_y of params), got one that says {eye.n_y}")
