"""Check of exercise 15."""

import numpy as np

from examples.exercises._answers import (
    Incorrect,
    averaged,
    expect,
    fresh,
    near,
    numbers,
    rows_are_independent,
    sigmoid,
    small_harmonium,
    uses_the_generator,
)
from examples.exercises.checks import _balls, _enumeration
from examples.tools import plots


def chain(
    u,
    y,
    W_u,
    W_y,
    b_x,
    b_y,
    n_sweeps,
    rng,
    sampled=True,
    end="means",
    from_y=True,
    with_u=True,
    untransposed=False,
    y_is_mean=False,
    complement=False,
):
    """A prediction, with a mistake in one place"""

    def sample(mean):
        mean = 1 - mean if complement else mean
        return (rng.random(mean.shape) < mean) * 1.0 if sampled else mean

    W = W_y.T if untransposed else W_y
    y = y if from_y else 0 * y + 0.5
    fixed = with_u * (u @ W_u.T) + b_x
    x = sigmoid(fixed + y @ W_y.T)
    for _ in range(n_sweeps):
        x = sample(sigmoid(fixed + y @ W_y.T))
        p = sigmoid(x @ W + b_y)
        y = p if y_is_mean else sample(p)
    if end == "y":
        return y
    if end == "last x":
        return sigmoid(x @ W + b_y)
    x = sigmoid(fixed + y @ W_y.T)
    if end == "two passes":
        x = sigmoid(fixed + sigmoid(x @ W + b_y) @ W_y.T)
    x = sample(x) if end == "sampled x" else x
    y = sigmoid(x @ W + b_y)
    return sample(y) if end == "sampled y" else y


def with_n_sweeps(to):
    """Another number of sweeps"""
    return lambda *a: chain(*a[:6], to(a[6]), a[7])


def with_u_resampled(u, y, W_u, W_y, b_x, b_y, n_sweeps, rng):
    """Not clamped"""
    for _ in range(n_sweeps):
        p = sigmoid(u @ W_u.T + y @ W_y.T + b_x)
        x = (rng.random(p.shape) < p) * 1.0
        y = (rng.random(y.shape) < sigmoid(x @ W_y + b_y)) * 1.0
        u = (rng.random(u.shape) < sigmoid(x @ W_u)) * 1.0
    return chain(u, y, W_u, W_y, b_x, b_y, 0, rng)


MISTAKES = [
    (
        "means in the place of samples in the chain: this is mean field",
        lambda *a: chain(*a, sampled=False),
    ),
    ("this is the last sample of y; a pass of means follows it", lambda *a: chain(*a, end="y")),
    (
        "the pass of means is missing: E[y | x] of the last *sample* of x",
        lambda *a: chain(*a, end="last x"),
    ),
    ("the last x must be a mean, not a sample", lambda *a: chain(*a, end="sampled x")),
    ("the result must be a mean, not a sample", lambda *a: chain(*a, end="sampled y")),
    ("one pass of means too many", lambda *a: chain(*a, end="two passes")),
    ("the chain does not start from the given y", lambda *a: chain(*a, from_y=False)),
    ("u is missing: it is clamped, but it acts on x", lambda *a: chain(*a, with_u=False)),
    ("W_y and W_y' are exchanged in P5: x @ W_y", lambda *a: chain(*a, untransposed=True)),
    ("y is a mean in the chain; it must be a sample", lambda *a: chain(*a, y_is_mean=True)),
    ("one sweep too many", with_n_sweeps(lambda k: k + 1)),
    ("one sweep too few", with_n_sweeps(lambda k: max(k - 1, 0))),
    ("only one sweep, whatever n_sweeps", with_n_sweeps(lambda k: min(k, 1))),
    (
        "b_y is missing",
        lambda u, y, W_u, W_y, b_x, b_y, *a: chain(u, y, W_u, W_y, b_x, 0 * b_y, *a),
    ),
    (
        "b_x is missing",
        lambda u, y, W_u, W_y, b_x, b_y, *a: chain(u, y, W_u, W_y, 0 * b_x, b_y, *a),
    ),
    ("the chain does not start from the given y", lambda u, y, *a: chain(u, 0 * y, *a)),
    ("u is resampled in the chain; it is clamped", with_u_resampled),
    (
        "1 with probability 1 - p: r < p gives 1 with probability p",
        lambda *a: chain(*a, complement=True),
    ),
]


