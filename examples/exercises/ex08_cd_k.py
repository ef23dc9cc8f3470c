"""Exercise 8: contrastive divergence, by hand (refh_numpy, poster P6; a page).

    P6    dL/dtheta ~= E[-dE/dtheta](x, Y, U) - E[-dE/dtheta](x, y_hat, u_hat)

E is the energy of exercise 6. The positive phase uses the data u and y, and the *means* of x given
them. The negative phase starts from a *sample* of x given the data. It then resamples (u, y) and x
alternately, k times (exercise 7). The last x are means again: their average is that of samples,
with less noise. Both phases are averaged over the n examples.

    -dE/dW_u = x u',   -dE/dW_y = x y',   -dE/db_x = x,   -dE/db_u = u,   -dE/db_y = y

clamp_u=False learns the joint of u and y (the rEFH); clamp_u=True learns y given u (the TRBM).
What must the gradient of b_u be in the second case?
"""

import numpy as np

from examples.exercises._answers import parts, same, small_harmonium
from refh_numpy import exact

NAMES = ("dW_u", "dW_y", "db_x", "db_u", "db_y")


def cd_k(u, y, W_u, W_y, b_x, b_u, b_y, k, clamp_u, rng):
    """CD-k's estimate of the gradient of the log likelihood.

    Parameters
    ----------
    u, y : (n, n_u) and (n, n_y), binary
    W_u, W_y : (n_x, n_u) and (n_x, n_y)
    b_x, b_u, b_y : (n_x,), (n_u,) and (n_y,)
    k : number of sweeps
    clamp_u : bool
    rng : numpy.random.Generator

    Returns
    -------
    dW_u, dW_y, db_x, db_u, db_y
    """
    raise NotImplementedError


def check(answer):
    """Averaged over many chains, against the expectation of each step, by enumeration."""
    p = small_harmonium(n_x=3, n_u=2, n_y=2)
    u, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 1.0]])
    many = (60_000, 1)
    for clamp_u in (False, True):
        for k in (1, 3):
            result = answer(
                np.tile(u, many),
                np.tile(y, many),
                p.W_u,
                p.W_y,
                p.b_x,
                p.b_u,
                p.b_y,
                k,
                clamp_u,
                np.random.default_rng(k),
            )
            got = parts("cd_k", result, NAMES)
            # the package minimises, and its gradient has the other sign
            loss = exact.cd_expectation(p, u, y, k, clamped=int(clamp_u))
            expected = loss.map(np.negative).leaves()
            for name, mine in zip(NAMES, got, strict=True):
                same(f"{name} (k = {k}, clamp_u = {clamp_u})", mine, expected[name[1:]], 0.05)
