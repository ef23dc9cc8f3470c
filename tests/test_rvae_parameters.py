"""Settings and weights: bad ones are refused, and their names and sizes agree."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from rvae_numpy import _boundary, initial, parameters, rvae, rvae_bptt, tvae, vae
from rvae_numpy.mlp import Layer
from rvae_numpy.parameters import Config
from tests.tiny import autoencoder_of


def params_of(**settings):
    return autoencoder_of(hidden=4, **settings)


@pytest.mark.parametrize(
    "change, name",
    [
        (dict(sigma_u=0), "sigma_u"),
        (dict(sigma_u=1e-200), "sigma_u"),
        (dict(sigma_u=(0.1, 0)), "sigma_u"),
        (dict(sigma_u=(0.1, "x")), "sigma_u"),
        (dict(family="poisson", sigmoid_mean=True), "sigmoid_mean"),
        (dict(learn_u=True, prior_given_u=True), "prior_given_u"),
    ],
)
def test_bad_settings_are_named(change, name):
    with pytest.raises((ValueError, TypeError), match=rf"^{name}: expected .* got"):
        Config(**change)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, np.int64, int])
def test_a_config_holds_plain_numbers(kind):
    """A NumPy scalar of 64 bits would make float64 of every array it meets"""
    config = Config("normal", "tanh", kind(2), kind(3), kind(1), np.bool_(True), np.True_)
    assert (config.sigma_u, config.sigma_y, config.noise_u) == (2.0, 3.0, 1.0)
    for name, value in vars(config).items():
        assert type(value) in (str, float, bool), name
    with pytest.raises(FrozenInstanceError):
        config.sigma_u = 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_sigma_u_per_latent(dtype, tmp_path):
    """It is kept in the file, keeps the dtype, and starts log Upsilon"""
    params = params_of(sigma_u=[np.float64(0.1), 0.2], dtype=dtype)
    assert params.config.sigma_u == (0.1, 0.2) and params.sigma_u.dtype == dtype
    np.testing.assert_allclose(params.log_upsilon.b, 2 * np.log([0.1, 0.2]), rtol=1e-6)
    rng = np.random.default_rng(0)
    params, _ = rvae.train(params, [rng.random((4, 20, 3))], rng, n_updates=2)
    assert {leaf.dtype for leaf in params.leaves().values()} == {np.dtype(dtype)}
    rvae.save(tmp_path / "weights.npz", params)
    assert rvae.load(tmp_path / "weights.npz")[0] == params
    u = rvae.infer(params, rng.random((2, 3, 3)))
    for y in (
        rvae.predict_next(params, u, rng),
        rvae.generate_backward(params, u[:, -1], 3, rng, sample_u=1.0),
    ):
        assert y.dtype == dtype and np.isfinite(y).all()
    broken = replace(params, config=replace(params.config, sigma_u=(0.1, 0.2, 0.3)))
    with pytest.raises(ValueError, match="params: expected sigma_u to be a number, or 2 of them"):
        rvae.infer(broken, rng.random((2, 3, 3)))


@pytest.mark.parametrize("model", [vae, tvae, rvae, rvae_bptt])
def test_with_a_sample_the_decoder_starts_at_its_mean(model):
    """With all weights 0 it emits the mean; a silent unit has a small rate, not 0"""
    rng = np.random.default_rng(0)
    mean = np.array([0.5, 5.0, 50.0, 0.0])
    for family, more, y in (
        ("poisson", {}, rng.poisson(mean, (50, 40, 4))),
        ("normal", {}, rng.normal([0.5, -1, 2, 0], size=(50, 40, 4))),
        ("normal", {"sigmoid_mean": True}, rng.random((50, 40, 4)) * [1, 0.5, 0.1, 0]),
    ):
        params = autoencoder_of(
            model, n_y=4, family=family, rng=np.random.default_rng(1), y=y, **more
        )
        for layer in params.decode_y:
            layer.W[:] = 0
        emitted = model.emission_mean(params, np.ones((1, 1, 2)))[0, 0]
        expected = y.mean((0, 1))
        if family == "poisson" or more:
            expected = np.maximum(expected, initial.MIN_MEAN)
        np.testing.assert_allclose(emitted, expected, rtol=1e-4)
    with pytest.raises(ValueError, match=r"y: expected numbers near 0 .* mean 127 and .* 73\.9"):
        y = np.tile(np.arange(256.0), (1, 1, 4)).reshape(1, -1, 4)
        model.init(n_x=2, n_y=4, hidden=5, family="normal", rng=rng, y=np.floor(y) - 0.5)


@pytest.mark.parametrize(
    "change, name",
    [
        (dict(y=-np.ones((2, 4, 3))), "y"),
        (dict(hidden=()), "hidden"),
        (dict(hidden=[2] * 101), "hidden"),
        (dict(config=Config(sigma_u=(0.1, 0.2, 0.3))), "config"),
        (dict(dtype=int), "dtype"),
    ],
)
def test_init_names_the_bad_argument(change, name):
    good = dict(n_y=3, n_x=2, hidden=4, config=Config(), rng=np.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match=rf"^{name}: expected .* got"):
        initial.init(**(good | change))


@pytest.mark.parametrize("hidden", [4, (5,), (5, 4, 3), [3, 3]])
@pytest.mark.parametrize("n_residual", [0, 6])
def test_names_and_shapes_of_the_leaves_follow_from_the_sizes(hidden, n_residual):
    for params in (
        autoencoder_of(hidden=hidden, family="poisson", n_residual=n_residual),
        vae.init(n_y=3, n_x=2, hidden=hidden, family="poisson", rng=np.random.default_rng(0)),
        tvae.init(n_y=3, n_x=2, hidden=hidden, family="poisson", rng=np.random.default_rng(0)),
    ):
        shapes = parameters.leaf_shapes(**params.sizes)
        leaves = params.leaves()
        assert {name: leaf.shape for name, leaf in leaves.items()} == shapes
        again = parameters.unflatten(leaves, params.config)
        assert all(a is b for a, b in zip(again.leaves().values(), leaves.values(), strict=True))
        phi = params.leaves(parameters.PHI)
        assert phi.items() <= leaves.items() and "nu.W" in phi and "decode_u.W" not in phi


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda p: 3, "params: expected Params"),
        (lambda p: replace(p, config=3), "params: expected Params as init makes them"),
        (lambda p: replace(p, encode=[]), "params: expected Params as init makes them"),
        (lambda p: replace(p, nu=None), "params: expected Params as init makes them"),
        (lambda p: replace(p, nu=Layer(p.nu.W, p.nu.b[:1])), "params: expected .* plain"),
        (
            lambda p: replace(p, decode_u=Layer(np.zeros((2, 3)), p.decode_u.b)),
            "params: expected decode_u.W .* of shape",
        ),
        (lambda p: p.map(lambda leaf: leaf.astype(int)), "params: expected .* got .* int64"),
        (lambda p: p.map(lambda leaf: leaf.astype(np.float16)), "params: expected .* plain"),
        (
            lambda p: p.map(lambda leaf: leaf * np.nan),
            "params: expected finite numbers in encode.0.W",
        ),
        (
            lambda p: replace(p, nu=Layer(p.nu.W.astype(float), p.nu.b.astype(float))),
            "params: expected encode.0.W .* float64, got .* float32",
        ),
        (lambda p: p.map(list), "params: expected"),
    ],
)
def test_params_that_are_none_are_refused(change, error):
    params = params_of()
    _boundary.autoencoder("params", params)
    with pytest.raises((ValueError, TypeError), match=error):
        _boundary.autoencoder("params", change(params))
