"""Exercise 6: sum the hidden units out.                                       (refh_numpy, D16 and D17; three lines)

    D16   E(u, x, y) = -x'W_u u - x'W_y y - b_x'x - b_u'u - b_y'y,      each x_j is 0 or 1

The free energy is F(u, y) = -log sum_x exp(-E(u, x, y)): a sum over 2^n_x states. But given u and y, each x_j stands alone in E, so
that the sum of products is a product of sums. Write F without a sum over states. (log(1 + e^a) is called softplus; np.logaddexp(0, a)
never overflows.)

The check adds up all states; where weights are so large that no state but one counts, it knows F without. (Why must one matrix W_u
serve in both directions, in P3 and in P4? Because p(x | u, y) and p(u | x) both follow from E, and E has but one.)
"""
from itertools import product

import numpy as np

from examples.exercises._right import same, small_harmonium


def free_energy(u, y, W_u, W_y, b_x, b_u, b_y):
    """F(u, y) (n,), from u (n, n_u) and y (n, n_y)"""
    raise NotImplementedError


def check(answer):
    p = small_harmonium()
    rng = np.random.default_rng(1)
    u, y = rng.integers(2, size=(5, 3)).astype(float), rng.integers(2, size=(5, 2)).astype(float)
    total = np.zeros(5)
    for x in product((0.0, 1.0), repeat=4):
        x = np.array(x)
        total += np.exp(x @ p.W_u @ u.T + x @ p.W_y @ y.T + p.b_x @ x + u @ p.b_u + y @ p.b_y)
    same("F(u, y)", answer(u, y, p.W_u, p.W_y, p.b_x, p.b_u, p.b_y), -np.log(total))
    a = 1000 * (u @ p.W_u.T + y @ p.W_y.T + p.b_x)
    with np.errstate(over="ignore"):
        far = answer(u, y, 1000 * p.W_u, 1000 * p.W_y, 1000 * p.b_x, p.b_u, p.b_y)
    same("F(u, y) for large weights", far, -np.maximum(a, 0).sum(1) - u @ p.b_u - y @ p.b_y)
