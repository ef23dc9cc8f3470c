"""Exercise 11: the backward pass of the rVAE (rvae_numpy, V6 and V8; a page).

For one time step at a time, and with linear maps only:

    V6    x = nu + exp(log_upsilon / 2) eps                             eps is given
    V8    L = KL(N(nu, exp(log_upsilon)) || N(0, I))
              + |u - W x - b|^2 / 2 sigma_u^2 + |y - V x - c|^2 / 2 sigma_y^2 + constants

summed over the n examples. Return the derivatives of L with respect to W, b, V, c (the generative
model) and to nu and log_upsilon (the outputs of the recognition model). Go backwards: dL/dx from
the two squares, then through V6, where the KL divergence adds its own term (exercise 10).

u is data. In which line would backpropagation through time begin, if it were not?
"""

import numpy as np

from examples.exercises._answers import numerical_gradient, parts, same

NAMES = ("dW", "db", "dV", "dc", "dnu", "dlog_upsilon")


def rvae_gradient(W, b, V, c, nu, log_upsilon, u, y, eps, sigma_u, sigma_y):
    """The derivatives of L.

    Parameters
    ----------
    W, b, V, c : (n_u, n_x), (n_u,), (n_y, n_x) and (n_y,)
    nu, log_upsilon, eps : (n, n_x)
    u, y : (n, n_u) and (n, n_y)
    sigma_u, sigma_y : standard deviations

    Returns
    -------
    dW, db, dV, dc, dnu, dlog_upsilon, of the shapes of W, b, V, c, nu, log_upsilon
    """
    raise NotImplementedError


def check(answer):
    """Against central differences of L."""
    rng = np.random.default_rng(0)
    n, n_x, n_u, n_y = 4, 2, 2, 3
    shapes = {
        "W": (n_u, n_x),
        "b": (n_u,),
        "V": (n_y, n_x),
        "c": (n_y,),
        "nu": (n, n_x),
        "log_upsilon": (n, n_x),
    }
    given = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    u, y, eps = (rng.standard_normal((n, size)) for size in (n_u, n_y, n_x))
    sigma_u, sigma_y = 0.5, 0.8

    def loss(W, b, V, c, nu, log_upsilon):
        x = nu + np.exp(log_upsilon / 2) * eps
        return (
            0.5 * np.sum(np.exp(log_upsilon) + nu**2 - 1 - log_upsilon)
            + np.sum((u - x @ W.T - b) ** 2) / (2 * sigma_u**2)
            + np.sum((y - x @ V.T - c) ** 2) / (2 * sigma_y**2)
        )

    result = answer(*(a.copy() for a in given.values()), u, y, eps, sigma_u, sigma_y)
    got = parts("rvae_gradient", result, NAMES)
    for name, mine, about in zip(NAMES, got, given, strict=True):
        expected = numerical_gradient(
            lambda value, about=about: loss(**(given | {about: value})), given[about]
        )
        same(name, mine, expected, 1e-6)
