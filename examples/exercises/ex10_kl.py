"""Exercise 10: the KL divergence of two normal distributions (rvae_numpy, V5; two lines).

    V5    KL(q || p) = E_q[log q - log p],      q = N(nu, exp(log_upsilon)),
                                                p = N(mu, exp(log_var))

Both are diagonal. To derive it, use that E_q of a square is its variance plus the square of its
mean; the constants cancel. Sum over dimensions. The rVAE needs it for p = N(0, I) (the poster's
P8), the TVAE for a p that depends on u.
"""

import numpy as np

from examples.exercises._answers import same


def kl(nu, log_upsilon, mu, log_var):
    """KL(N(nu, exp(log_upsilon)) || N(mu, exp(log_var))).

    Parameters
    ----------
    nu, log_upsilon, mu, log_var : (n, d)

    Returns
    -------
    (n,)
    """
    raise NotImplementedError


def check(answer):
    """Against known cases and Gauss-Hermite quadrature, which is exact for these integrands."""
    rng = np.random.default_rng(0)
    nu, log_upsilon, mu, log_var = rng.standard_normal((4, 5, 3))
    same(
        "KL of a normal distribution from itself",
        answer(nu, log_upsilon, nu, log_upsilon),
        np.zeros(5),
    )
    same(
        "KL(N(1, 1) || N(0, 1))", answer(*(np.full((1, 1), v) for v in (1.0, 0.0, 0.0, 0.0))), [0.5]
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    x = nu[..., None] + np.exp(log_upsilon / 2)[..., None] * nodes
    log_q = -(nodes**2) / 2 - log_upsilon[..., None] / 2
    log_p = -((x - mu[..., None]) ** 2) * np.exp(-log_var)[..., None] / 2 - log_var[..., None] / 2
    expected = ((log_q - log_p) @ weights / weights.sum()).sum(-1)
    same("KL", answer(nu, log_upsilon, mu, log_var), expected)
