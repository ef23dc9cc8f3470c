"""Check of exercise 10."""

import numpy as np

from examples.exercises._answers import expect
from examples.tools import plots


def divergence(nu, log_upsilon, mu, log_var, half=0.5, one=1.0, ratio=1.0, mean=1.0):
    """KL, with a mistake in one place"""
    terms = (
        ratio * (log_var - log_upsilon)
        + (np.exp(log_upsilon) + mean * (nu - mu) ** 2) * np.exp(-log_var)
        - one
    )
    return half * terms.sum(1)


MISTAKES = [
    (
        "this is KL(p || q): the two distributions are exchanged",
        lambda nu, log_upsilon, mu, log_var: divergence(mu, log_var, nu, log_upsilon),
    ),
    (
        "log_upsilon and log_var are logarithms of variances, not of standard deviations",
        lambda nu, log_upsilon, mu, log_var: divergence(nu, 2 * log_upsilon, mu, 2 * log_var),
    ),
    ("the factor 1/2 is missing", lambda *a: divergence(*a, half=1)),
    ("-1 per dimension is missing", lambda *a: divergence(*a, one=0)),
    (
        "the logarithm of the ratio of variances has the opposite sign",
        lambda *a: divergence(*a, ratio=-1),
    ),
    ("the logarithm of the ratio of variances is missing", lambda *a: divergence(*a, ratio=0)),
    ("the squared difference of the means is missing", lambda *a: divergence(*a, mean=0)),
    ("the squared difference of the means is subtracted", lambda *a: divergence(*a, mean=-1)),
    (
        "the variance of p multiplies; it must divide",
        lambda nu, log_upsilon, mu, log_var: (
            0.5
            * np.sum(
                log_var
                - log_upsilon
                - 1
                + (np.exp(log_upsilon) + (nu - mu) ** 2) * np.exp(log_var),
                1,
            )
        ),
    ),
    (
        "p is not N(0, I): mu and log_var are ignored",
        lambda nu, log_upsilon, mu, log_var: divergence(nu, log_upsilon, 0 * mu, 0 * log_var),
    ),
    (
        "the squared difference of the means is not divided by the variance of p",
        lambda nu, log_upsilon, mu, log_var: (
            0.5
            * np.sum(log_var - log_upsilon - 1 + np.exp(log_upsilon - log_var) + (nu - mu) ** 2, 1)
        ),
    ),
    (
        "the difference of the means is not squared",
        lambda nu, log_upsilon, mu, log_var: (
            0.5
            * np.sum(
                log_var
                - log_upsilon
                - 1
                + (np.exp(log_upsilon) + np.abs(nu - mu)) * np.exp(-log_var),
                1,
            )
        ),
    ),
    (
        "a mean over the dimensions in the place of the sum",
        lambda *a: divergence(*a) / a[0].shape[1],
    ),
    (
        "the standard deviation of p divides; its variance must",
        lambda nu, log_upsilon, mu, log_var: (
            0.5
            * (
                log_var
                - log_upsilon
                + (np.exp(log_upsilon) + (nu - mu) ** 2) / np.exp(log_var / 2)
                - 1
            ).sum(1)
        ),
    ),
]


def check(answer):
    """Against Gauss-Hermite quadrature, which is exact for these integrands, and known cases."""
    rng = np.random.default_rng(0)
    nu, log_upsilon, mu, log_var = rng.standard_normal((4, 5, 3))
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    x = nu[..., None] + np.exp(log_upsilon / 2)[..., None] * nodes
    log_q = -(nodes**2) / 2 - log_upsilon[..., None] / 2
    log_p = -((x - mu[..., None]) ** 2) * np.exp(-log_var)[..., None] / 2 - log_var[..., None] / 2
    expected = ((log_q - log_p) @ weights / weights.sum()).sum(-1)
    expect("KL", answer, (nu, log_upsilon, mu, log_var), expected, MISTAKES)
    itself = nu, log_upsilon, nu, log_upsilon
    expect("KL of a normal distribution from itself", answer, itself, np.zeros(5), MISTAKES)
    one = [np.full((1, 1), value) for value in (1.0, 0.0, 0.0, 0.0)]
    expect("KL(N(1, 1) || N(0, 1))", answer, one, [0.5], MISTAKES)


LOOK = (
    "Each curve has its minimum at nu = 0, and only a variance of 1 reaches 0 there. A narrow q "
    "has a high price at any nu: what q says more precisely than the prior costs nats."
)


def picture(answer):
    """The price of a posterior: its divergence from the prior N(0, 1)."""
    nu = np.linspace(-3, 3, 61)[:, None]
    figure = plots.figure(6, 3.5)
    axis = figure.subplots()
    for variance in (0.01, 0.1, 1.0, 3.0):
        log_upsilon = np.full_like(nu, np.log(variance))
        axis.plot(nu, answer(nu.copy(), log_upsilon, 0 * nu, 0 * nu), label=f"{variance:g}")
    axis.set(xlabel="nu, mean of q", ylabel="your KL(q || N(0, 1)), nats", ylim=(0, 8))
    axis.legend(title="variance of q")
    return figure
