"""The exponential families: densities add up to one, samples have the right mean and variance."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, poisson

from refh_numpy import _kernels, families

ETA = np.array([-2.0, -0.3, 0.0, 0.8, 1.7])
VARIANCE = {
    "bernoulli": lambda mean: mean * (1 - mean),
    "poisson": lambda mean: mean,
    "normal": np.ones_like,
    "mean-field bernoulli": np.zeros_like,
}


@pytest.mark.parametrize("name", families.FAMILIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sample_moments(name, dtype):
    family, n = families.get(name), 200_000
    mean = family.mean(ETA).astype(dtype)
    samples = family.sample(np.tile(mean, (n, 1)), np.random.default_rng(0))
    variance = VARIANCE[name](mean)
    assert samples.dtype == dtype
    error = np.sqrt(variance.max() / n)
    np.testing.assert_allclose(samples.mean(0, dtype=float), mean, atol=5 * error)
    np.testing.assert_allclose(samples.var(0, dtype=float), variance, rtol=0.04, atol=1e-9)


@pytest.mark.parametrize("name", families.FAMILIES)
def test_mean_is_the_derivative_of_the_log_partition(name):
    family, h = families.get(name), 1e-5
    derivative = (family.log_partition(ETA + h) - family.log_partition(ETA - h)) / (2 * h)
    np.testing.assert_allclose(family.mean(ETA), derivative, rtol=1e-8)


def test_densities():
    y = np.arange(60.0)
    np.testing.assert_allclose(
        families.POISSON.log_density(y, 0.7), poisson(np.exp(0.7)).logpmf(y), rtol=1e-10
    )
    np.testing.assert_allclose(
        families.NORMAL.log_density(y / 10, 0.7), norm(0.7).logpdf(y / 10), rtol=1e-12
    )
    bernoulli = families.BERNOULLI.log_density(np.array([0.0, 1.0]), 0.7)
    np.testing.assert_allclose(np.exp(bernoulli).sum(), 1)
    area, _ = quad(lambda v: np.exp(families.NORMAL.log_density(v, 0.7)), -10, 12)
    np.testing.assert_allclose(area, 1)


def test_the_kernel_of_sample_logistic_has_the_mean_of_the_sigmoid():
    """The least uniform number above the mean gives 0, and a little below it gives 1."""
    eta = np.linspace(-15, 15, 20_001, dtype=np.float32)[:, None]
    bias = np.array([0.3], np.float32)
    mean = 1 / (1 + np.exp(-(eta + bias).astype(float)))
    for factor, expected in ((1 - 5e-7, 1), (1 + 5e-7, 0)):
        uniform = (mean * factor).astype(np.float32)
        in_range = uniform < 1
        sample = _kernels.sample_logistic(eta, bias, uniform.copy())
        assert (sample[in_range] == expected).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sample_logistic_has_the_mean_of_the_sigmoid(dtype):
    n, bias = 200_000, np.array([0.2, -0.1, 0.0, 0.5, -0.7], dtype)
    samples = families.sample_logistic(
        np.tile(ETA.astype(dtype), (n, 1)), bias, np.random.default_rng(0)
    )
    assert samples.dtype == dtype and set(np.unique(samples)) == {0, 1}
    np.testing.assert_allclose(
        samples.mean(0, dtype=float), families.sigmoid(ETA + bias), atol=5 * 0.5 / np.sqrt(n)
    )


def test_sample_logistic_far_from_zero():
    eta = np.array([[-1e30, -200, 200, 1e30]], np.float32)
    sample = families.sample_logistic(eta, np.zeros(4, np.float32), np.random.default_rng(0))
    np.testing.assert_array_equal(sample, [[0, 0, 1, 1]])


def test_sigmoid_and_softplus_do_not_overflow():
    for dtype in (np.float32, np.float64):
        eta = np.array([-1e4, 0, 1e4], dtype)
        np.testing.assert_array_equal(families.sigmoid(eta), [0, 0.5, 1])
        np.testing.assert_allclose(families.softplus(eta), [0, np.log(2), 1e4])
        assert families.sigmoid(eta).dtype == dtype


@pytest.mark.parametrize("name", ["gamma", None, ["poisson"], np.zeros(3)])
def test_unknown_family(name):
    names = "'bernoulli', 'mean-field bernoulli', 'poisson', 'normal'"
    with pytest.raises((ValueError, TypeError), match=f"family: expected one of {names}, got"):
        families.get(name)


@pytest.mark.parametrize("rate", [np.nan, np.inf, 1e12])
def test_impossible_rates_say_that_the_weights_diverged(rate):
    with pytest.raises(FloatingPointError, match="diverged"):
        families.POISSON.sample(np.array([1.0, rate]), np.random.default_rng(0))


OUTSIDE = {"bernoulli": (1.5, -0.1), "mean-field bernoulli": (1.1,), "poisson": (-1, 0.5, 1e10)}


@pytest.mark.parametrize("name, y", [(name, y) for name in OUTSIDE for y in OUTSIDE[name]])
def test_values_outside_the_family(name, y):
    with pytest.raises(ValueError, match=r"^y: expected .* got"):
        families.get(name).check("y", np.array([y]))
