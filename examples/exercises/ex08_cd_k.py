"""Exercise 8: contrastive divergence, by hand.

Minutes: 60. Lines: 15. Before: chapter 3, P6; exercises 5 and 7.

    P6    dL/dtheta ~= E[dE/dtheta](x, Y, U) - E[dE/dtheta](x, y_hat, u_hat)

E is the energy of chapter 3 (H2), and L is a loss, which learning lowers: minus the log likelihood.
The positive phase, the first term, uses the data u and y, and the *means* of x given them. The
negative phase starts from a *sample* of x given the data. It then resamples (u, y) and x
alternately, in n_sweeps sweeps (exercise 7). The last x are means again: their average is that of
samples, with less noise. Both phases are averaged over the n examples.

    dE/dW_u = -x u',   dE/dW_y = -x y',   dE/db_x = -x,   dE/db_u = -u,   dE/db_y = -y

clamped=False learns the joint of u and y (the rEFH); clamped=True learns y given u (the TRBM). What
must the gradient of b_u be in the second case?
"""

import numpy as np


def cd_k(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    """CD-k's estimate of the gradient of the loss.

    Parameters
    ----------
    u, y : (n, n_u) and (n, n_y), in [0, 1]: probabilities or binary
    W_u, W_y : (n_x, n_u) and (n_x, n_y)
    b_x, b_u, b_y : (n_x,), (n_u,) and (n_y,)
    n_sweeps : at least 1
    clamped : bool
    rng : numpy.random.Generator

    Returns
    -------
    dW_u, dW_y, db_x, db_u, db_y
    """
    raise NotImplementedError
