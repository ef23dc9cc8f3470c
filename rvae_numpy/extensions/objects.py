"""Several objects in one frame, with one latent state per object. Not on the poster.

A network with a single state for two digits must learn every pair of places. The digits do not
interact. So K independent models of (u_{t-1}, x_t), one per object, share only the frame, as the
chains of a factorial hidden Markov model do (Ghahramani and Jordan 1997). With (k) for object k,

    X3   p(u, x, y) = p(y | x(1), .., x(K)) prod_k p(u(k) | x(k)) p(x(k)),
         p(y | x(1), .., x(K)) = N(min(1, sum_k mu_y(x(k))), sigma_y^2 I)

All K are one rVAE, trained on videos of a single object; nothing is learnt here. Inference is new:
nu(u(k), y(k)) needs the frame y(k) of object k alone, but only the sum is observed. Object k
receives a share in proportion to its expectation m(k), as the counts of K Poisson neurons have when
their sum is known. Where the sum of expectations exceeds 1, objects occlude each other, and the
shares grow (the responsibilities of the objects):

    X4   y(k) = y max(1, m) (m(k) + s) / (m + K s),     m = sum_k m(k),   s = SLACK

X4 alternates with x(k) <- nu(u(k), y(k)), m(k) <- mu_y(x(k)), N_ITERATIONS times, in the spirit of
expectation maximisation (though no quantity is shown to decrease). Initially m(k) is a forecast
from u(k). The first frame has none, so several initial partitions into K parts are tried. Each
gives initial states (V9, alternating with X4), from which the video is filtered. The partition with
the smallest energy is kept:

    X5   E = sum_t ( |y_t - min(1, sum_k mu_y(x_t(k)))|^2 / 2 sigma_y^2
                     + sum_k E(x_t(k); u_{t-1}(k)) ),            E(x; u): the energy of G3

With an attention window (attention.py), frames and shares stay frames; the recognition model
receives encode(y(k)), and decode(mu_y(x(k))) replaces mu_y(x(k)) in m(k), X3 and X5. There
sigma_y, learnt with that of each number of the encoding, is used as that of a pixel (a choice).

Shapes: frames y (n_traj, T, n_pixels), n_pixels = n_y without a window; x, u, m (K, n, ..).
Functions without @checked do not check their arguments.
"""

import numpy as np

from datasets.support import boundary, checks
from datasets.support.boundary import array, count, generator
from rvae_numpy import _boundary, gaussian, inference
from rvae_numpy._boundary import checked, states
from rvae_numpy.autoencoder import emission, recognise
from rvae_numpy.extensions.attention import AttentionWindow
from rvae_numpy.extensions.samplers import energy, mode
from rvae_numpy.generation import generate as generate_one

N_ITERATIONS = 3  # of X4 per frame
N_FIRST_ITERATIONS = 6  # in the first frame
# brightness that every object expects everywhere, so that unexpected brightness goes to all alike.
# What leaks to the other objects this way is as small, and below attention.FLOOR
SLACK = 0.02
TOLERANCE = 1e-3  # of the sum of a partition


# Kinds of arguments


def _of_brightness(name, value, _):
    """Params of a joint model of brightness, or of what a window encodes"""
    if not _boundary.joint(name, value).config.sigmoid_mean:
        raise ValueError(
            f"{name}: expected a model of brightness (sigmoid_mean), "
            "got one of unbounded observations"
        )
    return value


def _window(name, value, arguments):
    """The AttentionWindow whose encoding params were trained on"""
    n_y = arguments["params"].n_y
    if checks.instance(name, value, AttentionWindow).n_y != n_y:
        raise ValueError(
            f"{name}: expected one with an encoding of {n_y} numbers (n_y of params), "
            f"got one of {value.n_y}"
        )
    return value


def _frames(name, value, arguments):
    """(n_traj, T, n_pixels) brightness"""
    params, window = arguments["params"], arguments["window"]
    n_pixels = params.n_y if window is None else window.n_pixels
    y = checks.array(name, value, ("n_traj", "T", n_pixels), dtype=params.nu.b.dtype)
    return checks.in_range(name, y, 0, 1)


def _partitions(name, value, arguments):
    """(n_partitions, K, n_traj, n_pixels) parts of the first frame"""
    first = arguments["y"][:, 0]
    shape = ("n_partitions", "K", *first.shape)
    partitions = checks.in_range(name, checks.array(name, value, shape, dtype=first.dtype), 0, 1)
    gap = np.abs(partitions.sum(1) - first).max()
    if gap > TOLERANCE:
        raise ValueError(
            f"{name}: expected parts that add up to the first frame, "
            f"got some that differ from it by {gap:.2g}"
        )
    return partitions


# Frames and shares


def compose(parts):
    """The frame of K objects: (n, .., n_pixels) from (K, n, .., n_pixels) in [0, 1] (X3)."""
    return np.minimum(1, parts.sum(0))


@checked(
    y=array("n", "n_pixels", dtype=None, low=0, high=1),
    expected=array(
        "K", lambda a: len(a["y"]), lambda a: a["y"].shape[1], dtype=None, low=0, high=1
    ),
)
def responsibilities(y, expected):
    """Each object's share of the frames (X4).

    Parameters
    ----------
    y : (n, n_pixels) frames, in [0, 1]
    expected : (K, n, n_pixels) what each object is expected to contribute, in [0, 1]

    Returns
    -------
    (K, n, n_pixels) shares, in [0, 1]
    """
    total = expected.sum(0)
    shares = y * np.maximum(1, total) * (expected + SLACK) / (total + len(expected) * SLACK)  # X4
    return np.minimum(1, shares)  # above 1 by rounding only


