"""Exercise 15: predict the next observation, with u clamped.

Minutes: 30. Lines: 8. Before: appendix D; exercise 7.

The state u is known, the observation that follows is not. A Gibbs chain finds it: start from the
observation y that is given (noise, for instance), and repeat n_sweeps times,

    x ~ p(x | u, y)     (P4, a sample)           y ~ p(y | x)     (P5, a sample)

u stays as it is. Then one pass of means takes away the noise of the last samples: x = E[x | u, y]
for the last y, and y = E[y | x] for that mean. Return this y. Without any sweep, the pass of means
starts from the given y. (This is the poster's "clamped Gibbs sampling"; b_u is not needed. Why?)
"""

import numpy as np


def predict(u, y, W_u, W_y, b_x, b_y, n_sweeps, rng):
    """A prediction of the next y.

    Parameters
    ----------
    u : (n, n_u) states, in [0, 1]
    y : (n, n_y) where the chain starts, in [0, 1]
    W_u, W_y, b_x, b_y : (n_x, n_u), (n_x, n_y), (n_x,) and (n_y,); y is Bernoulli
    n_sweeps : at least 0
    rng : numpy.random.Generator

    Returns
    -------
    (n, n_y) probabilities
    """
    raise NotImplementedError
