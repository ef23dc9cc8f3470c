"""The rVAE's building blocks: every hand-made derivative against central differences, every formula against theory."""
import numpy as np
import pytest
from scipy.stats import multivariate_normal, poisson

from rvae_numpy import gaussian, mlp


def slopes(function, value, h=1e-6):
    """Central differences of function(), a number, along the entries of the array `value`, which it depends on"""
    result = np.empty_like(value)
    for index in np.ndindex(value.shape):
        kept = value[index]
        ends = []
        for sign in (1, -1):
            value[index] = kept + sign * h
            ends.append(function())
        value[index] = kept
        result[index] = (ends[0] - ends[1]) / (2 * h)
    return result


@pytest.mark.parametrize("activation", mlp.ACTIVATIONS.values(), ids=mlp.ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(3, 2), (3, 5, 2), (3, 5, 4, 2)])
def test_backward_is_the_slope_of_forward(sizes, activation):
    rng = np.random.default_rng(0)
    layers = mlp.init(sizes, rng, dtype=np.float64)
    for layer in layers:
        layer.b += 0.3 * rng.standard_normal(layer.b.shape)
    x, towards = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))

    def loss():
        return np.sum(np.sin(mlp.forward(layers, x, activation)[0]) * towards)

    out, cache = mlp.forward(layers, x, activation)
    gradients, d_x = mlp.backward(layers, cache, np.cos(out) * towards, activation)
    np.testing.assert_allclose(d_x, slopes(loss, x), rtol=1e-6, atol=1e-8)
    for layer, gradient in zip(layers, gradients):
        np.testing.assert_allclose(gradient.W, slopes(loss, layer.W), rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(gradient.b, slopes(loss, layer.b), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", mlp.ACTIVATIONS.values(), ids=mlp.ACTIVATIONS)
def test_layers_keep_the_size_of_what_passes(activation):
    rng = np.random.default_rng(0)
    out, _ = mlp.forward(mlp.init((400, 400), rng), rng.standard_normal((100, 400)).astype(np.float32), activation)
    assert out.dtype == np.float32 and abs(out.std() - 1) < 0.05


def test_unknown_activation():
    with pytest.raises(ValueError, match="activation: wanted one of tanh, relu, softplus, got 'gelu'"):
        mlp.get_activation("gelu")


@pytest.fixture
def case():
    rng = np.random.default_rng(1)
    return dict(zip(("nu", "log_upsilon", "m", "log_k", "eps"), rng.standard_normal((5, 4, 3))))


def test_log_density_is_the_gaussians(case):
    wanted = [multivariate_normal(mu, 0.7**2 * np.eye(3)).logpdf(v) for v, mu in zip(case["nu"], case["m"])]
    np.testing.assert_allclose(gaussian.log_density(case["nu"], case["m"], 0.7), wanted)
    slope = slopes(lambda: gaussian.log_density(case["nu"], case["m"], 0.7).sum(), case["m"])
    np.testing.assert_allclose(gaussian.d_log_density(case["nu"], case["m"], 0.7), slope, rtol=1e-6, atol=1e-8)


def test_kl_is_what_sampling_says_and_zero_for_the_same(case):
    nu, l, m, k = (case[name][0] for name in ("nu", "log_upsilon", "m", "log_k"))
    rng = np.random.default_rng(2)
    x = nu + np.exp(l / 2) * rng.standard_normal((400_000, 3))
    q, p = multivariate_normal(nu, np.diag(np.exp(l))), multivariate_normal(m, np.diag(np.exp(k)))
    draws = q.logpdf(x) - p.logpdf(x)
    np.testing.assert_allclose(gaussian.kl(nu, l, m, k), draws.mean(), atol=5 * draws.std() / np.sqrt(len(draws)))
    np.testing.assert_allclose(gaussian.kl(nu, l, nu, l), 0, atol=1e-12)


def test_kl_derivatives(case):
    nu, l, m, k = (case[name] for name in ("nu", "log_upsilon", "m", "log_k"))
    for by_hand, value in zip(gaussian.d_kl(nu, l, m, k), (nu, l, m, k)):
        np.testing.assert_allclose(by_hand, slopes(lambda: gaussian.kl(nu, l, m, k).sum(), value), rtol=1e-6, atol=1e-8)


def test_reparameterised_samples_have_the_mean_and_the_variance(case):
    n = 200_000
    nu, l = case["nu"][0], case["log_upsilon"][0]
    x = gaussian.reparameterise(nu, l, np.random.default_rng(3).standard_normal((n, 3)))
    np.testing.assert_allclose(x.mean(0), nu, atol=5 * np.exp(l.max() / 2) / np.sqrt(n))
    np.testing.assert_allclose(x.var(0), np.exp(l), rtol=5 * np.sqrt(2 / n))


def test_reparameterisation_derivatives(case):
    nu, l, eps = (case[name] for name in ("nu", "log_upsilon", "eps"))

    def loss():
        return np.sum(np.sin(gaussian.reparameterise(nu, l, eps)))

    by_hand = gaussian.d_reparameterise(np.cos(gaussian.reparameterise(nu, l, eps)), l, eps)
    for derivative, value in zip(by_hand, (nu, l)):
        np.testing.assert_allclose(derivative, slopes(loss, value), rtol=1e-6, atol=1e-8)


def test_poisson_log_likelihood(case):
    eta = case["nu"]
    y = np.random.default_rng(4).integers(0, 5, eta.shape)
    np.testing.assert_allclose(gaussian.poisson_log_likelihood(y, eta), poisson(np.exp(eta)).logpmf(y).sum(-1))
    slope = slopes(lambda: gaussian.poisson_log_likelihood(y, eta).sum(), eta)
    np.testing.assert_allclose(gaussian.d_poisson_log_likelihood(y, eta), slope, rtol=1e-6, atol=1e-8)
