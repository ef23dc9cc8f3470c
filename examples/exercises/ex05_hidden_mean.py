"""Exercise 5: the hidden units of a recurrent harmonium.

Minutes: 10. Lines: 1. Before: chapter 3, P4.

    P4    p(x_t | u_{t-1}, y_t) = Bern(sigma(W_u u_{t-1} + W_y y_t + b_x))
          sigma(a) = 1 / (1 + exp(-a))

Return the mean of x. (The poster prints W_x in the place of W_u: exercise 6 says why it must be
W_u.) Run through time, with the result as the next u, this line is the whole filter.
"""

import numpy as np


def hidden_mean(u, y, W_u, W_y, b_x):
    """E[x | u, y].

    Parameters
    ----------
    u, y : (n, n_u) and (n, n_y), in [0, 1]
    W_u, W_y, b_x : (n_x, n_u), (n_x, n_y) and (n_x,)

    Returns
    -------
    (n, n_x) probabilities
    """
    raise NotImplementedError
