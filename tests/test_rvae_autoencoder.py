"""The autoencoder's loss, and every leaf of its hand-made gradient against central differences."""

import numpy as np
import pytest

from rvae_numpy import autoencoder, gaussian, initial, rvae, rvae_bptt
from rvae_numpy.parameters import FAMILIES, Config
from tests.differences import assert_derivatives

VARIANTS = {
    "VAE": dict(learn_u=False),
    "rVAE": dict(),
    "TVAE": dict(learn_u=False, prior_given_u=True),
}


def case(config, n=5, n_y=3, n_x=2, hidden=4, n_residual=0):
    rng = np.random.default_rng(0)
    params = initial.init(
        n_y=n_y,
        n_x=n_x,
        hidden=hidden,
        config=config,
        rng=rng,
        dtype=np.float64,
        n_residual=n_residual,
    )
    params = params.map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape))
    y = rng.standard_normal((n, n_y))
    if config.family == "poisson":
        y = rng.poisson(2.0, (n, n_y)).astype(float)
    if config.sigmoid_mean:
        y = rng.random((n, n_y))
    return params, rng.standard_normal((n, n_x)), y, rng.standard_normal((n, n_x))


def assert_gradient(params, u, y, eps, *inputs):
    def loss():
        return autoencoder.loss_and_gradient(params, u, y, eps, *inputs)[0]

    _, gradient, d_u = autoencoder.loss_and_gradient(params, u, y, eps, *inputs)
    assert gradient.leaves().keys() == params.leaves().keys()
    assert_derivatives(loss, gradient.leaves().values(), params.leaves().values())
    return loss, gradient, d_u


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_gradient_is_the_derivative_of_the_loss_for_every_leaf(variant, activation, family):
    config = Config(
        family=family, activation=activation, sigma_u=0.4, sigma_y=0.7, **VARIANTS[variant]
    )
    params, u, y, eps = case(config)
    loss, _, d_u = assert_gradient(params, u, y, eps)
    assert_derivatives(loss, [d_u], [u])


def test_gradient_with_a_sigma_u_per_latent():
    """P7 with a diagonal covariance; equal sigmas are one sigma"""
    params, u, y, eps = case(Config(sigma_u=(0.4, 0.9)))
    loss, _, d_u = assert_gradient(params, u, y, eps)
    assert_derivatives(loss, [d_u], [u])
    params = case(Config(sigma_u=(0.4, 0.4)))[0]
    for sigma_u, same in ((0.4, True), (0.9, False)):
        other = case(Config(sigma_u=sigma_u))[0]
        results = [autoencoder.loss_and_gradient(p, u, y, eps) for p in (params, other)]
        assert np.isclose(results[0][0], results[1][0]) == same
        assert np.allclose(results[0][1].decode_u.W, results[1][1].decode_u.W) == same


@pytest.mark.parametrize("hidden", [(4, 3), (4,)])
def test_gradient_of_the_models_of_video(hidden):
    """Several layers, pixels in [0, 1], nonlinear nu and mu_u (V3), other inputs than targets"""
    config = Config(family="normal", sigma_u=0.4, sigma_y=0.7, sigmoid_mean=True)
    params, u, y, eps = case(config, hidden=hidden, n_residual=3)
    noise = 0.5 * eps[::-1]
    y_input = y + 0.3 * np.random.default_rng(5).standard_normal(y.shape)
    _, gradient, _ = assert_gradient(params, u, y, eps, u + noise, y_input)
    assert len(gradient.nu_residual) == len(gradient.mu_u_residual) == 2

    def loss():  # the noise is added to the same u
        return autoencoder.loss_and_gradient(params, u, y, eps, u + noise, y_input)[0]

    _, _, d_u = autoencoder.loss_and_gradient(params, u, y, eps, u + noise, y_input)
    assert_derivatives(loss, [d_u], [u])


@pytest.mark.parametrize("name", ["u_input", "y_input"])
def test_the_target_of_the_reconstruction_is_not_the_input(name):
    """A recognition model that ignores its input has the same loss whatever the input is."""
    params, u, y, eps = case(Config(family="normal"), n_residual=3)
    target = u if name == "u_input" else y
    other = target + np.random.default_rng(1).standard_normal(target.shape)

    def loss(**inputs):
        return autoencoder.loss_and_gradient(params, u, y, eps, **inputs)[0]

    assert abs(loss(**{name: other}) - loss()) > 1e-3
    for layer in (params.nu, params.log_upsilon, params.nu_residual[-1]):
        layer.W[:] = 0
    assert loss(**{name: other}) == loss()


def test_chunk_gradient_adds_noise_as_large_as_the_config_says():
    params, u, y, _ = case(Config(family="normal", noise_u=0.3))
    y_input = y * (np.arange(len(y)) % 2)[:, None]
    loss, gradient, d_u = autoencoder.chunk_gradient(
        params, u[None], y[None], np.random.default_rng(2), y_input[None]
    )
    rng = np.random.default_rng(2)
    eps, noise = (rng.standard_normal((len(u), n)) for n in (params.n_x, params.n_u))
    by_hand = autoencoder.loss_and_gradient(params, u, y, eps, u + 0.3 * noise, y_input)
    assert loss == by_hand[0] and np.array_equal(gradient.nu.W, by_hand[1].nu.W)
    assert d_u.shape == (1, *u.shape)
    assert loss != autoencoder.chunk_gradient(params, u[None], y[None], np.random.default_rng(2))[0]


