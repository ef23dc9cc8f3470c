"""Exercise 5: the hidden units of a recurrent harmonium.                      (refh_numpy, poster P4; one line)

    P4    p(x_t | u_{t-1}, y_t) = Bern(sigma(W_u u_{t-1} + W_y y_t + b_x)),      sigma(a) = 1 / (1 + exp(-a))

Give the mean of x. (The poster prints W_x in the place of W_u: exercise 6 shows that it must be W_u.)
"""
import numpy as np

from examples.exercises._right import same
from refh_numpy import harmonium


def hidden_mean(u, y, W_u, W_y, b_x):
    """E[x | u, y] (n, n_x), from u (n, n_u), y (n, n_y), W_u (n_x, n_u), W_y (n_x, n_y), b_x (n_x,)"""
    raise NotImplementedError


def check(answer):
    p = small_harmonium()
    rng = np.random.default_rng(1)
    u, y = rng.integers(2, size=(5, 3)).astype(float), rng.integers(2, size=(5, 2)).astype(float)
    same("E[x | u, y]", answer(u, y, p.W_u, p.W_y, p.b_x), harmonium.hidden_mean(p, u, y))


def small_harmonium(n_x=4, n_u=3, n_y=2):
    """A harmonium of a few units, with weights that matter; float64"""
    rng = np.random.default_rng(0)
    params = harmonium.init(n_x, n_y, "bernoulli", rng, np.float64, n_u=n_u)
    return params.map(lambda leaf: rng.standard_normal(leaf.shape))
