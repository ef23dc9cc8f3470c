"""Exercise 12: the latent state given the previous one (rvae_numpy, G1; three lines).

A model of the joint has p(x) = N(0, I) and p(u | x) = N(W x + b, sigma^2 I). Before y is observed,
p(x | u) follows from Bayes's theorem: complete the square in log p(x) + log p(u | x). It is a
normal distribution; return its mean and its covariance (G1).

The rVAE predicts from it, by y = mu_y(x). In this way a model of the joint serves as a model of
the transition.
"""

import numpy as np

from examples.exercises._answers import parts, same


def x_given_u(u, W, b, sigma):
    """Mean and covariance of p(x | u).

    Parameters
    ----------
    u : (n, n_u)
    W, b : (n_u, n_x) and (n_u,)
    sigma : a standard deviation

    Returns
    -------
    mean (n, n_x), covariance (n_x, n_x)
    """
    raise NotImplementedError


def check(answer):
    """Against conditioning the joint normal distribution of x and u."""
    rng = np.random.default_rng(0)
    W, b, u = rng.standard_normal((3, 2)), rng.standard_normal(3), rng.standard_normal((5, 3))
    mean, cov = parts("x_given_u", answer(u, W, b, 0.4), ("mean", "covariance"))
    of_u = W @ W.T + 0.4**2 * np.eye(3)
    same("mean", mean, (u - b) @ np.linalg.solve(of_u, W))
    same("covariance", cov, np.eye(2) - W.T @ np.linalg.solve(of_u, W))
