"""States and predictions of autoencoders: against theory, importance weights and quadrature."""

import numpy as np
import pytest

from rvae_numpy import autoencoder, inference, rvae, tvae, vae
from rvae_numpy.extensions import samplers
from rvae_numpy.mlp import Layer
from tests.tiny import autoencoder_of


def nonlinear(n_x=1, n_y=4, sigma_u=0.3, seed=0, dtype=np.float64, family="normal"):
    """An rVAE whose mu_u is far from linear"""
    rng = np.random.default_rng(seed)
    sigmas = dict(sigma_u=sigma_u, sigma_y=0.2, sigmoid_mean=family == "normal", n_residual=6)
    params = autoencoder_of(
        n_y=n_y, n_x=n_x, hidden=(5,), family=family, rng=rng, dtype=dtype, **sigmas
    )
    first, last = params.mu_u_residual
    first.W += rng.standard_normal(first.W.shape).astype(dtype)
    last.W += (0.4 * rng.standard_normal(last.W.shape)).astype(dtype)
    return params


def test_the_initial_state_is_what_the_joint_expects_given_the_first_observation():
    """V9 in a linear-Gaussian model with its exact posterior, against conditioning (u, y)"""
    rng = np.random.default_rng(5)
    sigma_u, sigma_y, n = 0.8, 0.5, 2
    params = autoencoder_of(
        n_y=n, n_x=n, hidden=n, rng=rng, dtype=np.float64, activation="relu", sigma_u=sigma_u
    )
    W, c = 0.7 * rng.standard_normal((2, n, n))
    Upsilon = np.linalg.inv(np.eye(n) + W.T @ W / sigma_u**2 + c.T @ c / sigma_y**2)
    params.encode = [Layer(np.eye(n), np.zeros(n)) for _ in range(2)]  # the relu keeps y >= 0
    params.nu = Layer(
        np.concatenate([Upsilon @ c.T / sigma_y**2, Upsilon @ W.T / sigma_u**2], axis=1),
        np.zeros(n),
    )
    params.decode_u = Layer(W, np.zeros(n))
    y_1 = rng.random((5, n))
    given = y_1 @ np.linalg.inv(c @ c.T + sigma_y**2 * np.eye(n)) @ c @ W.T
    np.testing.assert_allclose(inference.infer_u0(params, y_1), given, atol=1e-5)


def test_a_conditional_model_begins_at_zero_and_a_static_one_has_no_state():
    rng, y_1 = np.random.default_rng(0), np.ones((4, 3))
    assert not inference.infer_u0(
        tvae.init(n_y=3, n_x=2, hidden=5, family="poisson", rng=rng), y_1
    ).any()
    assert inference.infer_u0(
        vae.init(n_y=3, n_x=2, hidden=5, family="poisson", rng=rng), y_1
    ).shape == (4, 0)


@pytest.mark.parametrize("sigma_u", [0.5, (0.3, 0.8)])
def test_x_given_u_is_bayes(sigma_u):
    """G1 against importance weights: x from the prior, weighted by p(u | x)"""
    rng = np.random.default_rng(1)
    params = autoencoder_of(family="poisson", rng=rng, dtype=np.float64, sigma_u=sigma_u)
    params.decode_u.W += 0.4 * rng.standard_normal((2, 2))
    params.decode_u.b += [0.3, -0.2]
    u = np.array([[0.6, -0.4]])
    x = rng.standard_normal((400_000, 2))
    residual = u - x @ params.decode_u.W.T - params.decode_u.b
    weights = np.exp(-np.sum((residual / sigma_u) ** 2, -1) / 2)
    weights /= weights.sum()
    mean = weights @ x
    covariance = (weights[:, None] * (x - mean)).T @ (x - mean)
    samples = inference.sampler_x_given_u(params, np.tile(u, (200_000, 1)))(rng)
    np.testing.assert_allclose(samples.mean(0), mean, atol=0.01)
    np.testing.assert_allclose(np.cov(samples.T), covariance, atol=0.01)


