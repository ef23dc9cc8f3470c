"""Check of exercise 8."""

import numpy as np

from examples.exercises._answers import (
    Incorrect,
    averaged,
    explanations,
    fresh,
    near,
    numbers,
    parts,
    rows_are_independent,
    same,
    sigmoid,
    small_harmonium,
    uses_the_generator,
)
from examples.exercises.checks import _enumeration
from examples.tools import plots

NAMES = ("dW_u", "dW_y", "db_x", "db_u", "db_y")


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
U = np.array([[1.0, 0.0, 1.0], [0.3, 1.0, 0.0], [0.0, 0.8, 0.6], [1.0, 0.4, 0.2]])
Y = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


def check(answer):
    """Without chance, then averaged over many chains, against enumeration; then the use of rng."""
    weights = small_harmonium(n_x=3, n_u=3, n_y=2, seed=3)
    weights[0], weights[1] = 1.5 * weights[0], 1.5 * weights[1]
    for of, extreme in (
        ("n_sweeps = {}, clamped = {}, large b_u and b_y", True),
        ("n_sweeps = {}, clamped = {}", False),
    ):
        if extreme:  # so large that u_hat and y_hat are known: the answer has no chance in it
            used = [*weights[:3], np.array([40.0, -40.0, 40.0]), np.array([-40.0, 40.0])]
        else:
            used = weights
        for clamped in (False, True):
            for n_sweeps in (1, 3):
                settings = n_sweeps, clamped
                names = [f"{name} ({of.format(*settings)})" for name in NAMES]
                compare(answer, used, settings, names, exact=extreme)
    for clamped in (False, True):
        check_chance(answer, weights, clamped)


def call(answer, weights, settings, rows, rng):
    """The gradients of so many copies of the examples"""
    u, y = np.tile(U, (rows, 1)), np.tile(Y, (rows, 1))
    got = parts("cd_k", answer(*fresh((u, y, *weights, *settings, rng))), NAMES)
    return [numbers(n, g, w.shape) for n, g, w in zip(NAMES, got, weights, strict=True)]


def compare(answer, weights, settings, names, exact):
    """With the expectation; of one run if nothing is random, else of many"""
    expected = _enumeration.cd_expectation(U, Y, weights, *settings)
    if exact:
        rng = np.random.default_rng(1)
        got = call(answer, weights, settings, 1, rng)
        arguments = (U, Y, *weights, *settings, rng)
        for place, name in enumerate(names):
            hints = lambda place=place: [
                *explanations(MISTAKES, arguments, place, got),
                *sampled_x(answer, weights, settings, place, got),
            ]
            same(name, got[place], expected[place], hints=hints)
        return
    got, errors = averaged(lambda rng: call(answer, weights, settings, 10, rng))
    for place, name in enumerate(names):

        def hints(place=place):
            for hint, wrong in MISTAKES:
                run = lambda rng, wrong=wrong: call(wrong, weights, settings, 10, rng)
                yield hint, averaged(run)[0][place]

        near(
            f"{name}, averaged over 16000 chains",
            got[place],
            expected[place],
            errors[place] + 5e-5,
            hints,
        )


def sampled_x(answer, weights, settings, place, got):
    """A hint, if the answer is correct on average only: then some x is a sample, not a mean"""
    expected = _enumeration.cd_expectation(U, Y, weights, *settings)[place]
    mean, error = averaged(lambda rng: call(answer, weights, settings, 1, rng))
    if (np.abs(mean[place] - expected) <= 6 * error[place] + 1e-6).all():
        yield (
            ("a sample of x in the place of its mean; the average is correct, but has more noise"),
            got[place],
        )


def check_chance(answer, weights, clamped):
    """Every random number from rng, and other ones for other examples"""
    random = [place for place in range(5) if not (clamped and place == 3)]
    settings = 2, clamped

    def run(rng):
        got = call(answer, weights, settings, 5, rng)
        return [got[place] for place in random]

    uses_the_generator(run, [NAMES[place] for place in random])

    def of_rows(n, rng):
        u, y = np.tile(U[1], (n, 1)), np.tile(Y[1], (n, 1))
        got = parts("cd_k", answer(*fresh((u, y, *weights, *settings, rng))), NAMES)
        return np.concatenate([np.ravel(g) for g in got])

    try:
        rows_are_independent(of_rows, 10)
    except Incorrect as incorrect:
        raise Incorrect(f"clamped = {clamped}: {incorrect}") from None


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
