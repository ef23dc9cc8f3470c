"""E_q[(x - mu)^2] = exp(log_upsilon) + (nu - mu)^2, and E_q[(x - nu)^2] / exp(log_upsilon) = 1.
So KL = 1/2 sum(log_var - log_upsilon + (exp(log_upsilon) + (nu - mu)^2) / exp(log_var) - 1).

Students get wrong: p and q exchanged; variances taken for standard deviations; -1 forgotten.
"""

import numpy as np


def kl(nu, log_upsilon, mu, log_var):
    second_moment = np.exp(log_upsilon) + (nu - mu) ** 2
    return 0.5 * np.sum(log_var - log_upsilon + second_moment * np.exp(-log_var) - 1, axis=1)
