"""Predictions of the next observation by harmoniums, against enumeration."""

import numpy as np
import pytest
from scipy.special import expit

from refh_numpy import harmonium, refh
from tests.tiny import given, harmonium_of


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


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
@pytest.mark.parametrize("n_mean_passes", [1, 2, 3])
def test_mean_passes_have_the_enumerated_expectation(family, n_mean_passes):
    """The sample of y at the end of the chain is from p(y | u); then x and y enter by means."""
    rng, n = np.random.default_rng(1), 40000
    params = harmonium_of(family, rng, n_x=3, n_u=3).map(lambda leaf: 1.5 * leaf)
    u = rng.random(3)
    y, p = given(params, u)
    for _ in range(n_mean_passes):
        x_mean = harmonium.hidden_mean(params, np.tile(u, (len(y), 1)), y)
        y = harmonium.y_mean(params, x_mean)
    u_all = np.tile(u, (1, n, 1))
    found = refh.predict_next(params, u_all, rng, n_mean_passes=n_mean_passes)[0]
    error = found.std(0) / np.sqrt(n)
    assert (np.abs(found.mean(0) - p @ y) < 5 * error + 1e-9).all()
    if n_mean_passes > 1:  # each takes noise away
        one = refh.predict_next(params, u_all, rng)[0]
        assert (found.std(0) < 0.7 * one.std(0)).all()
