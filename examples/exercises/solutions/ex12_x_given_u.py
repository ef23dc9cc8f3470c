import numpy as np


def x_given_u(u, W, b, sigma):
    cov = np.linalg.inv(np.eye(W.shape[1]) + W.T @ W / sigma**2)
    return (u - b) @ W @ cov / sigma**2, cov
