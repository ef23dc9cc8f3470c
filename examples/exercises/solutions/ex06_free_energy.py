import numpy as np


def free_energy(u, y, W_u, W_y, b_x, b_u, b_y):
    a = u @ W_u.T + y @ W_y.T + b_x
    return -np.logaddexp(0, a).sum(1) - u @ b_u - y @ b_y
