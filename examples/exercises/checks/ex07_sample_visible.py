"""Check of exercise 7."""

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
from examples.exercises.checks import _balls
from examples.tools import plots


def sampled(x, u, W_u, W_y, b_u, b_y, clamped, rng, noise=None, p_u=None, p_y=None):
    """u and y, with a mistake in one place"""
    noise = noise or (lambda p: (rng.random(p.shape) < p) * 1.0)
    p_u = sigmoid(x @ W_u + b_u) if p_u is None else p_u
    p_y = sigmoid(x @ W_y + b_y) if p_y is None else p_y
    return u if clamped else noise(p_u), noise(p_y)


def with_means(change):
    """Another formula for the means: change(x, W_u, W_y, b_u, b_y)"""

    def wrong(x, u, W_u, W_y, b_u, b_y, clamped, rng):
        p_u, p_y = (sigmoid(a) for a in change(x, W_u, W_y, b_u, b_y))
        return sampled(x, u, W_u, W_y, b_u, b_y, clamped, rng, p_u=p_u, p_y=p_y)

    return wrong


MISTAKES = [
    ("these are means; samples are 0 or 1", lambda *a: sampled(*a, noise=lambda p: p)),
    (
        "rounded: every sample is the more probable value",
        lambda *a: sampled(*a, noise=lambda p: (p > 0.5) * 1.0),
    ),
    ("b_u and b_y are missing", with_means(lambda x, W_u, W_y, b_u, b_y: (x @ W_u, x @ W_y))),
    ("b_u is missing", with_means(lambda x, W_u, W_y, b_u, b_y: (x @ W_u, x @ W_y + b_y))),
    ("b_y is missing", with_means(lambda x, W_u, W_y, b_u, b_y: (x @ W_u + b_u, x @ W_y))),
    (
        "W_u' and W_u are exchanged: unit i of u has column i of W_u, so x @ W_u",
        with_means(lambda x, W_u, W_y, b_u, b_y: (x @ W_u.T + b_u, x @ W_y + b_y)),
    ),
    (
        "1 with probability 1 - p: r < p gives 1 with probability p",
        with_means(lambda x, W_u, W_y, b_u, b_y: (-x @ W_u - b_u, -x @ W_y - b_y)),
    ),
    (
        "u is resampled although it is clamped",
        lambda x, u, W_u, W_y, b_u, b_y, clamped, rng: sampled(
            x, u, W_u, W_y, b_u, b_y, False, rng
        ),
    ),
    (
        "u is clamped although `clamped` is False",
        lambda x, u, W_u, W_y, b_u, b_y, clamped, rng: sampled(x, u, W_u, W_y, b_u, b_y, True, rng),
    ),
]
DIFFERENT = np.array([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0]])
N = 3000  # samples of every x


def check(answer):
    """Clamping, values, means, independence of units and of rows, and the use of rng."""
    W_u, W_y, b_x, b_u, b_y = small_harmonium()
    del b_x
    x = np.tile(DIFFERENT, (N, 1))
    before = np.full((len(x), 4), 0.25)

    def run(rng, rows=x, u=before, clamped=False, of=answer):
        result = of(*fresh((rows, u, W_u, W_y, b_u, b_y, clamped, rng)))
        u, y = parts("sample_visible", result, ("u", "y"))
        return [numbers("u", u, (len(rows), 4)), numbers("y", y, (len(rows), 3))]

    for clamped in (False, True):
        check_one(run, before, clamped)


