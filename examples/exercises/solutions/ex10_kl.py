import numpy as np


def kl(nu, log_upsilon, mu, log_var):
    second_moment = np.exp(log_upsilon) + (nu - mu) ** 2
    return 0.5 * np.sum(log_var - log_upsilon + second_moment * np.exp(-log_var) - 1, axis=1)
