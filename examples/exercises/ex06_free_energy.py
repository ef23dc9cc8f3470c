"""Exercise 6: sum the hidden units out (refh_numpy, H2 and H3; three lines).

    H2    E(u, x, y) = -x'W_u u - x'W_y y - b_x'x - b_u'u - b_y'y,      each x_j is 0 or 1

The free energy is F(u, y) = -log sum_x exp(-E(u, x, y)): a sum over 2^n_x states. Given u and y,
however, each x_j appears in a term of its own in E. The sum of products is then a product of sums.
Write F (H3) without a sum over states. log(1 + e^a) is called softplus; np.logaddexp(0, a) never
overflows.

The check adds up all states. For weights so large that a single state dominates, it knows F in
closed form. (Why must the same W_u serve in P3 and in P4? Because p(x | u, y) and p(u | x) both
follow from E, and E has only one.)
"""

from itertools import product

import numpy as np

from examples.exercises._answers import same, small_harmonium


def free_energy(u, y, W_u, W_y, b_x, b_u, b_y):
    """F(u, y).

    Parameters
    ----------
    u, y : (n, n_u) and (n, n_y), binary
    W_u, W_y : (n_x, n_u) and (n_x, n_y)
    b_x, b_u, b_y : (n_x,), (n_u,) and (n_y,)

    Returns
    -------
    (n,)
    """
    raise NotImplementedError


def check(answer):
    """Against the sum over all states of x."""
    p = small_harmonium()
    rng = np.random.default_rng(1)
    u, y = (rng.integers(2, size=(5, n)).astype(float) for n in (3, 2))
    total = np.zeros(5)
    for x in product((0.0, 1.0), repeat=4):
        x = np.array(x)
        total += np.exp(x @ p.W_u @ u.T + x @ p.W_y @ y.T + p.b_x @ x + u @ p.b_u + y @ p.b_y)
    same("F(u, y)", answer(u, y, p.W_u, p.W_y, p.b_x, p.b_u, p.b_y), -np.log(total))
    a = 1000 * (u @ p.W_u.T + y @ p.W_y.T + p.b_x)
    with np.errstate(over="ignore"):
        far = answer(u, y, 1000 * p.W_u, 1000 * p.W_y, 1000 * p.b_x, p.b_u, p.b_y)
    expected = -np.maximum(a, 0).sum(1) - u @ p.b_u - y @ p.b_y
    same("F(u, y) for large weights", far, expected)
