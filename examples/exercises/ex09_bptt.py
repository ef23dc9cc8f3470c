"""Exercise 9: backpropagation through time (refh_numpy, H8; about six lines).

The state is u_t = sigma(a_t) with a_t = W_u u_{t-1} + W_y y_t + b_x. It enters step t + 1 twice:
as data of the log likelihood l_{t+1}, with the gradient dl_{t+1}/du_t, and as the input of u_{t+1}.
Backpropagation through time (BPTT) starts at the end:

    H8    dL/du_t = dl_{t+1}/du_t + W_u' dL/da_{t+1}
          dL/da_t = dL/du_t * u_t (1 - u_t)

Nothing follows the last step: dL/du_T = 0. Return dL/da_t for every t. (The local rules of rEFH
and TRBM leave all this out. That is the poster's proposal.)
"""

import numpy as np

from examples.exercises._answers import numerical_gradient, same


def bptt(dl_du, u, W_u):
    """dL/da_t for every t.

    Parameters
    ----------
    dl_du : (T, n); row t is dl/du of the state that *enters* step t. Row 0 is about u_0, which
        depends on no parameter; the state u[t] enters step t + 1
    u : (T, n) states u_1 .. u_T
    W_u : (n, n)

    Returns
    -------
    dL/da (T, n)
    """
    raise NotImplementedError


def check(answer):
    """Against central differences of L(a_1 .. a_T) = sum_t dl_du_t u_{t-1}, along each a_t."""
    rng = np.random.default_rng(0)
    T, n = 6, 3
    W_u, drive = rng.standard_normal((n, n)), rng.standard_normal((T, n))
    u_0, dl_du = rng.random(n), rng.standard_normal((T, n))

    def states(added):
        u, past = [], u_0
        for t in range(T):
            past = 1 / (1 + np.exp(-(W_u @ past + drive[t] + added[t])))
            u.append(past)
        return np.array(u)

    def L(added):
        return np.sum(dl_du[1:] * states(added)[:-1])

    nothing = np.zeros((T, n))
    same("dL/da", answer(dl_du, states(nothing), W_u), numerical_gradient(L, nothing), 1e-6)
