"""Exercise 8: contrastive divergence, by hand.                                (refh_numpy, poster P6; a page)

    P6    dL/dtheta ~= E[-dE/dtheta](x, Y, U) - E[-dE/dtheta](x, y_hat, u_hat)

with E of exercise 6. The positive phase has the data, u and y, and the *means* of x given them. The negative phase starts from a
*sample* of x given the data, and redraws (u, y) and x by turns, k times (exercise 7); the last x are means again (they are as right as
samples on average, and less noisy). Both are averaged over frames.

    -dE/dW_u = x u',   -dE/dW_y = x y',   -dE/db_x = x,   -dE/db_u = u,   -dE/db_y = y

clamp_u=False learns the joint of u and y (the rEFH), clamp_u=True learns y given u (the TRBM). What must the gradient of b_u be then?
"""
import numpy as np

from examples.exercises._right import parts, same, small_harmonium
from refh_numpy import exact

NAMES = ("dW_u", "dW_y", "db_x", "db_u", "db_y")


def cd_k(u, y, W_u, W_y, b_x, b_u, b_y, k, clamp_u, rng):
    """dW_u, dW_y, db_x, db_u, db_y: CD-k's gradient of the log likelihood, from binary u (n, n_u) and y (n, n_y)"""
    raise NotImplementedError


def check(answer):
    """Two frames, many times over: the average over chains is what each step of the chain expects, which can be enumerated."""
    p = small_harmonium(n_x=3, n_u=2, n_y=2)
    u, y, many = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [1.0, 1.0]]), (60_000, 1)
    for clamp_u in (False, True):
        for k in (1, 3):
            got = parts("cd_k", answer(np.tile(u, many), np.tile(y, many), p.W_u, p.W_y, p.b_x, p.b_u, p.b_y, k, clamp_u,
                                       np.random.default_rng(k)), NAMES)
            wanted = exact.cd_expectation(p, u, y, k, clamp_u=clamp_u).leaves()
            for name, mine in zip(NAMES, got):
                same(f"{name} (k = {k}, clamp_u = {clamp_u})", mine, wanted[name[1:]], 0.05)
