import numpy as np


def rvae_gradient(W, b, V, c, nu, log_upsilon, u, y, eps, sigma_u, sigma_y):
    scale = np.exp(log_upsilon / 2)
    x = nu + scale * eps
    d_u_hat = (x @ W.T + b - u) / sigma_u**2
    d_y_hat = (x @ V.T + c - y) / sigma_y**2
    d_x = d_u_hat @ W + d_y_hat @ V
    d_nu = d_x + nu
    d_log_upsilon = d_x * eps * scale / 2 + (scale**2 - 1) / 2
    return d_u_hat.T @ x, d_u_hat.sum(0), d_y_hat.T @ x, d_y_hat.sum(0), d_nu, d_log_upsilon
