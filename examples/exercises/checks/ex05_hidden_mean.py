"""Check of exercise 5."""

import numpy as np

from datasets import ppc
from examples.exercises._answers import expect, sigmoid, small_harmonium
from examples.exercises.checks import _oscillator
from examples.tools import plots


def total(u, y, W_u, W_y, b_x):
    """The input of the hidden units"""
    return u @ W_u.T + y @ W_y.T + b_x


MISTAKES = [
    ("the sigmoid is missing", total),
    (
        "W_u in the place of W_u': row i of W_u belongs to x_i, so u @ W_u.T",
        lambda u, y, W_u, W_y, b_x: sigmoid(u @ W_u + y @ W_y.T + b_x),
    ),
    ("b_x is missing", lambda u, y, W_u, W_y, b_x: sigmoid(total(u, y, W_u, W_y, 0))),
    ("u is missing", lambda u, y, *a: sigmoid(total(0 * u, y, *a))),
    ("y is missing", lambda u, y, *a: sigmoid(total(u, 0 * y, *a))),
    ("1 / (1 + exp(a)): the opposite sign in the exponent", lambda *a: sigmoid(-total(*a))),
    ("tanh in the place of the sigmoid", lambda *a: np.tanh(total(*a))),
    (
        "u is rounded: it may be any number from 0 to 1",
        lambda u, y, *a: sigmoid(total(u > 0.5, y > 0.5, *a)),
    ),
    (
        "u is rounded: it may be any number from 0 to 1",
        lambda u, y, *a: sigmoid(total(u > 0.5, y, *a)),
    ),
    ("rounded: the mean is asked for, not the most probable x", lambda *a: total(*a) > 0),
    (
        "b_x belongs inside the sigmoid",
        lambda u, y, W_u, W_y, b_x: sigmoid(total(u, y, W_u, W_y, 0)) + b_x,
    ),
    (
        "a softmax makes the units compete; each is Bernoulli on its own",
        lambda *a: np.exp(total(*a)) / np.exp(total(*a)).sum(1, keepdims=True),
    ),
    (
        "y is rounded: it may be any number from 0 to 1",
        lambda u, y, *a: sigmoid(total(u, y > 0.5, *a)),
    ),
    ("b_x has the opposite sign", lambda u, y, W_u, W_y, b_x: sigmoid(total(u, y, W_u, W_y, -b_x))),
]


def check(answer):
    """Against the formula, for as many hidden units as states, and for more."""
    for n_u in (4, 3):
        W_u, W_y, b_x, _, _ = small_harmonium(n_u=n_u)
        rng = np.random.default_rng(1)
        u, y = rng.random((6, n_u)), rng.random((6, 3))
        arguments = u, y, W_u, W_y, b_x
        expect("E[x | u, y]", answer, arguments, 1 / (1 + np.exp(-total(*arguments))), MISTAKES)


LOOK = (
    "Your line, repeated, filters: the estimate follows the position with less scatter than the "
    "spikes of one time step allow (grey dots). The weights are those of an rEFH that has learnt "
    "for a second or two."
)


def picture(answer):
    """Your line as a filter: a trained rEFH runs forward in time with it."""
    params = _oscillator.network("refh")
    batch = ppc.sample(1, 200, np.random.default_rng(2), random_phase=True)
    u, reconstructed = np.zeros((1, len(params.b_x)), np.float32), []
    for t in range(200):
        y = batch.y[:, t].astype(np.float32)
        u = np.asarray(answer(u, y, params.W_u.copy(), params.W_y.copy(), params.b_x.copy()))
        reconstructed.append(np.exp(u @ params.W_y + params.b_y))
    figure = plots.figure(8, 3.5)
    _oscillator.draw(figure.subplots(), batch, {"your filter": np.stack(reconstructed, 1)})
    return figure
