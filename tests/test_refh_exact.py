"""Enumeration itself: probabilities, and the exact gradient against central differences of the exact likelihood."""
import numpy as np
import pytest

from refh_numpy import exact, harmonium, refh_bptt, rtrbm
from tests.tiny import Y_MAX, central_differences, frames, harmonium_of


@pytest.mark.parametrize("clamp_u", [False, True])
@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_gradient_is_the_slope_of_the_log_likelihood(family, clamp_u):
    rng = np.random.default_rng(0)
    params = harmonium_of(family, rng)
    u, y = frames(params, 4, rng, binary_u=False)                   # data u are means, between 0 and 1
    gradient = exact.gradient(params, u, y, clamp_u=clamp_u, y_max=Y_MAX[family])
    slopes = central_differences(
        lambda changed: exact.log_likelihood(changed, u, y, clamp_u=clamp_u, y_max=Y_MAX[family]), params)
    for name, slope in slopes.leaves().items():
        np.testing.assert_allclose(getattr(gradient, name), slope, rtol=1e-6, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_probabilities_add_up(family):
    params = harmonium_of(family, np.random.default_rng(1))
    joint = exact.enumerate_states(params, y_max=Y_MAX[family])
    np.testing.assert_allclose(np.exp(joint.log_p).sum(), 1)
    given_u = exact.enumerate_states(params, clamp_u=True, y_max=Y_MAX[family])
    for u in np.unique(joint.u, axis=0):
        here = (given_u.u == u).all(1)
        np.testing.assert_allclose(np.exp(given_u.log_p[here]).sum(), 1)
        # p(y | u) = p(u, y) / p(u)
        by_bayes = joint.log_p[here] - np.log(np.exp(joint.log_p[here]).sum())
        np.testing.assert_allclose(given_u.log_p[here], by_bayes, atol=1e-12)


def test_log_likelihood_looks_the_states_up():
    rng = np.random.default_rng(2)
    params = harmonium_of("bernoulli", rng)
    states = exact.enumerate_states(params)
    np.testing.assert_allclose(exact.log_likelihood(params, states.u[[3, 7]], states.y[[3, 7]]),
                               states.log_p[[3, 7]].mean())


def test_what_cannot_be_enumerated():
    rng = np.random.default_rng(3)
    with pytest.raises(ValueError, match="params: wanted a family that can be enumerated"):
        exact.enumerate_states(harmonium_of("normal", rng))
    with pytest.raises(ValueError, match="params: wanted at most"):
        exact.enumerate_states(harmonium_of("bernoulli", rng, n_u=10, n_y=10))
    with pytest.raises(TypeError, match="y_max"):
        exact.enumerate_states(harmonium_of("poisson", rng))
    with pytest.raises(ValueError, match="u, y: wanted frames among the enumerated"):
        params = harmonium_of("bernoulli", rng)
        exact.cd_expectation(params, np.full((1, 2), 0.5), np.zeros((1, 2)), 1)


def unrolled_log_likelihood(params, y, *, clamp_u):
    """L of whole sequences y (n_traj, T, n_y) from u_0 = 0: the states are computed, not given. Mean over frames."""
    n_traj, T, _ = y.shape
    u = np.zeros((n_traj, len(params.b_u)))
    total = 0
    for t in range(T):
        total += exact.log_likelihood(params, u, y[:, t], clamp_u=clamp_u, y_max=Y_MAX[params.family.name])
        u = harmonium.hidden_mean(params, u, y[:, t])
    return total / T


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
@pytest.mark.parametrize("model, clamp_u", [(rtrbm, True), (refh_bptt, False)])
def test_backprop_through_time_is_the_slope_of_the_unrolled_likelihood(model, clamp_u, family, monkeypatch):
    """D20 to D22, with an exact negative phase in the place of the Gibbs chain."""
    rng = np.random.default_rng(5)
    params = harmonium_of(family, rng, n_x=2, n_u=2)
    y = np.stack([frames(params, 3, rng)[1] for _ in range(5)], axis=1)         # (3, 5, n_y)
    u0 = np.zeros((3, 2))
    x_mean = harmonium.forward(params, u0, y)
    u = harmonium.previous_states(params, u0, x_mean)
    local = exact.gradient(params, u.reshape(15, -1), y.reshape(15, -1), clamp_u=clamp_u, y_max=Y_MAX[family])
    x_model = exact.model_hidden_mean(params, u.reshape(15, -1), y_max=Y_MAX[family]).reshape(3, 5, -1)
    monkeypatch.setattr(harmonium, "negative_phase", lambda *args, **kw: harmonium.NegativePhase(None, None, x_model))
    monkeypatch.setattr(harmonium, "contrast", lambda *args: local)
    gradient, _ = model.gradient(params, u, y, x_mean, 1, rng)

    slopes = central_differences(lambda changed: unrolled_log_likelihood(changed, y, clamp_u=clamp_u), params)
    for name, slope in slopes.leaves().items():
        np.testing.assert_allclose(getattr(gradient, name), slope, rtol=1e-6, atol=1e-9, err_msg=name)
    # and the local gradient alone is another: the test can tell
    assert np.abs(local.W_u - gradient.W_u).max() > 1e-3
