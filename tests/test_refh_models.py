"""What every model file hands out: inference, prediction, generation forward and backward."""

import inspect
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

import refh_numpy
from refh_numpy import (
    efh,
    generation,
    harmonium,
    hybrid,
    inference,
    initial,
    refh,
    refh_bptt,
    rtrbm,
    trbm,
)
from tests.tiny import given, harmonium_of

MODELS = [efh, refh, trbm, rtrbm, refh_bptt, hybrid]
JOINT = [refh, refh_bptt, hybrid]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", ["bernoulli", "mean-field bernoulli", "poisson", "normal"])
def test_shapes_and_dtypes(model, dtype, family):
    rng = np.random.default_rng(0)
    params = model.init(n_x=7, n_y=3, family=family, rng=rng, dtype=dtype)
    y = rng.integers(0, 2, (2, 4, 3))  # integers are values of every family
    u = model.infer(params, y)
    assert u.shape == (2, 4, 7) and u.dtype == dtype and (u >= 0).all() and (u <= 1).all()
    for y_out in (
        model.emission_mean(params, u),
        model.predict_next(params, u, rng, n_sweeps=2),
        model.predict_next_mean_field(params, u, y, n_iterations=2),
    ):
        assert y_out.shape == (2, 4, 3) and y_out.dtype == dtype
    video = model.generate(params, u[:, -1], 5, rng, n_sweeps=2)
    assert video.shape == (2, 5, 3) and video.dtype == dtype
    params.family.check("video", video)
    if model in JOINT:
        past = model.generate_backward(
            params, u[:, -1], 5, rng, sample_u=0.5, n_sweeps=1, sample_y=True
        )
        assert past.shape == (2, 5, 3) and past.dtype == dtype
        params.family.check("past", past)


NAMES = """init gradient train infer emission_mean predict_next predict_next_mean_field
generate generate_backward save load""".split()


@pytest.mark.parametrize("model", MODELS)
def test_every_model_hands_out_all_names(model):
    for name in NAMES:
        assert callable(getattr(model, name))
    assert getattr(refh_numpy, model.__name__.rpartition(".")[2]) is model
    settings = inspect.signature(model.train).parameters
    assert list(settings)[:3] == ["params", "batches", "rng"]
    assert ("w" in settings) == (model is hybrid)
    assert "n_updates" in model.train.__doc__


def test_the_recurrent_model_is_causal_and_remembers():
    rng = np.random.default_rng(0)
    params = harmonium_of("poisson", rng, n_x=4, n_u=4)
    y = rng.poisson(1.0, (1, 6, 2)).astype(float)
    changed = y.copy()
    changed[0, 3] += 2
    a, b = refh.infer(params, y), refh.infer(params, changed)
    np.testing.assert_array_equal(a[:, :3], b[:, :3])
    assert (a[:, 3:] != b[:, 3:]).any(-1).all()


def test_the_static_model_forgets():
    rng = np.random.default_rng(0)
    params = harmonium_of("poisson", rng, n_x=4, n_u=0)
    y = rng.poisson(1.0, (1, 6, 2)).astype(float)
    np.testing.assert_allclose(efh.infer(params, y)[:, 4:], efh.infer(params, y[:, 4:]))


@pytest.mark.parametrize("model", MODELS)
def test_inference_continues_from_a_given_state(model):
    rng = np.random.default_rng(3)
    params = model.init(n_x=5, n_y=3, family="poisson", rng=rng, dtype=np.float64)
    y = rng.poisson(2.0, (2, 6, 3))
    whole, first = model.infer(params, y), model.infer(params, y[:, :4])
    np.testing.assert_allclose(model.infer(params, y[:, 4:], first[:, -1]), whole[:, 4:])


def test_a_raster_of_booleans_is_an_array_of_counts():
    params = refh.init(n_x=5, n_y=3, family="poisson", rng=np.random.default_rng(0))
    raster = np.random.default_rng(1).random((2, 4, 3)) < 0.5
    np.testing.assert_array_equal(
        refh.infer(params, raster), refh.infer(params, raster.astype(float))
    )


# Prediction


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_predict_next_is_the_clamped_chain_with_a_last_pass_by_means(family):
    """Against enumeration: sum_y p(y | u) E[y | x = E[x | u, y]]."""
    rng, n = np.random.default_rng(1), 40000
    params = harmonium_of(family, rng, n_x=3, n_u=3)
    u = rng.random(3)
    y, p = given(params, u)
    x_mean = harmonium.hidden_mean(params, np.tile(u, (len(y), 1)), y)
    expected = p @ harmonium.y_mean(params, x_mean)
    chains = refh.predict_next(params, np.tile(u, (1, n, 1)), rng)[0]
    error = chains.std(0).max() / np.sqrt(n)
    np.testing.assert_allclose(chains.mean(0), expected, atol=5 * error)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_with_x_sampled_in_the_last_pass_the_prediction_is_unbiased(family):
    """Against the exact E[y | u]; the mean of x in the last pass has another expectation."""
    rng, n = np.random.default_rng(1), 40000
    params = harmonium_of(family, rng, n_x=3, n_u=3).map(lambda leaf: 1.5 * leaf)
    u = rng.random(3)
    y, p = given(params, u)
    u_all = np.tile(u, (1, n, 1))
    sampled = refh.predict_next(params, u_all, rng, sample_last_x=True)[0]
    by_means = refh.predict_next(params, u_all, rng)[0]
    error = sampled.std(0) / np.sqrt(n)
    assert (np.abs(sampled.mean(0) - p @ y) < 5 * error).all()
    assert (np.abs(by_means.mean(0) - p @ y) > 5 * error).any()


