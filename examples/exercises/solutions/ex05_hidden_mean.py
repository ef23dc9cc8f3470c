import numpy as np


def hidden_mean(u, y, W_u, W_y, b_x):
    return 1 / (1 + np.exp(-(u @ W_u.T + y @ W_y.T + b_x)))