def test_a_residual_map_starts_linear():
    linear, residual = (
        initial.init(
            n_y=3, n_x=2, hidden=(5, 4), config=Config(), rng=np.random.default_rng(0), n_residual=n
        )
        for n in (0, 6)
    )
    x = np.random.default_rng(1).standard_normal((7, 2)).astype(np.float32)
    assert np.array_equal(autoencoder.mu_u(linear, x), x @ linear.decode_u.W.T)
    np.testing.assert_allclose(autoencoder.mu_u(residual, x), x @ residual.decode_u.W.T, atol=1e-6)
    assert not linear.mu_u_residual and residual.nu_residual[0].W.shape == (6, 4 + 2)
    assert [layer.W.shape for layer in residual.encode] == [(5, 3), (4, 5)]
    assert [layer.W.shape for layer in residual.decode_y] == [(4, 2), (5, 4), (3, 5)]


@pytest.mark.parametrize(
    "variant, n_residual, corrupted",
    [("rVAE", 0, False), ("TVAE", 0, False), ("rVAE", 3, False), ("rVAE", 3, True)],
)
def test_bptt_is_the_derivative_of_a_chunks_loss(variant, n_residual, corrupted):
    """V11: every leaf, with the states of the chunk computed again for each change of parameters"""
    n_traj, T = 2, 5
    params, _, _, _ = case(
        Config("normal" if corrupted else "poisson", sigma_u=0.4, **VARIANTS[variant]),
        n_residual=n_residual,
    )
    params.nu.W *= 0.5  # the states must not grow
    rng = np.random.default_rng(3)
    y = rng.poisson(2.0, (n_traj, T, 3)).astype(float)
    first, eps = rng.standard_normal((n_traj, 2)), np.random.default_rng(4).standard_normal((10, 2))
    y_input = y * (rng.random((n_traj, T, 1)) < 0.5) if corrupted else y

    def previous():
        states = autoencoder.forward(params, first, y_input)
        return np.concatenate([first[:, None], states[:, :-1]], axis=1)

    def loss_and_gradient():
        return autoencoder.loss_and_gradient(
            params, previous().reshape(-1, 2), y.reshape(-1, 3), eps, y_input=y_input.reshape(-1, 3)
        )

    if variant == "rVAE":
        arguments = previous(), y
        by_hand = rvae_bptt.gradient(params, *arguments, np.random.default_rng(4), y_input).params
        local = rvae.gradient(params, *arguments, np.random.default_rng(4), y_input).params
    else:
        _, local, d_u = loss_and_gradient()
        by_hand = autoencoder.bptt(params, previous(), y, d_u.reshape(n_traj, T, 2), local)
    assert_derivatives(
        lambda: loss_and_gradient()[0], by_hand.leaves().values(), params.leaves().values()
    )
    term = np.abs(by_hand.nu.W - local.nu.W).max()
    assert term > 0.01 * np.abs(local.nu.W).max()  # the term is not nothing


def test_the_loss_is_the_posters():
    """P11 against V8: E_q[log q - log p(x, u, y)] by sampling against its terms"""
    params, u, y, _ = case(Config(family="normal", sigma_u=0.4, sigma_y=0.7), n=1)
    n = 200_000
    u, y = np.tile(u, (n, 1)), np.tile(y, (n, 1))
    eps = np.random.default_rng(1).standard_normal((n, 2))
    nu, log_upsilon, _ = autoencoder.recognise(params, u, y)
    x = gaussian.reparameterise(nu, log_upsilon, eps)
    log_q = np.sum(-0.5 * eps**2 - 0.5 * log_upsilon - 0.5 * np.log(2 * np.pi), -1)
    mean_u = x @ params.decode_u.W.T + params.decode_u.b
    log_p = (
        gaussian.log_density(x, np.zeros(2), 1.0)
        + gaussian.log_density(u, mean_u, 0.4)
        + gaussian.log_density(y, autoencoder.emission(params, x), 0.7)
    )
    loss, _, _ = autoencoder.loss_and_gradient(params, u, y, eps)
    samples = log_q - log_p
    np.testing.assert_allclose(loss, samples.mean(), atol=5 * samples.std() / np.sqrt(n))


def test_terms_that_a_variant_leaves_out_have_no_gradient():
    vae, tvae, rvae = (
        autoencoder.loss_and_gradient(*case(Config(**VARIANTS[name])))[1]
        for name in ("VAE", "TVAE", "rVAE")
    )
    assert not vae.decode_u.W.any() and not vae.prior.W.any()
    assert not tvae.decode_u.W.any() and tvae.prior.W.any()
    assert rvae.decode_u.W.any() and not rvae.prior.W.any()


def test_forward_is_the_recognised_mean_step_after_step():
    rng = np.random.default_rng(2)
    params = initial.init(n_y=3, n_x=2, hidden=4, config=Config(), rng=rng, dtype=np.float64)
    y = rng.poisson(2.0, (4, 6, 3)).astype(float)
    first = u = rng.standard_normal((4, 2))
    states = autoencoder.forward(params, first, y)
    for t in range(6):
        u = autoencoder.recognise(params, u, y[:, t])[0]
        np.testing.assert_allclose(states[:, t], u, atol=1e-13)
