"""Check of exercise 6."""

from itertools import product

import numpy as np

from examples.exercises._answers import expect, sigmoid, small_harmonium
from examples.exercises.checks import _balls
from examples.tools import plots


def softplus(u, y, W_u, W_y, b_x):
    """log(1 + e^a) of the hidden units' inputs"""
    return np.logaddexp(0, u @ W_u.T + y @ W_y.T + b_x)


MISTAKES = [
    (
        "the opposite sign",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            softplus(u, y, W_u, W_y, b_x).sum(1) + u @ b_u + y @ b_y
        ),
    ),
    (
        "b_u'u is missing",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: -softplus(u, y, W_u, W_y, b_x).sum(1) - y @ b_y,
    ),
    (
        "b_y'y is missing",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: -softplus(u, y, W_u, W_y, b_x).sum(1) - u @ b_u,
    ),
    (
        "b_u'u and b_y'y are missing",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: -softplus(u, y, W_u, W_y, b_x).sum(1),
    ),
    (
        "b_x is missing",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -softplus(u, y, W_u, W_y, 0).sum(1) - u @ b_u - y @ b_y
        ),
    ),
    (
        "b_u'u and b_y'y have the opposite sign",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -softplus(u, y, W_u, W_y, b_x).sum(1) + u @ b_u + y @ b_y
        ),
    ),
    (
        "the softplus is missing: this is the energy of one x, all ones",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -(u @ W_u.T + y @ W_y.T + b_x).sum(1) - u @ b_u - y @ b_y
        ),
    ),
    (
        "log sigma(a) in the place of log(1 + e^a)",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            softplus(-u, -y, W_u, W_y, -b_x).sum(1) - u @ b_u - y @ b_y
        ),
    ),
    (
        "the sum of logarithms is not the logarithm of the sum",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -np.logaddexp(0, (u @ W_u.T + y @ W_y.T + b_x).sum(1)) - u @ b_u - y @ b_y
        ),
    ),
    (
        "the energy of the mean x is not the free energy: the entropy is missing",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -np.sum(sigmoid(u @ W_u.T + y @ W_y.T + b_x) * (u @ W_u.T + y @ W_y.T + b_x), 1)
            - u @ b_u
            - y @ b_y
        ),
    ),
    (
        "W_u in the place of W_u'",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -softplus(u, y, W_u.T, W_y, b_x).sum(1) - u @ b_u - y @ b_y
        ),
    ),
    (
        "a mean over the hidden units in the place of a sum",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -softplus(u, y, W_u, W_y, b_x).mean(1) - u @ b_u - y @ b_y
        ),
    ),
    (
        "sigma(a) in the place of the softplus log(1 + e^a)",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -(u @ b_u + y @ b_y + (1 / (1 + np.exp(-(u @ W_u.T + y @ W_y.T + b_x)))).sum(1))
        ),
    ),
    (
        "max(0, a) in the place of log(1 + e^a): the energy of the most probable state",
        lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -(u @ b_u + y @ b_y + np.maximum(0, u @ W_u.T + y @ W_y.T + b_x).sum(1))
        ),
    ),
]


def check(answer):
    """Against the sum over all states of x; for large weights against the largest term."""
    for n_u in (4, 3):
        W_u, W_y, b_x, b_u, b_y = weights = small_harmonium(n_u=n_u)
        rng = np.random.default_rng(1)
        u, y = rng.integers(2, size=(6, n_u)).astype(float), rng.random((6, 3))
        total = np.zeros(6)
        for x in product((0.0, 1.0), repeat=4):
            x = np.array(x)
            total += np.exp(x @ W_u @ u.T + x @ W_y @ y.T + b_x @ x + u @ b_u + y @ b_y)
        expect("F(u, y)", answer, (u, y, *weights), -np.log(total), MISTAKES)
    a = 1000 * (u @ W_u.T + y @ W_y.T + b_x)
    large = 1000 * W_u, 1000 * W_y, 1000 * b_x, b_u, b_y
    expected = -np.maximum(a, 0).sum(1) - u @ b_u - y @ b_y
    with np.errstate(all="ignore"):
        expect("F(u, y) for large weights", answer, (u, y, *large), expected)


LOOK = (
    "Two frames have the lowest free energy: the last that the state has seen (-1), and the one "
    "that follows (0). All others are less probable by up to e^250."
)


def picture(answer):
    """The free energy of all frames of a video, given the state before one of them."""
    params, frames, u = _balls.network_and_states()
    weights = [np.asarray(leaf, float) for leaf in params.leaves().values()]
    lags, energies = np.arange(-12, 13), []
    times = np.arange(25, 75)
    for lag in lags:
        y = frames[times + lag].astype(float)
        energies.append(answer(u[times - 1].astype(float), y, *(w.copy() for w in weights)))
    energies = np.array(energies, float)
    figure = plots.figure(6, 3.5)
    axis = figure.subplots()
    axis.plot(lags, energies - energies[12], color=".85", lw=0.5)
    axis.plot(lags, (energies - energies[12]).mean(1), "o-")
    axis.set(
        xlabel="frame, counted from the one that follows the state",
        ylabel="free energy, difference (nats)",
        title="50 states (grey) and their mean",
    )
    return figure
