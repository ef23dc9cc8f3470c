"""Densities, KL, the reparameterised sample: against SciPy, sampling and central differences."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm, poisson

from rvae_numpy import gaussian
from tests.differences import assert_derivatives


@pytest.fixture
def case():
    values = np.random.default_rng(1).standard_normal((5, 4, 3))
    return dict(zip(("nu", "log_upsilon", "m", "log_k", "eps"), values, strict=True))


def test_log_density_with_a_sigma_per_dimension(case):
    nu, m = case["nu"], case["m"]
    sigma = np.linspace(0.3, 0.9, nu.shape[-1])
    np.testing.assert_allclose(
        gaussian.log_density(nu, m, sigma), norm.logpdf(nu, m, sigma).sum(-1)
    )
    np.testing.assert_allclose(gaussian.d_log_density(nu, m, sigma), (nu - m) / sigma**2)


def test_log_density_is_the_gaussians(case):
    nu, m = case["nu"], case["m"]
    expected = [
        multivariate_normal(mu, 0.7**2 * np.eye(3)).logpdf(v) for v, mu in zip(nu, m, strict=True)
    ]
    np.testing.assert_allclose(gaussian.log_density(nu, m, 0.7), expected)
    assert_derivatives(
        lambda: gaussian.log_density(nu, m, 0.7).sum(), [gaussian.d_log_density(nu, m, 0.7)], [m]
    )


def test_kl_agrees_with_sampling_and_is_zero_for_equal_densities(case):
    nu, log_u, m, log_k = (case[name][0] for name in ("nu", "log_upsilon", "m", "log_k"))
    rng = np.random.default_rng(2)
    x = nu + np.exp(log_u / 2) * rng.standard_normal((400_000, 3))
    q = multivariate_normal(nu, np.diag(np.exp(log_u)))
    p = multivariate_normal(m, np.diag(np.exp(log_k)))
    samples = q.logpdf(x) - p.logpdf(x)
    np.testing.assert_allclose(
        gaussian.kl(nu, log_u, m, log_k),
        samples.mean(),
        atol=5 * samples.std() / np.sqrt(len(samples)),
    )
    np.testing.assert_allclose(gaussian.kl(nu, log_u, nu, log_u), 0, atol=1e-12)


def test_kl_derivatives(case):
    arguments = [case[name] for name in ("nu", "log_upsilon", "m", "log_k")]
    assert_derivatives(lambda: gaussian.kl(*arguments).sum(), gaussian.d_kl(*arguments), arguments)


def test_reparameterised_samples_have_the_mean_and_the_variance(case):
    n = 200_000
    nu, log_u = case["nu"][0], case["log_upsilon"][0]
    x = gaussian.reparameterise(nu, log_u, np.random.default_rng(3).standard_normal((n, 3)))
    np.testing.assert_allclose(x.mean(0), nu, atol=5 * np.exp(log_u.max() / 2) / np.sqrt(n))
    np.testing.assert_allclose(x.var(0), np.exp(log_u), rtol=5 * np.sqrt(2 / n))


def test_reparameterisation_derivatives(case):
    nu, log_u, eps = (case[name] for name in ("nu", "log_upsilon", "eps"))
    d_x = np.cos(gaussian.reparameterise(nu, log_u, eps))
    assert_derivatives(
        lambda: np.sum(np.sin(gaussian.reparameterise(nu, log_u, eps))),
        gaussian.d_reparameterise(d_x, log_u, eps),
        (nu, log_u),
    )


def test_sampler_has_the_mean_and_the_covariance():
    mean, covariance = np.array([[1.0, -2.0]]), np.array([[[2.0, 0.6], [0.6, 0.5]]])
    n = 100_000
    sample = gaussian.sampler(np.tile(mean, (n, 1)), np.tile(covariance, (n, 1, 1)))
    x = sample(np.random.default_rng(0))
    np.testing.assert_allclose(x.mean(0), mean[0], atol=0.03)
    np.testing.assert_allclose(np.cov(x.T), covariance[0], atol=0.05)


def test_poisson_log_likelihood(case):
    eta = case["nu"]
    y = np.random.default_rng(4).integers(0, 5, eta.shape)
    expected = poisson(np.exp(eta)).logpmf(y).sum(-1)
    np.testing.assert_allclose(gaussian.poisson_log_likelihood(y, eta), expected)
    assert_derivatives(
        lambda: gaussian.poisson_log_likelihood(y, eta).sum(),
        [gaussian.d_poisson_log_likelihood(y, eta)],
        [eta],
    )
