"""What every autoencoder offers: init, gradient, train, infer, predict_next, generate, load."""

import inspect

import numpy as np
import pytest

from datasets import ppc
from rvae_numpy import rvae, rvae_bptt, tvae, vae
from rvae_numpy.parameters import FAMILIES
from tests.tiny import stream

MODELS = [vae, rvae, tvae, rvae_bptt]
EACH_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
RNG = np.random.default_rng(0)


@EACH_MODEL
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", FAMILIES)
def test_shapes_and_dtypes(model, dtype, family):
    rng = np.random.default_rng(0)
    params = model.init(n_y=3, n_x=2, hidden=5, family=family, rng=rng, dtype=dtype)
    y = rng.integers(0, 4, (2, 4, 3))
    u = model.infer(params, y)
    assert u.shape == (2, 4, 2) and u.dtype == dtype
    for y_out in (model.emission_mean(params, u), model.predict_next(params, u, rng, n_samples=3)):
        assert y_out.shape == (2, 4, 3) and y_out.dtype == dtype
    generated = model.generate(params, u[:, -1], 5, rng)
    assert generated.shape == (2, 5, 3) and generated.dtype == dtype
    model.infer(params, generated)  # what is generated can be observed


@EACH_MODEL
def test_the_models_offer_the_same_functions(model):
    offered = "init train infer emission_mean predict_next generate generate_backward save load"
    for name in offered.split():
        function = getattr(model, name)
        assert callable(function) and function.__doc__
    for name in ("init", "train"):
        own, others = (inspect.signature(getattr(m, name)).parameters for m in (model, rvae))
        assert list(own) == list(others)
    assert "n_updates" in inspect.signature(model.train).parameters


def test_the_gradient_of_each_model_takes_an_input_other_than_the_target():
    rng = np.random.default_rng(0)
    y = rng.standard_normal((2, 4, 3))
    for model in MODELS:
        params = model.init(n_y=3, n_x=2, hidden=5, family="normal", rng=rng, dtype=np.float64)
        u = np.zeros((2, 4, params.n_u))
        losses = [
            model.gradient(params, u, y, np.random.default_rng(1), y_input).value
            for y_input in (None, y, y + 1)
        ]
        assert losses[0] == losses[1] != losses[2]


@EACH_MODEL
def test_a_short_run_filters_better_than_chance(model):
    """Reconstructed positions (their variance is 1300e-4 rad^2) after 400 updates"""
    rng = np.random.default_rng(0)
    params = model.init(n_y=15, n_x=2, hidden=32, family="poisson", rng=rng)
    params, log = model.train(
        params, stream(rng, 20, 200), rng, n_updates=400, learning_rate=1e-2, every=100
    )
    assert log.value[-1] < log.value[0] and log.n_updates == [100, 200, 300, 400]
    test = ppc.sample(20, 300, np.random.default_rng(1))
    y = model.emission_mean(params, model.infer(params, test.y))
    error = ppc.squared_error(ppc.decode(y)[0], test.z[..., 0])
    # the rVAE is of order 1 so early, and its state slow
    assert error[:, 50:].mean() < (300e-4 if model is rvae else 20e-4)


@EACH_MODEL
@pytest.mark.parametrize(
    "call, name",
    [
        (lambda m, p: m.infer(p, np.full((1, 1, 15), 0.5)), "y"),
        (lambda m, p: m.infer(p, np.ones((1, 1, 15)), np.zeros((2, 2))), "u0"),
        (lambda m, p: m.generate_backward(p, np.zeros((1, 3)), 2, RNG), "(x_T|params)"),
        (lambda m, p: m.train(p, [np.zeros((1, 2, 3))], RNG, n_updates=1), "batches"),
        (lambda m, p: m.train(p, [], RNG, n_updates=1), "batches"),
    ],
)
def test_bad_input_is_named(model, call, name):
    params = model.init(n_y=15, n_x=2, hidden=8, family="poisson", rng=np.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match=rf"^{name}: expected .*, got"):
        call(model, params)
