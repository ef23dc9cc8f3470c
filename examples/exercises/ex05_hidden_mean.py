"""Exercise 5: the hidden units of a recurrent harmonium (refh_numpy, poster P4; one line).

    P4    p(x_t | u_{t-1}, y_t) = Bern(sigma(W_u u_{t-1} + W_y y_t + b_x))
          sigma(a) = 1 / (1 + exp(-a))

Return the mean of x. (The poster prints W_x in the place of W_u: exercise 6 says why it must be
W_u.)
"""

import numpy as np

from examples.exercises._answers import same, small_harmonium
from refh_numpy import harmonium


def hidden_mean(u, y, W_u, W_y, b_x):
    """E[x | u, y].

    Parameters
    ----------
    u, y : (n, n_u) and (n, n_y), binary
    W_u, W_y, b_x : (n_x, n_u), (n_x, n_y) and (n_x,)

    Returns
    -------
    (n, n_x) probabilities
    """
    raise NotImplementedError


def check(answer):
    """Against the package's conditional."""
    p = small_harmonium()
    rng = np.random.default_rng(1)
    u, y = (rng.integers(2, size=(5, n)).astype(float) for n in (3, 2))
    same("E[x | u, y]", answer(u, y, p.W_u, p.W_y, p.b_x), harmonium.hidden_mean(p, u, y))
