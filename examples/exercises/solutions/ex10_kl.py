import numpy as np


def kl(nu, l, m, k):
    return 0.5 * np.sum(k - l + (np.exp(l) + (nu - m) ** 2) * np.exp(-k) - 1, axis=1)
