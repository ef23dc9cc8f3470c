"""du_t/du_{t-1} is the right block of N, whatever y_t is: a change of the state moves the next
state by the same amount for every observation. If [y, u] went through a tanh together, the
derivative would contain 1 - tanh^2 of both, and the effect of u would depend on y.

Students get wrong: [u, e] in the place of [e, u]; tanh over both; u_0 used at every step.
"""

import numpy as np


def recognise(y, u_0, V, d, N, c):
    encoded = np.tanh(y @ V.T + d)
    u, states = u_0, []
    for t in range(y.shape[1]):
        u = np.concatenate([encoded[:, t], u], axis=1) @ N.T + c
        states.append(u)
    return np.stack(states, axis=1)
