"""Exercise 7: half a sweep of the Gibbs chain.

Minutes: 20. Lines: 4. Before: chapter 3, P3 and P5; exercise 5.

    P3    p(u_{t-1} | x_t) = Bern(sigma(W_u' x_t + b_u))
    P5    p(y_t | x_t)     = Bern(sigma(W_y' x_t + b_y))

Sample u and y, 0 or 1 each, given the hidden units x. Where `clamped` is True, u stays as it is:
in this half of the sweep, nothing else distinguishes a TRBM from an rEFH. Use `rng` for all random
numbers, so that the same seed gives the same samples.
"""

import numpy as np


def sample_visible(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    """Samples of the visible units given the hidden ones.

    Parameters
    ----------
    x : (n, n_x) binary
    u : (n, n_u) previous values, returned as they are if clamped
    W_u, W_y, b_u, b_y : (n_x, n_u), (n_x, n_y), (n_u,) and (n_y,)
    clamped : bool
    rng : numpy.random.Generator

    Returns
    -------
    u, y : (n, n_u) and (n, n_y)
    """
    raise NotImplementedError
