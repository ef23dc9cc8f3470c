"""Check of exercise 8."""

from functools import partial

import numpy as np

from examples.exercises._answers import averaged, explanations, same, sigmoid, small_harmonium
from examples.exercises.checks import _enumeration
from examples.exercises.checks._contrastive import NAMES, Gradients, U
from examples.tools import plots


def cd(
    u,
    y,
    W_u,
    W_y,
    b_x,
    b_u,
    b_y,
    n_sweeps,
    clamped,
    rng,
    sampled=True,
    ended="mean",
    divided=True,
    products=True,
    untransposed=False,
    keep_u=False,
    sign=1,
    restarted=False,
    y_is_mean=False,
    started=True,
):
    """CD-k, with a mistake in one place"""

    def sample(mean):
        return (rng.random(mean.shape) < mean) * 1.0 if sampled else mean

    x = x_mean = sigmoid(u @ W_u.T + y @ W_y.T + b_x)
    u_hat, y_hat = u, y
    for sweep in range(n_sweeps):
        x_hat = sample(x_mean if restarted else x) if sweep or started else x
        if not clamped:
            u_hat = sample(sigmoid(x_hat @ (W_u.T if untransposed else W_u) + b_u))
        p = sigmoid(x_hat @ W_y + b_y)
        y_hat = p if y_is_mean else sample(p)
        x = sigmoid(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
    x = sample(x) if ended == "sample" else x
    x_mean = sample(x_mean) if ended == "positive" else x_mean
    u_end = u if keep_u else u_hat
    if products:
        pairs = x.T @ u_end - x_mean.T @ u, x.T @ y_hat - x_mean.T @ y
    else:
        total = lambda a, b: np.outer(a.sum(0), b.sum(0)) / len(a)
        pairs = total(x, u_end) - total(x_mean, u), total(x, y_hat) - total(x_mean, y)
    n = len(u) if divided else 1
    rest = (x - x_mean).sum(0), (u_end - u).sum(0), (y_hat - y).sum(0)
    return tuple(sign * part / n for part in (*pairs, *rest))


def change(place, to):
    """CD-k with another argument: n_sweeps is number 7, clamped number 8"""
    return lambda *a: cd(*a[:place], to(a[place]), *a[place + 1 :])


def positive_phase(u, y, W_u, W_y, b_x, *rest):
    """Alone"""
    x, n = sigmoid(u @ W_u.T + y @ W_y.T + b_x), len(u)
    return -x.T @ u / n, -x.T @ y / n, -x.mean(0), -u.mean(0), -y.mean(0)


def mean_visible(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    """Samples of x alone"""
    u_hat, y_hat = u, y
    for _ in range(n_sweeps):
        p = sigmoid(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
        x = (rng.random(p.shape) < p) * 1.0
        u_hat = u if clamped else sigmoid(x @ W_u + b_u)
        y_hat = sigmoid(x @ W_y + b_y)
    before = positive_phase(u, y, W_u, W_y, b_x)
    after = positive_phase(u_hat, y_hat, W_u, W_y, b_x)
    return tuple(a - b for a, b in zip(before, after, strict=True))


MISTAKES = [
    (
        "the opposite sign: this is the gradient of the log likelihood, not of the loss",
        lambda *a: cd(*a, sign=-1),
    ),
    ("u is resampled although it is clamped", change(8, lambda c: False)),
    ("u is never resampled: clamped=False learns the joint", change(8, lambda c: True)),
    (
        "only one sweep, whatever n_sweeps, or each starts from the data again",
        change(7, lambda k: 1),
    ),
    ("one sweep too many", change(7, lambda k: k + 1)),
    ("means in the place of samples in the chain", lambda *a: cd(*a, sampled=False)),
    ("y_hat is a mean; the chain needs a sample", lambda *a: cd(*a, y_is_mean=True)),
    ("the chain starts from the mean of x; it needs a sample", lambda *a: cd(*a, started=False)),
    ("a sum over the examples in the place of the average", lambda *a: cd(*a, divided=False)),
    ("the product of averages is not the average of products", lambda *a: cd(*a, products=False)),
    ("W_u' and W_u are exchanged in P3: x @ W_u", lambda *a: cd(*a, untransposed=True)),
    ("the negative phase pairs x with the data u, not with u_hat", lambda *a: cd(*a, keep_u=True)),
    ("b_x is missing", change(4, lambda b: 0 * b)),
    ("b_u is missing in P3", change(5, lambda b: 0 * b)),
    ("b_y is missing in P5", change(6, lambda b: 0 * b)),
    ("the negative phase is missing", positive_phase),
    ("u_hat and y_hat are means; the chain needs samples", mean_visible),
]
Y = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
OF = "n_sweeps = {}, clamped = {}"
SAMPLED_X = "a sample of x in the place of its mean; the average is correct, but has more noise"


def check(answer):
    """Without chance, then averaged over many chains, against enumeration; then the use of rng."""
    weights = small_harmonium(n_x=3, n_u=3, n_y=2, seed=3)
    weights[0], weights[1] = 1.5 * weights[0], 1.5 * weights[1]
    # so large that u_hat and y_hat are known: the answer has no chance in it
    extreme = [*weights[:3], np.array([40.0, -40.0, 40.0]), np.array([-40.0, 40.0])]
    every = [(n_sweeps, clamped) for clamped in (False, True) for n_sweeps in (1, 3)]
    for settings in every:
        compare(answer, extreme, settings)
    for settings in every:
        names = [f"{name} ({OF.format(*settings)})" for name in NAMES]
        expected = _enumeration.cd_expectation(U, Y, weights, *settings)
        gradients(weights, settings).near(answer, expected, names, MISTAKES)
    for clamped in (False, True):
        gradients(weights, (2, clamped)).have_chance(answer, clamped)


def gradients(weights, settings):
    """The Gradients of this exercise"""
    return Gradients("cd_k", NAMES, Y, weights, settings)


def compare(answer, weights, settings):
    """One run, in which nothing is random, with the expectation"""
    expected = _enumeration.cd_expectation(U, Y, weights, *settings)
    of_copies = gradients(weights, settings).of_copies
    rng = np.random.default_rng(1)
    got = of_copies(answer, 1, rng)
    arguments = (U, Y, *weights, *settings, rng)

    def hints(place):
        yield from explanations(MISTAKES, arguments, place, got)
        # if the answer is correct on average only, some x is a sample, not a mean
        mean, error = averaged(lambda rng: of_copies(answer, 1, rng))
        if (np.abs(mean[place] - expected[place]) <= 6 * error[place] + 1e-6).all():
            yield SAMPLED_X, got[place]

    for place, name in enumerate(NAMES):
        what = f"{name} ({OF.format(*settings)}, large b_u and b_y)"
        same(what, got[place], expected[place], hints=partial(hints, place))


LOOK = (
    "Both curves fall: your gradient learns, although it is not the gradient of any function. "
    "With one sweep it stops a little above the entropy of the data, the lowest possible loss; "
    "with ten it comes closer."
)


def picture(answer):
    """A small harmonium learns four patterns with your gradient; its exact loss by enumeration."""
    patterns = np.array(
        [[1, 1, 0, 0, 1, 0], [0, 0, 1, 1, 0, 1], [1, 0, 1, 0, 1, 1], [0, 1, 0, 1, 0, 0]]
    )
    data = np.tile(patterns, (25, 1)).astype(float)
    states = _enumeration.binary(6)
    figure = plots.figure(6, 3.5)
    axis = figure.subplots()
    for n_sweeps in (1, 10):
        rng = np.random.default_rng(0)
        shapes = (8, 3), (8, 3), 8, 3, 3
        weights = [0.1 * rng.standard_normal(shape) for shape in shapes]
        losses = []
        for update in range(1500):
            gradient = answer(
                data[:, :3].copy(),
                data[:, 3:].copy(),
                *(w.copy() for w in weights),
                n_sweeps,
                False,
                rng,
            )
            weights = [
                w - 0.2 * np.asarray(g, float) for w, g in zip(weights, gradient, strict=True)
            ]
            if update % 10 == 0:
                losses.append(exact_loss(patterns, states, *weights))
        axis.plot(np.arange(0, 1500, 10), losses, label=f"your CD-{n_sweeps}")
    axis.axhline(np.log(4), color="k", ls=":", label="entropy of the data")
    axis.set(xlabel="updates", ylabel="-log p(u, y) per example (nats)", ylim=(1, 4.5))
    axis.legend()
    return figure


def exact_loss(patterns, states, W_u, W_y, b_x, b_u, b_y):
    """-log p(u, y), averaged over the patterns, with the partition function summed"""

    def minus_free_energy(v):
        u, y = v[:, :3], v[:, 3:]
        return np.logaddexp(0, u @ W_u.T + y @ W_y.T + b_x).sum(1) + u @ b_u + y @ b_y

    log_z = np.logaddexp.reduce(minus_free_energy(states))
    return log_z - minus_free_energy(patterns.astype(float)).mean()
