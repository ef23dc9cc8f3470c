"""Exercise 8: contrastive divergence, by hand.                                (refh_numpy, poster P6; a page)

    P6    dL/dtheta ~= E[-dE/dtheta](x, Y, U) - E[-dE/dtheta](x, y_hat, u_hat)

with E of exercise 6. The positive phase has the data, u and y, and the *means* of x given them. The negative phase starts from a
*sample* of x given the data, and redraws (u, y) and x by turns, k times (exercise 7); the last x are means again. Both are averaged
over frames.

    -dE/dW_u = x u',   -dE/dW_y = x y',   -dE/db_x = x,   -dE/db_u = u,   -dE/db_y = y

clamp_u=False learns the joint of u and y (the rEFH), clamp_u=True learns y given u (the TRBM). What must the gradient of b_u be then?
"""
import numpy as np

from examples.exercises._right import parts, same
from examples.exercises.ex05_hidden_mean import small_harmonium
from refh_numpy import exact

NAMES = ("dW_u", "dW_y", "db_x", "db_u", "db_y")


def cd_k(u, y, W_u, W_y, b_x, b_u, b_y, k, clamp_u, rng):
    """dW_u, dW_y, db_x, db_u, db_y: CD-k's gradient of the log likelihood, from binary u (n, n_u) and y (n, n_y)"""
    raise NotImplementedError


def check(answer):
    """One frame, many times over: the average over chains is what each step of the chain expects, which can be enumerated."""
    p = small_harmonium(n_x=3, n_u=2, n_y=2)
    n = 100_000
    u, y = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    for clamp_u in (False, True):
        for k in (1, 3):
            got = parts("cd_k", answer(np.tile(u, (n, 1)), np.tile(y, (n, 1)), p.W_u, p.W_y, p.b_x, p.b_u, p.b_y, k, clamp_u,
                                       np.random.default_rng(k)), NAMES)
            for name, mine, wanted in zip(NAMES, got, expected(p, u, y, k, clamp_u)):
                scale = max(np.abs(wanted).max(), 0.05)
                same(f"{name} (k = {k}, clamp_u = {clamp_u})", np.asarray(mine, float) / scale, wanted / scale, 0.02)


def expected(p, u, y, k, clamp_u):
    """What CD-k makes of this one frame on average: the transition matrix of the chain over (u, y), k times"""
    states = exact.enumerate_states(p)
    x_given = sigmoid(states.u @ p.W_u.T + states.y @ p.W_y.T + p.b_x)
    hidden = np.array(np.meshgrid(*[[0.0, 1.0]] * len(p.b_x), indexing="ij")).reshape(len(p.b_x), -1).T
    to_hidden = bernoulli(x_given, hidden)                                          # (n_states, n_hidden)
    u_given, y_given = sigmoid(hidden @ p.W_u + p.b_u), sigmoid(hidden @ p.W_y + p.b_y)
    to_y = bernoulli(y_given, states.y)
    same_u = (states.u[:, None] == states.u).all(-1)
    if clamp_u:
        transition = (to_hidden @ to_y) * same_u
    else:
        transition = to_hidden @ (to_y * bernoulli(u_given, states.u))
    at = np.flatnonzero((states.u == u).all(1) & (states.y == y).all(1))[0]
    after = np.linalg.matrix_power(transition, k)[at]

    def mean(weights):
        return [np.einsum("s,si,sj->ij", weights, x_given, states.u), np.einsum("s,si,sj->ij", weights, x_given, states.y),
                weights @ x_given, weights @ states.u, weights @ states.y]

    return [a - b for a, b in zip(mean(np.eye(len(after))[at]), mean(after))]


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def bernoulli(mean, states):
    """p(state | mean) (n_means, n_states), of independent units: mean (n_means, n), states (n_states, n)"""
    return np.prod(np.where(states[None] == 1, mean[:, None], 1 - mean[:, None]), axis=-1)
