"""Exercise 12: the latent state given the previous one.

Minutes: 30. Lines: 3. Before: appendix B, G1; exercise 11.

A model of the joint has p(x) = N(0, I) and p(u | x) = N(W x + b, sigma^2 I). Before y is observed,
p(x | u) follows from Bayes's theorem: complete the square in log p(x) + log p(u | x). It is a
normal distribution; return its mean and its covariance (G1).

The rVAE predicts from it, by y = mu_y(x). In this way a model of the joint serves as a model of
the transition.
"""

import numpy as np


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
