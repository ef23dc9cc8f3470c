"""If u is clamped, it is the same in both phases, so that the gradient of b_u is exactly 0.
b_u cancels in p(y | u) too: it is a factor that does not depend on y.

Students get wrong: the sign (P6 is the gradient of a loss, to be subtracted); the chain started
from means; products of averages; x of the data paired with u_hat.
"""

import numpy as np


def cd_k(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def sample(mean):
        return (rng.random(mean.shape) < mean).astype(float)

    x = x_mean = sigmoid(u @ W_u.T + y @ W_y.T + b_x)
    u_hat = u
    for _ in range(n_sweeps):
        x_sample = sample(x)
        if not clamped:
            u_hat = sample(sigmoid(x_sample @ W_u + b_u))
        y_hat = sample(sigmoid(x_sample @ W_y + b_y))
        x = sigmoid(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
    n = len(u)
    return (
        (x.T @ u_hat - x_mean.T @ u) / n,
        (x.T @ y_hat - x_mean.T @ y) / n,
        (x - x_mean).mean(0),
        (u_hat - u).mean(0),
        (y_hat - y).mean(0),
    )