def check_one(run, before, clamped):
    """With or without u clamped"""
    W_u, W_y, _, b_u, b_y = small_harmonium()
    u, y = run(np.random.default_rng(2), clamped=clamped)
    if clamped:
        arguments = np.tile(DIFFERENT, (N, 1)), before, W_u, W_y, b_u, b_y, True
        arguments = *arguments, np.random.default_rng(2)
        same("u, clamped", u, before, hints=lambda: explanations(MISTAKES, arguments, 0, [u, y]))
    elif np.array_equal(u, before):
        raise Incorrect(
            "u: expected samples, got u as it was (u is clamped although `clamped` is False)"
        )
    for name, got in (("y", y),) if clamped else (("u", u), ("y", y)):
        if not np.isin(got, (0, 1)).all():
            other = got[~np.isin(got, (0, 1))][0]
            raise Incorrect(
                f"{name}{', with u clamped' * clamped}: expected samples, 0 or 1, "
                f"got {other:.4g} (these are means; samples are 0 or 1)"
            )
    check_samples(run, None if clamped else u, y, clamped)
    names = ("y, with u clamped",) if clamped else ("u", "y")
    kept = slice(1, 2) if clamped else slice(0, 2)
    uses_the_generator(lambda rng: run(rng, clamped=clamped)[kept], names)
    x = DIFFERENT[0]  # a generator of the answer's own would give the same each time
    check_calls(lambda n, rng: run(rng, np.tile(x, (n, 1)), before[:n], clamped)[kept], x)


def check_calls(call, x):
    """Averages over many calls, each with a generator of its own"""
    W_u, W_y, _, b_u, b_y = small_harmonium()
    got, errors = averaged(lambda rng: [part.mean(0) for part in call(25, rng)])
    means = means_of(x, W_u, W_y, b_u, b_y)[-len(got) :]
    for name, *of in zip(("u", "y")[-len(got) :], got, means, errors, strict=True):
        near(f"{name}, averaged over 400 generators", of[0], of[1], of[2] + 1e-3)
    rows_are_independent(lambda n, rng: np.concatenate(call(n, rng), axis=1).mean(0), 10)


def means_of(x, W_u, W_y, b_u, b_y):
    """E[u | x] and E[y | x]"""
    return sigmoid(x @ W_u + b_u), sigmoid(x @ W_y + b_y)


def check_samples(run, u, y, clamped):
    """Their averages over N rows with the same x, and the independence of units given x"""
    W_u, W_y, _, b_u, b_y = small_harmonium()
    samples = y if u is None else np.concatenate([u, y], axis=1)
    samples = samples.reshape(N, 3, -1)
    means = np.concatenate(means_of(DIFFERENT, W_u, W_y, b_u, b_y), axis=1)[:, -samples.shape[2] :]
    error = np.sqrt(means * (1 - means) / N)

    def hints():
        for hint, wrong in MISTAKES:
            pair = run(np.random.default_rng(5), clamped=clamped, of=wrong)
            wrong = np.concatenate(pair[clamped:], axis=1).reshape(N, 3, -1).mean(0)
            yield hint, wrong
        if (samples == samples[0]).all():
            yield "every row has the same random numbers", samples.mean(0)

    what = "y, with u clamped" if clamped else "u, then y"
    near(f"{what}, averaged over {N} samples of 3 x", samples.mean(0), means, error, hints)
    for which in range(3):
        covariance = np.cov(samples[:, which].T)
        np.fill_diagonal(covariance, 0)
        if np.abs(covariance).max() > 6 * 0.25 / np.sqrt(N):
            raise Incorrect(
                f"{what}: expected independent units given x, got correlated ones "
                "(one random number for several?)"
            )


LOOK = (
    "Two samples of the same hidden units differ where the mean is grey: at the edges of the "
    "balls. Every pixel is sampled on its own; that the balls are round is all in x."
)


def picture(answer):
    """Samples of a frame, given the hidden units of a network that knows bouncing balls."""
    params, frames, u = _balls.network_and_states()
    rng = np.random.default_rng(0)
    x = (rng.random(u[40:41].shape) < u[40:41]).astype(float)
    weights = [np.asarray(getattr(params, n), float) for n in ("W_u", "W_y", "b_u", "b_y")]
    figure = plots.figure(8, 2.4)
    axes = figure.subplots(1, 4)
    _balls.show(axes[0], frames[40], "frame")
    _balls.show(axes[1], sigmoid(x[0] @ weights[1] + weights[3]), "E[y | x]")
    for axis, name in zip(axes[2:], ("your sample", "another"), strict=True):
        u_before = u[39:40].astype(float).copy()
        sample = answer(x.copy(), u_before, *(w.copy() for w in weights), True, rng)[1]
        _balls.show(axis, np.asarray(sample, float)[0], name)
    return figure
