import numpy as np


def cd_k(u, y, W_u, W_y, b_x, b_u, b_y, k, clamp_u, rng):
    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def sample(mean):
        return (rng.random(mean.shape) < mean).astype(float)

    x = x_mean = sigmoid(u @ W_u.T + y @ W_y.T + b_x)
    u_hat = u
    for _ in range(k):
        x_sample = sample(x)
        if not clamp_u:
            u_hat = sample(sigmoid(x_sample @ W_u + b_u))
        y_hat = sample(sigmoid(x_sample @ W_y + b_y))
        x = sigmoid(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
    n = len(u)
    return (
        (x_mean.T @ u - x.T @ u_hat) / n,
        (x_mean.T @ y - x.T @ y_hat) / n,
        (x_mean - x).mean(0),
        (u - u_hat).mean(0),
        (y - y_hat).mean(0),
    )
