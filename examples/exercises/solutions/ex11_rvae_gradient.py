"""If u were not data, BPTT would begin at d_u_hat: dL/du = (u - W x - b) / sigma_u^2, plus
what comes through nu and log_upsilon, which depend on u as well. The rVAE drops both.

Students get wrong: sigma for sigma^2; the factor 1/2 from exp(log_upsilon / 2); the part of the KL
divergence.
"""

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
