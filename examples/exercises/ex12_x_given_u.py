"""Exercise 12: what comes next?                                               (rvae_numpy, D31; three lines)

A model of the joint has p(x) = N(0, I) and p(u | x) = N(W x + b, sigma^2 I). Before y is seen, what does u say about x? By Bayes's
theorem, a normal: complete the square in log p(x) + log p(u | x). Give its mean and its covariance.

(From there the rVAE predicts: y = mu_y(x). That is how a model of the joint is used as one of the transition.)
"""
import numpy as np

from examples.exercises._right import parts, same


def x_given_u(u, W, b, sigma):
    """mean (n, n_x) and covariance (n_x, n_x), from u (n, n_u), W (n_u, n_x), b (n_u,) and sigma, a standard deviation"""
    raise NotImplementedError


def check(answer):
    rng = np.random.default_rng(0)
    W, b, sigma, u = rng.standard_normal((3, 2)), rng.standard_normal(3), 0.4, rng.standard_normal((5, 3))
    mean, cov = parts("x_given_u", answer(u, W, b, sigma), ("mean", "covariance"))
    # the joint of x and u is a normal; condition it on u
    of_u = W @ W.T + sigma**2 * np.eye(3)
    same("mean", mean, (u - b) @ np.linalg.solve(of_u, W))
    same("covariance", cov, np.eye(2) - W.T @ np.linalg.solve(of_u, W))
