import numpy as np


def bptt(dl_du, u, W_u):
    T = len(u)
    d_a = np.zeros_like(u)
    for t in range(T - 2, -1, -1):
        d_u = dl_du[t + 1] + W_u.T @ d_a[t + 1]
        d_a[t] = d_u * u[t] * (1 - u[t])
    return d_a
