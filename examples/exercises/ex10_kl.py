"""Exercise 10: the KL divergence of two normal distributions.

Minutes: 25. Lines: 2. Before: chapter 4, V5.

    V5    KL(q || p) = E_q[log q - log p],      q = N(nu, exp(log_upsilon)),
                                                p = N(mu, exp(log_var))

Both are diagonal. To derive it, use that E_q of a square is its variance plus the square of its
mean; the constants cancel. Sum over dimensions. The rVAE needs it for p = N(0, I) (the poster's
P8), the TVAE for a p that depends on u.
"""

import numpy as np


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
