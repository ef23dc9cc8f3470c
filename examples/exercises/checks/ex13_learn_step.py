"""Check of exercise 13."""

import numpy as np

import refh_numpy.refh
import refh_numpy.trbm
from datasets import ppc
from examples.exercises._answers import (
    Incorrect,
    explanations,
    fresh,
    parts,
    same,
    sigmoid,
    small_harmonium,
)
from examples.exercises.checks import _contrastive, _enumeration, _oscillator
from examples.exercises.checks._contrastive import Gradients, U
from examples.ppc import coasting
from examples.tools import plots

NAMES = (*_contrastive.NAMES, "x")
STAYS, MOVES = 0.3, 0.4  # slopes after 20 steps: measured, see tests/test_exercises.py


def step(
    u,
    y,
    W_u,
    W_y,
    b_x,
    b_u,
    b_y,
    clamped,
    rng,
    sign=1,
    sampled=True,
    divided=True,
    counts="poisson",
    untransposed=False,
    keep_u=False,
    ended=False,
    returned="mean",
):
    """One update's gradient and the next state, with a mistake in one place"""
    x = sigmoid(u @ W_u.T + y @ W_y.T + b_x)
    x_hat = (rng.random(x.shape) < x) * 1.0 if sampled else x
    u_hat = u
    if not clamped:
        p = sigmoid(x_hat @ (W_u.T if untransposed else W_u) + b_u)
        u_hat = (rng.random(p.shape) < p) * 1.0 if sampled else p
    a = x_hat @ W_y + b_y
    if counts == "poisson":
        y_hat = rng.poisson(np.exp(a)) if sampled else np.exp(a)
    elif counts == "mean":
        y_hat = np.exp(a)
    else:
        y_hat = (rng.random(a.shape) < sigmoid(a)) * 1.0
    end = sigmoid(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
    end = (rng.random(end.shape) < end) * 1.0 if ended else end
    n = len(u) if divided else 1
    gradient = (
        end.T @ (u if keep_u else u_hat) - x.T @ u,
        end.T @ y_hat - x.T @ y,
        (end - x).sum(0),
        (u_hat - u).sum(0),
        (y_hat - y).sum(0),
    )
    state = {"mean": x, "sample": (rng.random(x.shape) < x) * 1.0, "end": end, "u": u}[returned]
    return (*(sign * g / n for g in gradient), state)


MISTAKES = [
    (
        "the opposite sign: this is the gradient of the log likelihood, not of the loss",
        lambda *a: step(*a, sign=-1),
    ),
    ("u is resampled although it is clamped", lambda *a: step(*a[:7], False, a[8])),
    ("u is never resampled: clamped=False learns the joint", lambda *a: step(*a[:7], True, a[8])),
    (
        "y counts spikes: Pois(exp(...)), not Bern(sigma(...))",
        lambda *a: step(*a, counts="bernoulli"),
    ),
    ("means in the place of samples in the chain", lambda *a: step(*a, sampled=False)),
    ("y_hat is a mean; the chain needs a sample", lambda *a: step(*a, counts="mean")),
    ("a sum over the examples in the place of the average", lambda *a: step(*a, divided=False)),
    ("W_u' and W_u are exchanged in P3: x @ W_u", lambda *a: step(*a, untransposed=True)),
    (
        "the negative phase pairs x with the data u, not with u_hat",
        lambda *a: step(*a, keep_u=True),
    ),
    ("a sample of x in the place of its mean", lambda *a: step(*a, ended=True)),
    ("the next state is the mean of x, not a sample", lambda *a: step(*a, returned="sample")),
    (
        "the next state is the mean of x given the *data*, not that of the negative phase",
        lambda *a: step(*a, returned="end"),
    ),
    ("the next state is x, not the u that was given", lambda *a: step(*a, returned="u")),
    ("b_x is missing", lambda u, y, W_u, W_y, b_x, *a: step(u, y, W_u, W_y, 0 * b_x, *a)),
    (
        "W_u and W_u' are exchanged: x is sigma(u @ W_u.T + ...), u_hat is sigma(x @ W_u + ...)",
        lambda u, y, W_u, *a: step(u, y, W_u.T, *a),
    ),
]
Y = np.array([[0.0, 1.0], [2.0, 1.0], [1.0, 0.0], [3.0, 2.0]])


def check(answer):
    """The gradient, against enumeration; then two trainings, and what the networks learnt."""
    weights = small_harmonium(n_x=3, n_u=3, n_y=2, seed=3)
    silent = [*weights[:3], np.array([40.0, -40.0, 40.0]), np.array([-40.0, -40.0])]
    for clamped in (False, True):
        of = f"clamped = {clamped}, large b_u and b_y"
        expected = [
            *_enumeration.cd_expectation(U, Y, silent, 1, clamped, y_max=2),
            sigmoid(U @ weights[0].T + Y @ weights[1].T + weights[2]),
        ]
        arguments = (U, Y, *silent, clamped, np.random.default_rng(1))
        got = parts("learn_step", answer(*fresh(arguments)), NAMES)
        for place in (5, 0, 1, 2, 3, 4):
            hints = lambda place=place, arguments=arguments, got=got: explanations(
                MISTAKES, arguments, place, got
            )
            same(f"{NAMES[place]} ({of})", got[place], expected[place], hints=hints)
    weights[1], weights[4] = 0.4 * weights[1], 0.4 * weights[4]  # a few spikes
    for clamped in (False, True):
        expected = _enumeration.cd_expectation(U, Y, weights, 1, clamped, y_max=25)
        gradients = Gradients("learn_step", NAMES, Y, weights, (clamped,))
        names = [f"{name} (clamped = {clamped})" for name in _contrastive.NAMES]
        gradients.near(answer, expected, names, MISTAKES)
        gradients.have_chance(answer, clamped)
    slopes = {name: coasts(answer, clamped) for name, clamped in (("rEFH", False), ("TRBM", True))}
    if not (slopes["rEFH"] > MOVES and abs(slopes["TRBM"]) < STAYS):
        raise Incorrect(
            "20 steps after the spikes end: expected that the rEFH moves on and the TRBM stays, "
            f"got slopes of {slopes['rEFH']:.2f} and {slopes['TRBM']:.2f}"
        )


def coasts(answer, clamped, seed=0):
    """Train with the answer; the slope of displacements, 20 steps after the spikes end."""
    params = _oscillator.params_of(_oscillator.train(answer, clamped, seed))
    model = refh_numpy.trbm if clamped else refh_numpy.refh
    return coasting.network(model, params, seed)["20"]


LOOK = (
    "Grey: the spikes are off. The TRBM stays where it is, because it has learnt a position only. "
    "The rEFH goes on, at two thirds of the right speed or more, and turns round: it has learnt "
    "velocity, and no gradient of yours looked back further than one step."
)


def picture(answer):
    """Your two networks filter spikes, and then go on without them."""
    figure = plots.figure(9, 3.2)
    axes = figure.subplots(1, 3, sharey=True)
    t_0, K, n_runs = 120, 60, 8
    batch = ppc.sample(3, t_0 + K, np.random.default_rng(12), random_phase=True)
    time = np.arange(t_0 + K) * ppc.SYSTEM.dt
    for n, axis in enumerate(axes):
        axis.plot(time[60:], batch.z[n, 60:, 0], "k", label="true position" if n == 0 else None)
        axis.axvspan(time[t_0], time[-1], color=".92", lw=0)
        axis.set_xlabel("time (s)")
    for name, clamped in (("TRBM", True), ("rEFH", False)):
        params = _oscillator.params_of(_oscillator.train(answer, clamped))
        model = refh_numpy.trbm if clamped else refh_numpy.refh
        u = model.infer(params, batch.y[:, :t_0])
        filtered = ppc.decode(model.emission_mean(params, u))[0]
        runs = [
            ppc.decode(model.generate(params, u[:, -1], K, np.random.default_rng(run)))[0]
            for run in range(n_runs)
        ]
        moved = np.nanmean([ppc.wrap(z - filtered[:, -1:]) for z in runs], 0)
        for n, axis in enumerate(axes):
            shown = _oscillator.near_to(batch.z[n, :t_0, 0], filtered[n])
            colour = plots.COLOURS[name]
            axis.plot(time[60:t_0], shown[60:], color=colour)
            axis.plot(
                time[t_0:],
                shown[-1] + moved[n],
                "--",
                color=colour,
                label=f"your {name}" if n == 0 else None,
            )
    axes[0].set_ylabel("position (rad)")
    axes[0].legend()
    return figure
