"""Exercise 10: how far is one normal from another?                            (rvae_numpy, D27; one line)

    KL(q || p) = E_q[log q - log p],      q = N(nu, exp(l)),   p = N(m, exp(k)),   both diagonal: l and k are logarithms of variances

Derive it: E_q of a square is its variance plus the square of its mean; the constants cancel. Sum over dimensions.
The rVAE needs it for p = N(0, I) (the poster's P8), the TVAE for a p that depends on u.
"""
import numpy as np

from examples.exercises._right import same


def kl(nu, l, m, k):
    """KL (n,), from nu, l, m, k (n, d)"""
    raise NotImplementedError


def check(answer):
    rng = np.random.default_rng(0)
    nu, l, m, k = rng.standard_normal((4, 5, 3))
    same("KL of a normal from itself", answer(nu, l, nu, l), np.zeros(5))
    same("KL(N(1, 1) || N(0, 1))", answer(*(np.full((1, 1), v) for v in (1.0, 0.0, 0.0, 0.0))), [0.5])
    # by Gauss-Hermite quadrature, dimension by dimension, exact for these integrands
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    x = nu[..., None] + np.exp(l / 2)[..., None] * nodes
    log_ratio = (-(nodes**2) / 2 - l[..., None] / 2) - (-((x - m[..., None]) ** 2) * np.exp(-k)[..., None] / 2 - k[..., None] / 2)
    same("KL", answer(nu, l, m, k), (log_ratio @ weights / weights.sum()).sum(-1))
