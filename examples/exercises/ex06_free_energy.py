"""Exercise 6: the free energy of a harmonium.

Minutes: 25. Lines: 3. Before: chapter 3, H2 and H3; exercise 5.

    H2    E(u, x, y) = -x'W_u u - x'W_y y - b_x'x - b_u'u - b_y'y,      each x_j is 0 or 1

The free energy is F(u, y) = -log sum_x exp(-E(u, x, y)): a sum over 2^n_x states. Given u and y,
however, each x_j appears in a term of its own in E. The sum of products is then a product of sums.
Write F (H3) without a sum over states. log(1 + e^a) is called softplus; np.logaddexp(0, a) never
overflows.

The check adds up all states. For weights so large that a single state dominates, it knows F in
closed form. (Why must the same W_u serve in P3 and in P4? Because p(x | u, y) and p(u | x) both
follow from E, and E has only one.)
"""

import numpy as np


def free_energy(u, y, W_u, W_y, b_x, b_u, b_y):
    """F(u, y).

    Parameters
    ----------
    u, y : (n, n_u) and (n, n_y), in [0, 1]
    W_u, W_y : (n_x, n_u) and (n_x, n_y)
    b_x, b_u, b_y : (n_x,), (n_u,) and (n_y,)

    Returns
    -------
    (n,)
    """
    raise NotImplementedError
