"""log p(x) + log p(u | x) = -x'(I + W'W / sigma^2) x / 2 + x'W'(u - b) / sigma^2 + constant.
The matrix is the precision, so the covariance is its inverse, and the mean is the covariance times
W'(u - b) / sigma^2.

Students get wrong: the precision returned as the covariance; sigma for sigma^2; b forgotten.
"""

import numpy as np


def x_given_u(u, W, b, sigma):
    cov = np.linalg.inv(np.eye(W.shape[1]) + W.T @ W / sigma**2)
    return (u - b) @ W @ cov / sigma**2, cov
