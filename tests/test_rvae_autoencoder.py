"""The autoencoder's loss, and every leaf of its hand-made gradient against central differences."""
import numpy as np
import pytest

from rvae_numpy import autoencoder, gaussian, rvae, rvae_bptt
from rvae_numpy.autoencoder import Model
from tests.test_rvae_blocks import slopes

VARIANTS = {"VAE": dict(learn_u=False), "rVAE": dict(), "TVAE": dict(learn_u=False, prior_given_u=True)}


def case(model, n=5, n_y=3, n_x=2, hidden=4, bend=0):
    rng = np.random.default_rng(0)
    params = autoencoder.init(n_y, n_x, hidden, model, rng, dtype=np.float64, bend=bend)
    params = params.map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape))
    y = rng.poisson(2.0, (n, n_y)).astype(float) if model.family == "poisson" else rng.standard_normal((n, n_y))
    if model.pixels:
        y = rng.random((n, n_y))
    return params, rng.standard_normal((n, n_x)), y, rng.standard_normal((n, n_x))


@pytest.mark.parametrize("family", autoencoder.FAMILIES)
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_gradient_is_the_slope_of_the_loss_for_every_leaf(variant, activation, family):
    params, u, y, eps = case(Model(family=family, activation=activation, sigma_u=0.4, sigma_y=0.7, **VARIANTS[variant]))

    def loss():
        return autoencoder.loss_and_gradient(params, u, y, eps)[0]

    _, gradient, d_u = autoencoder.loss_and_gradient(params, u, y, eps)
    for by_hand, leaf in zip(gradient.leaves(), params.leaves()):
        np.testing.assert_allclose(by_hand, slopes(loss, leaf), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(d_u, slopes(loss, u), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("hidden", [(4, 3), (4,)])
def test_gradient_of_the_models_of_films(hidden):
    """Several layers, pixels, nu and mu_u bent (D40), noise on u and y"""
    model = Model(family="normal", sigma_u=0.4, sigma_y=0.7, pixels=True)
    params, u, y, eps = case(model, hidden=hidden, bend=3)
    noise = 0.5 * eps[::-1], 0.3 * np.random.default_rng(5).standard_normal(y.shape)

    def loss():
        return autoencoder.loss_and_gradient(params, u, y, eps, *noise)[0]

    _, gradient, d_u = autoencoder.loss_and_gradient(params, u, y, eps, *noise)
    assert len(gradient.bend_nu) == len(gradient.bend_u) == 2
    for by_hand, leaf in zip(gradient.leaves(), params.leaves()):
        np.testing.assert_allclose(by_hand, slopes(loss, leaf), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(d_u, slopes(loss, u), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["noise_u", "noise_y"])
def test_what_is_given_back_has_no_noise(name):
    """Only the recognition model sees the noise: one that does not look at what it is told is not disturbed"""
    params, u, y, eps = case(Model(family="normal"), bend=3)
    like = u if name == "noise_u" else y
    noise = np.random.default_rng(1).standard_normal(like.shape)

    def loss(**noise):
        return autoencoder.loss_and_gradient(params, u, y, eps, **noise)[0]

    assert abs(loss(**{name: noise}) - loss()) > 1e-3
    params.nu.W[:] = params.log_upsilon.W[:] = params.bend_nu[-1].W[:] = 0
    assert loss(**{name: noise}) == loss()


def test_frames_gradient_draws_noise_as_large_as_the_model_says():
    params, u, y, _ = case(Model(family="normal", noise_u=0.3, noise_y=0.5))
    loss, gradient, _ = autoencoder.frames_gradient(params, u[None], y[None], np.random.default_rng(2))
    rng = np.random.default_rng(2)
    eps, noise_u, noise_y = (rng.standard_normal((len(u), n)) for n in (params.n_x, params.n_u, params.n_y))
    by_hand = autoencoder.loss_and_gradient(params, u, y, eps, 0.3 * noise_u, 0.5 * noise_y)
    assert loss == by_hand[0] and np.array_equal(gradient.nu.W, by_hand[1].nu.W)


def test_what_is_hidden_is_still_to_be_given_back():
    """The recognition model is told of one frame, the loss asks for another: noise_y is their difference"""
    params, u, y, _ = case(Model(family="normal", noise_u=0.3))
    told = y * (np.arange(len(y)) % 2)[:, None]
    loss, gradient, _ = autoencoder.frames_gradient(params, u[None], y[None], np.random.default_rng(2), told[None])
    rng = np.random.default_rng(2)
    eps, noise_u = (rng.standard_normal((len(u), n)) for n in (params.n_x, params.n_u))
    by_hand = autoencoder.loss_and_gradient(params, u, y, eps, 0.3 * noise_u, told - y)
    assert loss == by_hand[0] and np.array_equal(gradient.nu.W, by_hand[1].nu.W)
    assert loss != autoencoder.frames_gradient(params, u[None], y[None], np.random.default_rng(2))[0]


def test_what_is_bent_starts_straight():
    straight, bent = (autoencoder.init(3, 2, (5, 4), Model(), np.random.default_rng(0), bend=bend) for bend in (0, 6))
    x = np.random.default_rng(1).standard_normal((7, 2)).astype(np.float32)
    assert np.array_equal(autoencoder.mu_u(straight, x), x @ straight.decode_u.W.T)
    np.testing.assert_allclose(autoencoder.mu_u(bent, x), x @ bent.decode_u.W.T, atol=1e-6)
    assert not straight.bend_u and bent.bend_nu[0].W.shape == (6, 4 + 2)
    assert [layer.W.shape for layer in bent.encode] == [(5, 3), (4, 5)]
    assert [layer.W.shape for layer in bent.decode_y] == [(4, 2), (5, 4), (3, 5)]


@pytest.mark.parametrize("variant, bend, blinks", [("rVAE", 0, False), ("TVAE", 0, False), ("rVAE", 3, False), ("rVAE", 3, True)])
def test_backprop_through_time_is_the_slope_of_a_chunks_loss(variant, bend, blinks):
    """D35: every leaf, with the states of the chunk computed anew for each change of the parameters; also if some frames are hidden."""
    n_traj, T = 2, 5
    params, _, _, _ = case(Model("normal" if blinks else "poisson", sigma_u=0.4, **VARIANTS[variant]), bend=bend)
    params.nu.W *= 0.5                                          # the states must not grow over the chunk
    rng = np.random.default_rng(3)
    y = rng.poisson(2.0, (n_traj, T, 3)).astype(float)
    first, eps = rng.standard_normal((n_traj, 2)), np.random.default_rng(4).standard_normal((n_traj * T, 2))
    told = y * (rng.random((n_traj, T, 1)) < 0.5) if blinks else y

    def previous():
        states = autoencoder.forward(params, first, told)
        return np.concatenate([first[:, None], states[:, :-1]], axis=1)

    def loss():
        return autoencoder.loss_and_gradient(params, previous().reshape(-1, 2), y.reshape(-1, 3), eps,
                                             noise_y=(told - y).reshape(-1, 3))[0]

    if variant == "rVAE":
        _, by_hand = rvae_bptt.gradient(params, previous(), y, np.random.default_rng(4), told)
        _, local = rvae.gradient(params, previous(), y, np.random.default_rng(4), told)
    else:
        _, local, d_u = autoencoder.loss_and_gradient(params, previous().reshape(-1, 2), y.reshape(-1, 3), eps)
        by_hand = autoencoder.through_time(params, previous(), y, d_u.reshape(n_traj, T, 2), local)
    for mine, leaf in zip(by_hand.leaves(), params.leaves()):
        np.testing.assert_allclose(mine, slopes(loss, leaf), rtol=1e-6, atol=1e-8)
    assert np.abs(by_hand.nu.W - local.nu.W).max() > 0.01 * np.abs(local.nu.W).max()       # the term is not nothing


def test_the_loss_is_the_posters():
    """P11 against D30: E_q[log q - log p(x, u, y)] by sampling, against its closed form plus samples."""
    params, u, y, _ = case(Model(family="normal", sigma_u=0.4, sigma_y=0.7), n=1)
    n = 200_000
    rng = np.random.default_rng(1)
    u, y, eps = np.tile(u, (n, 1)), np.tile(y, (n, 1)), rng.standard_normal((n, 2))
    nu, log_upsilon, _ = autoencoder.recognise(params, u, y)
    x = gaussian.reparameterise(nu, log_upsilon, eps)
    log_q = np.sum(-0.5 * eps**2 - 0.5 * log_upsilon - 0.5 * np.log(2 * np.pi), -1)
    log_p = (gaussian.log_density(x, np.zeros(2), 1.0)
             + gaussian.log_density(u, x @ params.decode_u.W.T + params.decode_u.b, 0.4)
             + gaussian.log_density(y, autoencoder.emission(params, x), 0.7))
    loss, _, _ = autoencoder.loss_and_gradient(params, u, y, eps)
    draws = log_q - log_p
    np.testing.assert_allclose(loss, draws.mean(), atol=5 * draws.std() / np.sqrt(n))


def test_what_a_variant_leaves_out_gets_no_gradient():
    vae, tvae, rvae = (autoencoder.loss_and_gradient(*case(Model(**VARIANTS[name])))[1] for name in ("VAE", "TVAE", "rVAE"))
    assert not vae.decode_u.W.any() and not vae.prior.W.any()
    assert not tvae.decode_u.W.any() and tvae.prior.W.any()
    assert rvae.decode_u.W.any() and not rvae.prior.W.any()


@pytest.mark.parametrize("change, name", [
    (dict(family="gamma"), "family"), (dict(activation="gelu"), "activation"), (dict(sigma_u=0), "sigma_u"),
    (dict(sigma_y=-1.0), "sigma_y"), (dict(sigma_u=np.nan), "sigma_u"), (dict(noise_u=-0.1), "noise_u"),
    (dict(family="normal", noise_y=-0.1), "noise_y"), (dict(family="poisson", noise_y=0.1), "noise_y"),
    (dict(family="poisson", pixels=True), "pixels"), (dict(family="normal", blinks=1.0), "blinks"),
    (dict(family="poisson", blinks=0.1), "blinks"), (dict(family="normal", blinks=0.1, learn_u=False), "blinks")])
def test_bad_models_are_named(change, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        Model(**change)


@pytest.mark.parametrize("change, name", [(dict(n_y=0), "n_y"), (dict(n_x=0), "n_x"), (dict(hidden=1.5), "hidden"),
                                          (dict(hidden=()), "hidden"), (dict(bend=-1), "bend"), (dict(rng=1), "rng")])
def test_init_names_the_bad_argument(change, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        autoencoder.init(**(dict(n_y=3, n_x=2, hidden=4, model=Model(), rng=np.random.default_rng(0)) | change))


def test_forward_is_the_recognised_mean_step_after_step():
    rng = np.random.default_rng(2)
    params = autoencoder.init(3, 2, 4, Model(), rng, dtype=np.float64)
    y = rng.poisson(2.0, (4, 6, 3)).astype(float)
    start = u = rng.standard_normal((4, 2))
    states = autoencoder.forward(params, start, y)
    for t in range(6):
        u = autoencoder.recognise(params, u, y[:, t])[0]
        np.testing.assert_allclose(states[:, t], u, atol=1e-13)