def _per_object(function, params, *arrays):
    """function(params, ..) of all K objects at once: (K, n, ..) from (K, n, ..)"""
    K, n = arrays[0].shape[:2]
    out = function(params, *(array.reshape(K * n, -1) for array in arrays))
    return out.reshape(K, n, -1)


def _encode_view(shares, window):
    """The recognition model's input (K, n, n_y) from each object's share (K, n, n_pixels)"""
    return shares if window is None else window.encode(shares)


def _render_view(view, window):
    """Each object's frame (K, .., n_pixels) from the means that the model says of it (.., n_y)"""
    return view if window is None else window.decode(view)


def _reconstruct(params, x, window):
    """Each object's frame (K, n, n_pixels) from the states x (K, n, n_x)"""
    return _render_view(_per_object(emission, params, x), window)


def _recognise(params, u, y):
    """nu(u(k), y(k)) for each object"""
    return _per_object(lambda *arguments: recognise(*arguments)[0], params, u, y)


def _update(params, u, y, expected, window):
    """New states (K, n, n_x) of one frame, and their reconstructions (K, n, n_pixels)"""
    for _ in range(N_ITERATIONS):
        x = _recognise(params, u, _encode_view(responsibilities.unchecked(y, expected), window))
        expected = _reconstruct(params, x, window)
    return x, expected


def _filter_from_partition(params, y, partition, window, forecast):
    """States (K, n_traj, T, n_x) of a video from a partition of its first frame
    (K, n_traj, n_pixels), and their energy E (n_traj,)"""
    expected = partition
    for _ in range(N_FIRST_ITERATIONS):
        first = _encode_view(responsibilities.unchecked(y[:, 0], expected), window)
        u = _per_object(inference.infer_u0.unchecked, params, first)  # V9
        expected = _reconstruct(params, _recognise(params, u, first), window)
    states, total = [], 0.0
    for t in range(y.shape[1]):
        if t > 0:
            expected = _render_view(_per_object(forecast, params, u), window)
        x, explained = _update(params, u, y[:, t], expected, window)
        total = total - gaussian.log_density(
            y[:, t], compose(explained), params.config.sigma_y
        )  # X5
        total = total + _per_object(energy, params, u, x).sum((0, 2))
        states.append(x)
        u = x
    return np.stack(states, axis=2), total


@checked(
    params=_of_brightness,
    window=_window,
    y=_frames,
    partitions=_partitions,
    forecast=_boundary.returning("n_y"),
)
def infer(params, y, partitions, *, window=None, forecast=mode):
    """The states u_t of each object.

    Given a partition the states are causal. The partition is chosen by the whole of y, so y should
    hold the observed frames only.

    Parameters
    ----------
    params : Params of an rVAE trained on videos of one object
    y : (n_traj, T, n_pixels) brightness in [0, 1]
    partitions : (n_partitions, K, n_traj, n_pixels) of the first frame into parts that add up to it
    window : the AttentionWindow with which params were trained; None if trained on frames
    forecast : function (params, u) -> E[y_t | u_{t-1}], (n, n_y) from (n, n_x);
        masking.forecast_open_loop for a model trained with masks

    Returns
    -------
    (K, n_traj, T, n_x)
    """
    best, least = _filter_from_partition(params, y, partitions[0], window, forecast)
    for partition in partitions[1:]:
        u, total = _filter_from_partition(params, y, partition, window, forecast)
        better = total < least
        best, least = np.where(better[:, None, None], u, best), np.where(better, total, least)
    return best


@checked(params=_of_brightness, window=_window, u=states("K", "n_traj", "T"))
def emission_mean(params, u, *, window=None):
    """What each object's state says about the present frame, (K, n_traj, T, n_pixels).

    u : (K, n_traj, T, n_x) states from infer; the others as there
    """
    y = np.array([inference.emission_mean.unchecked(params, one) for one in u])
    return _render_view(y, window)


@checked(
    params=_of_brightness,
    window=_window,
    u0=states("K", "n_traj"),
    T=count(),
    rng=generator,
    rollout=boundary.function,
)
def generate(params, u0, T, rng, *, window=None, rollout=generate_one):
    """Free run of T steps from the states u0; the objects do not interact.

    Parameters
    ----------
    params, window : as for infer
    u0 : (K, n_traj, n_x) states, the last of infer for instance
    T : frames to generate
    rng : numpy.random.Generator
    rollout : function (params, u0, T, rng) -> y, (n, T, n_y) from (n, n_x);
        masking.generate_open_loop for a model trained with masks

    Returns
    -------
    (K, n_traj, T, n_pixels): each object's frames; `compose` adds them up
    """
    K, n_traj, n_x = u0.shape
    y = rollout(params, u0.reshape(K * n_traj, n_x), T, rng)
    y = checks.array("rollout", y, (K * n_traj, T, params.n_y))
    return _render_view(y.reshape(K, n_traj, T, -1), window)
