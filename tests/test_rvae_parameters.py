"""Settings and weights: bad ones are refused, and their names and sizes agree."""

from dataclasses import replace

import numpy as np
import pytest

from rvae_numpy import parameters, rvae, tvae, vae
from rvae_numpy.mlp import Layer
from rvae_numpy.parameters import Config


def params_of(**settings):
    return rvae.init(
        n_y=3, n_x=2, hidden=4, family="normal", rng=np.random.default_rng(0), **settings
    )


@pytest.mark.parametrize(
    "change, name",
    [
        (dict(family="gamma"), "family"),
        (dict(family=["normal"]), "family"),
        (dict(activation="gelu"), "activation"),
        (dict(sigma_u=0), "sigma_u"),
        (dict(sigma_u=1e-200), "sigma_u"),
        (dict(sigma_u=np.nan), "sigma_u"),
        (dict(sigma_y=-1.0), "sigma_y"),
        (dict(sigma_y=1e300), "sigma_y"),
        (dict(noise_u=-0.1), "noise_u"),
        (dict(learn_u="no"), "learn_u"),
        (dict(family="poisson", sigmoid_mean=True), "sigmoid_mean"),
        (dict(learn_u=True, prior_given_u=True), "prior_given_u"),
    ],
)
def test_bad_settings_are_named(change, name):
    with pytest.raises((ValueError, TypeError), match=rf"^{name}: expected .* got"):
        Config(**change)


@pytest.mark.parametrize(
    "change, name",
    [
        (dict(n_y=0), "n_y"),
        (dict(n_x=0), "n_x"),
        (dict(hidden=1.5), "hidden"),
        (dict(hidden=()), "hidden"),
        (dict(hidden=[2] * 101), "hidden"),
        (dict(n_residual=-1), "n_residual"),
        (dict(rng=1), "rng"),
        (dict(config=3), "config"),
        (dict(dtype=int), "dtype"),
        (dict(dtype="float32"), "dtype"),
        (dict(static=1), "static"),
        (dict(n_y=10**9), "n_y, n_x, hidden, n_residual"),
    ],
)
def test_init_names_the_bad_argument(change, name):
    good = dict(n_y=3, n_x=2, hidden=4, config=Config(), rng=np.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match=rf"^{name}: expected .* got"):
        parameters.init(**(good | change))


@pytest.mark.parametrize("hidden", [4, (5,), (5, 4, 3), [3, 3]])
@pytest.mark.parametrize("n_residual", [0, 6])
def test_names_and_shapes_of_the_leaves_follow_from_the_sizes(hidden, n_residual):
    for params in (
        rvae.init(
            n_y=3,
            n_x=2,
            hidden=hidden,
            family="poisson",
            rng=np.random.default_rng(0),
            n_residual=n_residual,
        ),
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
        (lambda p: replace(p, nu=Layer(p.nu.W, p.nu.b[:1])), "params: expected an array"),
        (
            lambda p: replace(p, decode_u=Layer(np.zeros((2, 3)), p.decode_u.b)),
            "params: expected an array decode_u.W of floats and of shape",
        ),
        (
            lambda p: p.map(lambda leaf: leaf.astype(int)),
            "params: expected an array .* got .* int64",
        ),
        (lambda p: p.map(lambda leaf: leaf.astype(np.float16)), "params: expected an array"),
        (
            lambda p: p.map(lambda leaf: leaf * np.nan),
            "params: expected finite numbers in encode.0.W",
        ),
        (
            lambda p: replace(p, nu=Layer(p.nu.W.astype(float), p.nu.b.astype(float))),
            "params: expected arrays of one dtype, got float32 and float64",
        ),
        (lambda p: p.map(list), "params: expected"),
    ],
)
def test_params_that_are_none_are_refused(change, error):
    params = params_of()
    parameters.check_params(params)
    with pytest.raises((ValueError, TypeError), match=error):
        parameters.check_params(change(params))
