"""The local rule keeps dl_{t+1}/du_t out of the gradient altogether: for it, dL/da = 0 here.
BPTT needs all states of the window, W_u' in a sweep backward in time, and the end of the window
before the first gradient is known.

Students get wrong: W_u for W_u'; dl_du[t] for dl_du[t + 1]; a gradient at the last step.
"""

import numpy as np


def bptt(dl_du, u, W_u):
    T = len(u)
    d_a = np.zeros_like(u)
    for t in range(T - 2, -1, -1):
        d_u = dl_du[t + 1] + W_u.T @ d_a[t + 1]
        d_a[t] = d_u * u[t] * (1 - u[t])
    return d_a
