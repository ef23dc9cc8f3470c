"""Diagonal Gaussians and counts: log densities, KL, the reparameterised sample, and derivatives.

    V4   log N(v; mu, sigma^2 I)   = -|v - mu|^2 / 2 sigma^2 - d log sigma - d/2 log 2 pi
         (a sigma per dimension: sum_i -(v_i - mu_i)^2 / 2 sigma_i^2 - log sigma_i - 1/2 log 2 pi)
    V5   KL(N(nu, e^l) || N(m, e^k)) = 1/2 sum (k - l + (e^l + (nu - m)^2) e^-k - 1)
    V6   x = nu + e^{l/2} eps,   eps ~ N(0, I)                        (Kingma and Welling 2014)
    V7   log Pois(y; e^eta)        = sum y eta - e^eta - log y!

l and k are log variances. A density returns one value per time step, (n,). The `d_` functions
return the derivatives that the backward pass needs. sigma is always a standard deviation.

Shapes: v, mu, nu, l, m, k, x, y, eta (n, d).

The functions of this module do not check their arguments.
"""

import numpy as np
from scipy.special import gammaln


def log_density(v, mu, sigma):
    """log N(v; mu, sigma^2 I), (n,), for a number sigma, or for sigmas (d,) (V4)."""
    d = v.shape[-1]
    log_sigmas = np.sum(np.log(sigma) * np.ones(d))
    return -0.5 * np.sum(((v - mu) / sigma) ** 2, -1) - (log_sigmas + 0.5 * d * np.log(2 * np.pi))


def d_log_density(v, mu, sigma):
    """Its derivative with respect to mu, (n, d); with respect to v it has the opposite sign."""
    return (v - mu) / sigma**2


def kl(nu, log_upsilon, m, log_k):
    """KL(N(nu, e^log_upsilon) || N(m, e^log_k)), (n,) (V5)."""
    return 0.5 * np.sum(
        log_k - log_upsilon + (np.exp(log_upsilon) + (nu - m) ** 2) * np.exp(-log_k) - 1, -1
    )


def d_kl(nu, log_upsilon, m, log_k):
    """Its derivatives with respect to nu, log_upsilon, m and log_k, each (n, d)."""
    d_nu = (nu - m) * np.exp(-log_k)
    ratio = np.exp(log_upsilon - log_k)
    return d_nu, 0.5 * (ratio - 1), -d_nu, 0.5 * (1 - ratio - (nu - m) * d_nu)


def reparameterise(nu, log_upsilon, eps):
    """A sample of N(nu, e^log_upsilon), (n, d), made of eps ~ N(0, I), (n, d) (V6)."""
    return nu + np.exp(0.5 * log_upsilon) * eps


def d_reparameterise(d_x, log_upsilon, eps):
    """dL/dnu and dL/dlog_upsilon through the sample, from d_x = dL/dx, all (n, d)."""
    return d_x, d_x * 0.5 * np.exp(0.5 * log_upsilon) * eps


def sampler(mean, covariance):
    """A function rng -> one sample of N(mean, covariance) per time step, (n, d).

    mean : (n, d);  covariance : (n, d, d), factorised once for any number of samples
    """
    root = np.linalg.cholesky(covariance)
    return lambda rng: (
        mean + np.einsum("nij,nj->ni", root, rng.standard_normal(mean.shape, dtype=mean.dtype))
    )


def poisson_log_likelihood(y, eta):
    """log Pois(y; e^eta), summed over units, (n,) (V7)."""
    return np.sum(y * eta - np.exp(eta) - gammaln(y + 1), -1)


def d_poisson_log_likelihood(y, eta):
    """Its derivative with respect to eta, (n, d)."""
    return y - np.exp(eta)
