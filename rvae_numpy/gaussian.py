"""Diagonal Gaussians, and counts: log densities, KL, the reparameterised sample, and their derivatives by hand.

    D26   log N(v; mu, sigma^2 I)   = -|v - mu|^2 / 2 sigma^2 - n log sigma - n/2 log 2 pi
    D27   KL(N(nu, e^l) || N(m, e^k)) = 1/2 sum (k - l + (e^l + (nu - m)^2) e^-k - 1)      l, k: log variances
    D28   x = nu + e^{l/2} eps,   eps ~ N(0, I)                                             (Kingma and Welling 2014)
    D29   log Pois(y; e^eta)        = sum y eta - e^eta - log y!

Each function of a density returns its value frame by frame, (n,); each `d_` function, the derivatives that the backward
pass needs. sigma is always a standard deviation; variances are kept as logarithms.
"""
import numpy as np
from scipy.special import gammaln


def log_density(v, mu, sigma):
    """log N(v; mu, sigma^2 I), (n,): v, mu (n, d), sigma a number                                             [D26]"""
    d = v.shape[-1]
    return -np.sum((v - mu) ** 2, -1) / (2 * sigma**2) - d * (np.log(sigma) + 0.5 * np.log(2 * np.pi))


def d_log_density(v, mu, sigma):
    """Its derivative with respect to mu, (n, d); with respect to v it is the opposite"""
    return (v - mu) / sigma**2


def kl(nu, log_upsilon, m, log_k):
    """KL(N(nu, e^log_upsilon) || N(m, e^log_k)), (n,): all (n, d)                                            [D27]"""
    return 0.5 * np.sum(log_k - log_upsilon + (np.exp(log_upsilon) + (nu - m) ** 2) * np.exp(-log_k) - 1, -1)


def d_kl(nu, log_upsilon, m, log_k):
    """Its derivatives with respect to nu, log_upsilon, m and log_k, each (n, d)"""
    d_nu = (nu - m) * np.exp(-log_k)
    ratio = np.exp(log_upsilon - log_k)
    return d_nu, 0.5 * (ratio - 1), -d_nu, 0.5 * (1 - ratio - (nu - m) * d_nu)


def reparameterise(nu, log_upsilon, eps):
    """A sample of N(nu, e^log_upsilon), made of eps ~ N(0, I): all (n, d)                                      [D28]"""
    return nu + np.exp(0.5 * log_upsilon) * eps


def d_reparameterise(d_x, log_upsilon, eps):
    """dL/dnu and dL/dlog_upsilon, by way of the sample, from d_x = dL/dx"""
    return d_x, d_x * 0.5 * np.exp(0.5 * log_upsilon) * eps


def sampler(mean, covariance):
    """rng -> a draw from N(mean, covariance) for each frame, (n, n_x); mean (n, n_x), covariance (n, n_x, n_x)

    For many draws of the same: the covariances are factorised once.
    """
    root = np.linalg.cholesky(covariance)
    return lambda rng: mean + np.einsum("nij,nj->ni", root, rng.standard_normal(mean.shape, dtype=mean.dtype))


def poisson_log_likelihood(y, eta):
    """log Pois(y; e^eta), summed over units, (n,): y, eta (n, d)                                               [D29]"""
    return np.sum(y * eta - np.exp(eta) - gammaln(y + 1), -1)


def d_poisson_log_likelihood(y, eta):
    """Its derivative with respect to eta, (n, d)"""
    return y - np.exp(eta)