def check(answer):
    """Without sweeps; then averaged over many chains, against enumeration; then the use of rng."""
    W_u, W_y, b_x, b_u, b_y = small_harmonium(n_x=3, n_u=3, n_y=3, seed=5)
    W_y = 2 * W_y
    weights = W_u, W_y, b_x, b_y
    rng = np.random.default_rng(0)
    u, y = rng.random((4, 3)), rng.random((4, 3))
    x = sigmoid(u @ W_u.T + y @ W_y.T + b_x)
    arguments = (u, y, *weights, 0, rng)
    expect("y without a sweep", answer, arguments, sigmoid(x @ W_y + b_y), MISTAKES)

    def call(rng, n_sweeps, u=u, y=y, of=answer):
        got = of(*fresh((u, y, *weights, n_sweeps, rng)))
        return numbers("y", got, (len(u), 3))

    for n_sweeps in (1, 3, 8):
        expected = []
        for u_n, y_n in zip(u, y, strict=True):
            states = _enumeration.Chain(W_u, W_y, b_x, b_u, b_y, clamped_u=u_n)
            ends = sigmoid(states.x_mean @ W_y + b_y)
            expected.append(states.visible(u_n, y_n, n_sweeps) @ ends)
        expected = np.array(expected)

        def average(of, n_sweeps=n_sweeps):
            rows = np.tile(u, (10, 1)), np.tile(y, (10, 1))
            run = lambda rng: [call(rng, n_sweeps, *rows, of=of).reshape(10, 4, 3).mean(0)]
            return [part[0] for part in averaged(run)]

        try:
            uses_the_generator(lambda rng, k=n_sweeps: [call(rng, k)], ["y"])
        except Incorrect:
            not_random(call, n_sweeps, answer)
            raise
        got, error = average(answer)
        hints = lambda average=average: ((hint, average(wrong)[0]) for hint, wrong in MISTAKES)
        one = call(np.random.default_rng(1), n_sweeps)
        if np.isin(one, (0, 1)).all():
            raise Incorrect("y: expected probabilities, got samples, 0 or 1; the last y is a mean")
        near(
            f"y after {n_sweeps} sweeps, averaged over 4000 chains",
            got,
            expected,
            error + 1e-6,
            hints,
        )
        check_spread(one, u, *weights)
    rows_are_independent(
        lambda n, rng: call(rng, 2, np.tile(u[1], (n, 1)), np.tile(y[1], (n, 1))).mean(0), 10
    )


def not_random(call, n_sweeps, answer):
    """Name the mistake of an answer that does not sample at all"""
    for hint, wrong in MISTAKES:
        ends = [call(np.random.default_rng(1), n_sweeps, of=of) for of in (answer, wrong)]
        ends.append(call(np.random.default_rng(2), n_sweeps, of=wrong))
        if np.allclose(ends[0], ends[1:], rtol=1e-5, atol=1e-6):
            raise Incorrect(f"y: expected samples on the way, got the same y each time ({hint})")


def check_spread(one, u, W_u, W_y, b_x, b_y):
    """Whether the last x is a mean: then y has one of 2^n_y known values, one per sample of y"""
    for got, u_n in zip(one, u, strict=True):
        x = sigmoid(u_n @ W_u.T + _enumeration.binary(3) @ W_y.T + b_x)
        if np.abs(sigmoid(x @ W_y + b_y) - got).max(1).min() > 1e-5:
            raise Incorrect(
                "y: expected E[y | x] for the mean of x, given a sample of y; got a number that "
                "no sample of y explains, although the average is correct"
            )


LOOK = (
    "After no sweep the prediction is still noise. A few sweeps suffice to find balls. In this "
    "frame they lie where the balls will be, not where they were. One chain is noisy, and in "
    "other frames balls can be several pixels off: Table 2 has the mean of 16 chains, too."
)


def picture(answer):
    """The next frame of a video, predicted with your chain from noise."""
    params, frames, u = _balls.network_and_states()
    weights = [np.asarray(getattr(params, n), float) for n in ("W_u", "W_y", "b_x", "b_y")]
    t, rng = 38, np.random.default_rng(0)
    noise = rng.random((1, 900))
    figure = plots.figure(9, 2)
    axes = figure.subplots(1, 6)
    _balls.show(axes[0], frames[t - 1], "last frame")
    for axis, n_sweeps in zip(axes[1:5], (0, 1, 5, 25), strict=True):
        y = answer(
            u[t - 1 : t].astype(float), noise.copy(), *(w.copy() for w in weights), n_sweeps, rng
        )
        _balls.show(axis, np.asarray(y, float)[0], f"yours, {n_sweeps} sweeps")
    _balls.show(axes[5], frames[t], "true next frame")
    return figure
