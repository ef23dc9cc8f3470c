"""Exercise 11: the backward pass of the rVAE.

Minutes: 60. Lines: 10. Before: chapter 4, V6 and V8; exercise 10.

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
