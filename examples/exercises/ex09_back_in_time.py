"""Exercise 9: what the local rules leave out.                                 (refh_numpy, D20; about six lines)

The state u_t = sigma(a_t), a_t = W_u u_{t-1} + W_y y_t + b_x, is judged once, at step t + 1, where the log likelihood l_{t+1} has the
slope dl_{t+1}/du_t; and it is used once, to make u_{t+1}. Backprop through time goes back from the end:

    D20   dL/du_t = dl_{t+1}/du_t + W_u' dL/da_{t+1},          dL/da_t = dL/du_t * u_t (1 - u_t)

Nothing comes after the last step: dL/du_T = 0. Return dL/da_t for every t. (The rEFH and the TRBM do without all this. That is the
poster.)
"""
import numpy as np

from examples.exercises._right import same, slopes


def back_in_time(slope, u, W_u):
    """dL/da (T, n) from u (T, n), the states u_1 .. u_T, and slope (T, n): slope[t] = dl/du of the state that *enters* step
    t, so that slope[0] is about u_0, which depends on nothing, and u[t] enters step t + 1"""
    raise NotImplementedError


def check(answer):
    """Against central differences of L(a_1 .. a_T) = sum_t slope_t u_{t-1}, with a little added to each a_t"""
    rng = np.random.default_rng(0)
    T, n = 6, 3
    W_u, drive, u_0, slope = rng.standard_normal((n, n)), rng.standard_normal((T, n)), rng.random(n), rng.standard_normal((T, n))

    def states(added):
        u, past = [], u_0
        for t in range(T):
            past = 1 / (1 + np.exp(-(W_u @ past + drive[t] + added[t])))
            u.append(past)
        return np.array(u)

    def L(added):
        return np.sum(slope[1:] * states(added)[:-1])

    nothing = np.zeros((T, n))
    same("dL/da", answer(slope, states(nothing), W_u), slopes(L, nothing), 1e-6)
