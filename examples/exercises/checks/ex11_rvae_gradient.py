"""Check of exercise 11."""

import numpy as np

from examples.exercises._answers import expect, numerical_gradient
from examples.tools import plots

NAMES = ("dW", "db", "dV", "dc", "dnu", "dlog_upsilon")


def gradient(
    W,
    b,
    V,
    c,
    nu,
    log_upsilon,
    u,
    y,
    eps,
    sigma_u,
    sigma_y,
    kl=1.0,
    power=2,
    noise=1.0,
    half=0.5,
    sign=1,
    only=(1, 1),
    scale_of=0.5,
    kl_half=0.5,
    noise_again=1,
    noise_for_weights=1,
):
    """The derivatives, with a mistake in one place"""
    scale = np.exp(scale_of * log_upsilon)
    x = nu + noise * scale * eps
    d_u = sign * (x @ W.T + b - u) / sigma_u**power
    d_y = sign * (x @ V.T + c - y) / sigma_y**power
    d_x = only[0] * d_u @ W + only[1] * d_y @ V
    d_nu = d_x + kl * nu
    d_log = d_x * eps**noise_again * scale * half + kl * kl_half * (np.exp(log_upsilon) - 1)
    x = nu + noise_for_weights * (x - nu)
    return d_u.T @ x, d_u.sum(0), d_y.T @ x, d_y.sum(0), d_nu, d_log


MISTAKES = [
    ("the KL divergence has no part in it", lambda *a: gradient(*a, kl=0)),
    ("divided by sigma, not by sigma^2", lambda *a: gradient(*a, power=1)),
    (
        "the sign of u - W x - b is lost: d/dx |u - W x - b|^2 / 2 = -W'(u - W x - b)",
        lambda *a: gradient(*a, sign=-1),
    ),
    ("x is nu: eps is missing", lambda *a: gradient(*a, noise=0)),
    (
        "the factor 1/2 of exp(log_upsilon / 2) is missing in dlog_upsilon",
        lambda *a: gradient(*a, half=1),
    ),
    (
        "the factor 1/2 of the KL divergence is missing in dlog_upsilon",
        lambda *a: gradient(*a, kl_half=1),
    ),
    (
        "exp(log_upsilon) is the variance: the standard deviation is exp(log_upsilon / 2)",
        lambda *a: gradient(*a, scale_of=1),
    ),
    (
        "eps is missing in dlog_upsilon: dx / dlog_upsilon = eps exp(log_upsilon / 2) / 2",
        lambda *a: gradient(*a, noise_again=0),
    ),
    ("dW and dV take nu in the place of x", lambda *a: gradient(*a, noise_for_weights=0)),
    ("dL/dx lacks the part of y", lambda *a: gradient(*a, only=(1, 0))),
    ("dL/dx lacks the part of u", lambda *a: gradient(*a, only=(0, 1))),
    (
        "the part of the reconstructions is missing in dnu and dlog_upsilon",
        lambda *a: gradient(*a, only=(0, 0)),
    ),
    (
        "an average over the examples in the place of the sum",
        lambda *a: [part / len(a[4]) for part in gradient(*a)],
    ),
    ("the path of the reconstructions to log_upsilon is missing", lambda *a: gradient(*a, half=0)),
    ("1 / sigma^2 is missing", lambda *a: gradient(*a, power=0)),
    ("b is missing", lambda W, b, *a: gradient(W, 0 * b, *a)),
    ("c is missing", lambda W, b, V, c, *a: gradient(W, b, V, 0 * c, *a)),
]


def loss(W, b, V, c, nu, log_upsilon, u, y, eps, sigma_u, sigma_y):
    """V8 without constants"""
    x = nu + np.exp(log_upsilon / 2) * eps
    return (
        0.5 * np.sum(np.exp(log_upsilon) + nu**2 - 1 - log_upsilon)
        + np.sum((u - x @ W.T - b) ** 2) / (2 * sigma_u**2)
        + np.sum((y - x @ V.T - c) ** 2) / (2 * sigma_y**2)
    )


def check(answer):
    """Against central differences of L."""
    rng = np.random.default_rng(0)
    for n, n_x, n_u, n_y in ((6, 2, 2, 3), (5, 3, 3, 3)):  # n is not 1 / sigma^2
        shapes = (n_u, n_x), (n_u,), (n_y, n_x), (n_y,), (n, n_x), (n, n_x)
        given = [rng.standard_normal(shape) for shape in shapes]
        data = [*(rng.standard_normal((n, size)) for size in (n_u, n_y, n_x)), 0.5, 0.8]
        expected = [
            numerical_gradient(
                lambda value, i=i, given=given, data=data: loss(
                    *given[:i], value, *given[i + 1 :], *data
                ),
                given[i],
            )
            for i in range(6)
        ]
        expect("rvae_gradient", answer, (*given, *data), expected, MISTAKES, NAMES)


LOOK = (
    "The loss falls to a plateau, and the reconstructions come to lie on a line: one latent "
    "variable suffices for data that vary along one direction. Your gradient found it."
)


def picture(answer):
    """Gradient descent with your derivatives, on data that one latent variable explains."""
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((100, 1))
    u = hidden @ [[0.8, -0.4]] + 0.1 * rng.standard_normal((100, 2))
    y = hidden @ [[1.0, 0.5, -1.0]] + 0.3 * rng.standard_normal((100, 3))
    shapes = (2, 1), 2, (3, 1), 3, (100, 1), (100, 1)
    theta = [0.1 * rng.standard_normal(shape) for shape in shapes]
    losses = []
    for _ in range(800):
        data = u, y, rng.standard_normal((100, 1)), 0.3, 0.3
        losses.append(loss(*theta, *data) / 100)
        steps = answer(*(leaf.copy() for leaf in theta), *data)
        rates = [1e-4] * 4 + [1e-2] * 2
        theta = [
            leaf - rate * np.asarray(step, float)
            for leaf, rate, step in zip(theta, rates, steps, strict=True)
        ]
    figure = plots.figure(8, 3.5)
    left, right = figure.subplots(1, 2)
    left.plot(losses)
    left.set(xlabel="steps", ylabel="loss per example (nats, without constants)", yscale="log")
    reconstructed = theta[4] @ theta[2].T + theta[3]
    right.plot(*y[:, :2].T, ".", color=".6", label="y")
    right.plot(*reconstructed[:, :2].T, ".", label="reconstructed from nu")
    right.set(xlabel="y, first component", ylabel="second component")
    right.legend()
    return figure