def test_x_given_u_where_u_sets_the_prior():
    rng = np.random.default_rng(2)
    params = tvae.init(n_y=3, n_x=2, hidden=5, family="poisson", rng=rng, dtype=np.float64)
    params.prior.W += 0.3 * rng.standard_normal((4, 2))
    u = np.array([0.6, -0.4])
    m, log_k = np.split(params.prior.W @ u + params.prior.b, 2)
    samples = inference.sampler_x_given_u(params, np.tile(u, (100_000, 1)))(rng)
    np.testing.assert_allclose(samples.mean(0), m, atol=5 * np.exp(log_k.max() / 2) / np.sqrt(1e5))
    np.testing.assert_allclose(samples.var(0), np.exp(log_k), rtol=5 * np.sqrt(2 / 1e5))


def test_predict_next_is_the_mean_of_the_emission_over_x_given_u():
    params = nonlinear(family="poisson")
    u = np.array([[[0.4]]])
    y = rvae.predict_next(params, u, np.random.default_rng(0), n_samples=20_000)
    x, S = inference.mode_x_given_u(params, u[0])
    grid = np.linspace(-6, 6, 4001)[:, None]
    weights = np.exp(-0.5 * (grid[:, 0] - x[0, 0]) ** 2 / S[0, 0, 0])
    expected = weights / weights.sum() @ autoencoder.emission(params, grid)
    np.testing.assert_allclose(y[0, 0], expected, rtol=0.01)


def test_the_map_estimate_is_a_minimum_of_the_energy():
    params = nonlinear(n_x=3)
    u = np.random.default_rng(1).standard_normal((50, 3))
    x, S = inference.mode_x_given_u(params, u)
    at_mode = samplers.energy(params, u, x)
    for way in np.concatenate([np.eye(3), -np.eye(3)]):
        assert (samplers.energy(params, u, x + 1e-3 * way) > at_mode - 1e-9).all()
    assert np.linalg.eigvalsh(S).min() > 0


def test_where_mu_u_is_linear_the_map_estimate_is_the_mean_and_one_step_finds_it():
    params = autoencoder_of(n_y=4, dtype=np.float64, sigma_u=0.4)
    params.decode_u.W += 0.3 * np.random.default_rng(1).standard_normal((2, 2))
    u = np.random.default_rng(2).standard_normal((5, 2))
    x, S = inference.mode_x_given_u(params, u)
    W = params.decode_u.W
    np.testing.assert_allclose(S[0], np.linalg.inv(np.eye(2) + W.T @ W / 0.4**2))
    np.testing.assert_allclose(x, (u - params.decode_u.b) @ W @ S[0] / 0.4**2)


def test_frames_in_0_to_255_are_refused():
    with pytest.raises(ValueError, match=r"^y: expected values in \[0, 1\], got"):
        rvae.infer(autoencoder_of(sigmoid_mean=True), [[[0.0, 255.0, 3.0]]])


@pytest.mark.parametrize(
    "call",
    [
        lambda p: rvae.predict_next(p, np.full((1, 1, 2), 1e30), np.random.default_rng(0)),
        lambda p: rvae.generate(p, np.full((1, 2), 1e30), 2, np.random.default_rng(0)),
        lambda p: rvae.infer(p.map(lambda leaf: leaf + 1e30), np.ones((1, 2, 3))),
        lambda p: rvae.generate_backward(
            p.map(lambda leaf: leaf + 1e30), np.ones((1, 2)), 3, np.random.default_rng(0)
        ),
    ],
)
def test_overflow_names_the_weights(call):
    params = autoencoder_of(n_residual=3, activation="relu")
    with pytest.raises(FloatingPointError, match=r"^params: expected weights .*, got NaN or inf"):
        call(params)


def test_a_singular_curvature_names_the_weights():
    """sigma_u^-2 J'J outweighs the I in float32, and J has rank 1"""
    params = autoencoder_of(sigma_u=0.0001)
    params.decode_u.W[:] = 1
    with pytest.raises(FloatingPointError, match=r"^params: expected weights"):
        rvae.predict_next(params, np.ones((1, 1, 2)), np.random.default_rng(0))
