"""Check of exercise 12."""

import numpy as np

from examples.exercises._answers import expect
from examples.tools import plots

inv = np.linalg.inv
NAMES = ("mean", "covariance")


def posterior(u, W, b, sigma, power=2, prior=1.0, sign=-1):
    """Mean and covariance, with a mistake in one place"""
    cov = inv(prior * np.eye(W.shape[1]) + W.T @ W / sigma**power)
    return (u + sign * b) @ W @ cov / sigma**power, cov


MISTAKES = [
    ("this is the precision: invert it", lambda *a: (posterior(*a)[0], inv(posterior(*a)[1]))),
    (
        "the mean is multiplied by the precision, not by the covariance",
        lambda u, W, b, sigma: (
            (u - b) @ W @ (np.eye(W.shape[1]) + W.T @ W / sigma**2) / sigma**2,
            posterior(u, W, b, sigma)[1],
        ),
    ),
    ("sigma is a standard deviation: the variance is sigma^2", lambda *a: posterior(*a, power=1)),
    ("b is missing", lambda *a: posterior(*a, sign=0)),
    ("b has the opposite sign", lambda *a: posterior(*a, sign=1)),
    (
        "the prior is missing: its precision is I. This is least squares",
        lambda *a: posterior(*a, prior=0),
    ),
    (
        "1 / sigma^2 is missing in the mean",
        lambda u, W, b, sigma: (
            posterior(u, W, b, sigma)[0] * sigma**2,
            posterior(u, W, b, sigma)[1],
        ),
    ),
    ("1 / sigma^2 is missing", lambda u, W, b, sigma: posterior(u, W, b, 1.0)),
    ("W and W' are exchanged", lambda u, W, b, sigma: posterior(u, W.T, b, sigma)),
    (
        "W and W' are exchanged in the mean",
        lambda u, W, b, sigma: (
            (u - b) @ W.T @ posterior(u, W, b, sigma)[1] / sigma**2,
            posterior(u, W, b, sigma)[1],
        ),
    ),
    (
        "this is the covariance of u, W W' + sigma^2 I",
        lambda u, W, b, sigma: (posterior(u, W, b, sigma)[0], W @ W.T + sigma**2 * np.eye(len(W))),
    ),
    (
        "the standard deviation in the place of the covariance",
        lambda *a: (posterior(*a)[0], np.sqrt(np.abs(posterior(*a)[1]))),
    ),
    (
        "only the diagonal of the covariance is left",
        lambda *a: (posterior(*a)[0], np.diag(np.diag(posterior(*a)[1]))),
    ),
]


def check(answer):
    """Against conditioning the joint normal distribution of x and u."""
    rng = np.random.default_rng(0)
    for n_u, n_x, sigma in ((3, 3, 0.4), (4, 2, 1.5)):
        W, b = rng.standard_normal((n_u, n_x)), rng.standard_normal(n_u)
        u = rng.standard_normal((5, n_u))
        gain = np.linalg.solve(W @ W.T + sigma**2 * np.eye(n_u), W)
        expected = (u - b) @ gain, np.eye(n_x) - W.T @ gain
        expect("x_given_u", answer, (u, W, b, sigma), expected, MISTAKES, NAMES)


LOOK = (
    "Across the line W x + b = u, the state decides; along it, the prior remains. The smaller "
    "sigma is, the thinner is the ellipse."
)


def picture(answer):
    """Prior and posterior of two latent variables, given one state."""
    W, b, u = np.array([[1.0, 0.6]]), np.array([0.2]), np.array([[1.4]])
    angle = np.linspace(0, 2 * np.pi, 100)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    figure = plots.figure(4.5, 4.5)
    axis = figure.subplots()
    axis.plot(*(2 * circle), "k:", label="prior")
    for sigma in (1.0, 0.3, 0.1):
        mean, cov = (
            np.asarray(part, float) for part in answer(u.copy(), W.copy(), b.copy(), sigma)
        )
        values, axes = np.linalg.eigh(cov)
        axis.plot(
            *(mean[0][:, None] + 2 * axes @ (np.sqrt(values)[:, None] * circle)),
            label=f"yours, sigma = {sigma:g}",
        )
    x = np.array([-1.0, 3.0])
    axis.plot(x, (u[0, 0] - b[0] - W[0, 0] * x) / W[0, 1], color=".7", lw=1)
    axis.set(
        xlabel="x, first component",
        ylabel="second",
        xlim=(-2.5, 3),
        ylim=(-2.5, 3),
        aspect="equal",
        title="two standard deviations",
    )
    axis.legend()
    return figure
