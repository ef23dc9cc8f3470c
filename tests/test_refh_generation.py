"""Generation by harmoniums, forward and backward in time, against enumeration."""

import numpy as np
import pytest
from scipy.special import logsumexp

from refh_numpy import efh, exact, generation, harmonium, hybrid, refh, refh_bptt, rtrbm, trbm
from tests.tiny import Y_MAX, given, harmonium_of

JOINT = [refh, refh_bptt, hybrid]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_generated_steps_are_samples_of_the_model(family):
    """Step 1 is a sample of y given u_0; step 2, of y given the u_1 that step 1 leads to."""
    rng, n = np.random.default_rng(2), 20000
    params = harmonium_of(family, rng, n_x=3, n_u=3)
    u0 = rng.random(3)
    video = refh.generate(params, np.tile(u0, (n, 1)), 2, rng)
    y, p = given(params, u0)
    first = p @ y
    second = np.zeros_like(first)
    for y_1, p_1 in zip(y, p, strict=True):
        y_2, p_2 = given(params, harmonium.hidden_mean(params, u0, y_1))
        second += p_1 * (p_2 @ y_2)
    for t, expected in enumerate((first, second)):
        error = video[:, t].std() / np.sqrt(n)
        np.testing.assert_allclose(video[:, t].mean(0), expected, atol=5 * error)


def visible_given_x(params, x):
    """Every (u, y) of a tiny harmonium with its probability given x, from the energy alone"""
    states = exact.enumerate_states(params, y_max=Y_MAX[params.family.name])
    log_p = -harmonium.energy(params, states.u, np.tile(x, (len(states.u), 1)), states.y)
    return states.u, states.y, np.exp(log_p - logsumexp(log_p))


def assert_moments(samples, values, p):
    """Mean and covariance of samples (n, d) are those of `values` with probabilities p"""
    mean = p @ values
    covariance = (values - mean).T @ (p[:, None] * (values - mean))
    n = len(samples)
    error = np.sqrt(np.diag(covariance) / n)
    assert (np.abs(samples.mean(0) - mean) <= 5 * error + 1e-12).all()
    products = (samples - mean)[:, :, None] * (samples - mean)[:, None]
    error = products.std(0) / np.sqrt(n)
    assert (np.abs(products.mean(0) - covariance) <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_backward_steps_have_the_exact_conditional(family, monkeypatch):
    """Q5 with samples, against p(u, y | x) from the energy: mean and covariance, for two steps."""
    rng, n = np.random.default_rng(6), 40000
    params = harmonium_of(family, rng, n_x=3, n_u=3)
    x = np.array([1.0, 0, 1])
    states = []
    monkeypatch.setattr(
        generation, "y_mean", lambda params, x: (states.append(x), harmonium.y_mean(params, x))[1]
    )
    y = refh.generate_backward(params, np.tile(x, (n, 1)), 2, rng, sample_u=1, sample_y=True)
    u_all, y_all, p = visible_given_x(params, x)
    first = np.concatenate([states[1], y[:, 0]], axis=1)  # the second x is the first u
    assert_moments(first, np.concatenate([u_all, y_all], axis=1), p)
    values, weights = [], []
    for u in np.unique(u_all, axis=0):
        _, y_2, p_2 = visible_given_x(params, u)
        values.append(y_2)
        weights.append(p[(u_all == u).all(1)].sum() * p_2)
    assert_moments(y[:, 1], np.concatenate(values), np.concatenate(weights))


def test_backward_by_means_is_p3_and_p5_in_turn():
    rng = np.random.default_rng(7)
    params = harmonium_of("bernoulli", rng, n_x=4, n_u=4)
    x = x_T = rng.random((3, 4))
    state = rng.bit_generator.state
    y = refh.generate_backward(params, x_T, 3, rng)
    assert rng.bit_generator.state == state  # nothing is random
    for t in range(3):
        np.testing.assert_allclose(y[:, t], harmonium.y_mean(params, x))
        x = harmonium.u_mean(params, x)


def test_joint_sweeps_forget_x_and_reach_the_model_distribution():
    """A sweep passes on means: the first y has the mean of the joint, whatever x_T was."""
    rng, n = np.random.default_rng(8), 40000
    params = harmonium_of("bernoulli", rng, n_x=3, n_u=3)
    ends = [
        refh.generate_backward(params, np.tile(x, (n, 1)), 1, rng, n_sweeps=30)[:, 0]
        for x in (np.zeros(3), np.ones(3))
    ]
    error = ends[0].std(0) * np.sqrt(2 / n)
    assert (np.abs(ends[0].mean(0) - ends[1].mean(0)) < 5 * error).all()


def test_sample_u_is_the_fraction_of_steps_with_a_sample(monkeypatch):
    rng, n = np.random.default_rng(9), 5000
    params = harmonium_of("bernoulli", rng, n_x=3, n_u=3)
    states = []
    monkeypatch.setattr(
        generation, "u_mean", lambda params, x: (states.append(x), harmonium.u_mean(params, x))[1]
    )
    refh.generate_backward(params, rng.random((n, 3)), 2, rng, sample_u=0.3)
    sampled = np.isin(states[1], (0.0, 1.0)).all(1).mean()
    assert abs(sampled - 0.3) < 5 * np.sqrt(0.3 * 0.7 / n)


def test_the_same_seed_generates_the_same_past():
    params = harmonium_of("poisson", np.random.default_rng(0), n_x=4, n_u=4)
    settings = dict(sample_u=0.5, n_sweeps=2, sample_y=True)
    a, b = (
        refh.generate_backward(
            params, np.full((2, 4), 0.5), 6, np.random.default_rng(3), **settings
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "model, kind",
    [
        (efh, "an EFH, which has no u"),
        (trbm, "a TRBM, which"),
        (rtrbm, "an RTRBM, which is conditional on u"),
    ],
)
def test_models_without_the_joint_do_not_run_backward(model, kind):
    params = model.init(n_x=5, n_y=3, family="poisson", rng=np.random.default_rng(0))
    message = f"^model: expected a model of the joint.*refh.*got {kind}"
    with pytest.raises(ValueError, match=message):
        model.generate_backward(params, np.zeros((1, 5)), 3, RNG)
    if model is efh:
        with pytest.raises(ValueError, match=r"^params: expected a recurrent model.*n_u = 0"):
            refh.generate_backward(params, np.zeros((1, 5)), 3, RNG)