def test_chains_forget_their_start_and_averaging_reduces_their_variance():
    rng, n = np.random.default_rng(1), 4000
    params = harmonium_of("bernoulli", rng, n_x=3, n_u=3)
    u = np.tile(rng.random(3), (1, n, 1))
    one = refh.predict_next(params, u, rng)[0]
    error = one.std(0).max() / np.sqrt(n)
    for start in (np.zeros((1, n, 2)), np.ones((1, n, 2))):
        elsewhere = refh.predict_next(params, u, rng, start=start)[0]
        np.testing.assert_allclose(elsewhere.mean(0), one.mean(0), atol=5 * error * np.sqrt(2))
    four = refh.predict_next(params, u, rng, n_samples=4)[0]
    np.testing.assert_allclose(four.mean(0), one.mean(0), atol=5 * error * np.sqrt(1.25))
    np.testing.assert_allclose(four.var(0), one.var(0) / 4, rtol=0.2)


def test_chains_start_at_the_given_observations():
    """With strong weights the units stay for a sweep where they were put."""
    params = refh.init(
        n_x=2, n_y=2, family="bernoulli", rng=np.random.default_rng(0), dtype=np.float64
    )
    params.W_y[:] = 40 * np.eye(2)
    params.b_x[:] = params.b_y[:] = -20
    start, u = np.array([[[1.0, 0], [0, 1]]]), np.zeros((1, 2, 2))
    y = refh.predict_next(params, u, np.random.default_rng(0), n_sweeps=1, start=start)
    np.testing.assert_allclose(y, start, atol=1e-6)
    np.testing.assert_allclose(refh.predict_next_mean_field(params, u, start), start, atol=1e-6)


def test_mean_field_converges_and_is_exact_without_coupling():
    rng = np.random.default_rng(2)
    params = harmonium_of("bernoulli", rng, n_x=3, n_u=3)
    u, start = rng.random((1, 1, 3)), rng.random((1, 1, 2))
    y = refh.predict_next_mean_field(params, u, start, n_iterations=500)
    again = harmonium.y_mean(params, harmonium.hidden_mean(params, u, y))
    np.testing.assert_allclose(again, y, atol=1e-9)
    params.W_y[:] = 0
    np.testing.assert_allclose(
        refh.predict_next_mean_field(params, u, start), expit(params.b_y)[None, None]
    )


# Bad input

U, Y = np.zeros((1, 3, 5)), np.zeros((1, 3, 3))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "call, name",
    [
        (lambda m, p: m.infer(p, Y[:0]), "y"),
        (lambda m, p: m.infer(p, Y - 1), "y"),
        (lambda m, p: m.infer(p, Y + 0.5), "y"),
        (lambda m, p: m.infer(replace(p, b_x=p.b_x[:-1]), Y), "params"),
        (lambda m, p: m.infer(replace(p, W_y=p.W_y.astype(float)), Y), "params"),
        (lambda m, p: m.infer(replace(p, W_y=p.W_y * np.nan), Y), "params"),
        (lambda m, p: m.infer(replace(p, b_y=[0.0] * 3), Y), "params"),
        (lambda m, p: m.infer(replace(p, family="poisson"), Y), "params.family"),
        (lambda m, p: m.infer(p, Y, np.zeros((2, 5))), "u0"),
        (lambda m, p: m.emission_mean(p, U + 2), "u"),
        (lambda m, p: m.predict_next(p, U, RNG, start=Y[:, 1:]), "start"),
        (lambda m, p: m.predict_next_mean_field(p, U, Y - 1), "start"),
    ],
)
def test_bad_input_is_named(model, call, name):
    params = model.init(n_x=5, n_y=3, family="poisson", rng=np.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .*got"):
        call(model, params)


@pytest.mark.parametrize("model", JOINT)
def test_states_that_are_no_probabilities_are_named(model):
    params = model.init(n_x=5, n_y=3, family="poisson", rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"^x_T: expected values in \[0, 1\], got"):
        model.generate_backward(params, U[0] + 1.5, 2, RNG)


def test_only_a_state_of_all_hidden_units_runs_through_time():
    params = initial.harmonium(
        n_x=4, n_u=3, n_y=2, family="bernoulli", rng=np.random.default_rng(0)
    )
    message = r"params: expected as many units of u as of x \(4\), or none, got 3"
    with pytest.raises(ValueError, match=message):
        inference.infer(params, np.zeros((1, 1, 2)))
    with pytest.raises(ValueError, match=message):
        generation.generate_backward(params, np.zeros((1, 4)), 1, RNG)


def test_weights_that_overflow_are_reported():
    params = refh.init(n_x=5, n_y=3, family="poisson", rng=np.random.default_rng(0))
    with pytest.raises(FloatingPointError, match="params: expected"):
        refh.emission_mean(replace(params, b_y=params.b_y + np.float32(1e4)), U)
