"""Enumeration: probabilities, and the exact gradient against central differences."""

import numpy as np
import pytest
from scipy.special import logsumexp

from refh_numpy import exact, harmonium, refh_bptt, rtrbm
from tests.tiny import Y_MAX, assert_gradient, data, harmonium_of


@pytest.mark.parametrize("clamped", [0, 1])
@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_gradient_is_the_derivative_of_the_loss(family, clamped):
    rng = np.random.default_rng(0)
    params = harmonium_of(family, rng)
    u, y = data(params, 4, rng, binary_u=False)  # the u of the data are means in [0, 1]
    settings = dict(clamped=clamped, y_max=Y_MAX[family])
    gradient = exact.gradient(params, u, y, **settings)
    assert_gradient(gradient, lambda p: -exact.log_likelihood(p, u, y, **settings), params)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_probabilities_add_up(family):
    params = harmonium_of(family, np.random.default_rng(1))
    joint = exact.enumerate_states(params, y_max=Y_MAX[family])
    np.testing.assert_allclose(np.exp(joint.log_p).sum(), 1)
    given_u = exact.enumerate_states(params, clamped=1, y_max=Y_MAX[family])
    for u in np.unique(joint.u, axis=0):
        here = (given_u.u == u).all(1)
        np.testing.assert_allclose(np.exp(given_u.log_p[here]).sum(), 1)
        # p(y | u) = p(u, y) / p(u)
        by_bayes = joint.log_p[here] - np.log(np.exp(joint.log_p[here]).sum())
        np.testing.assert_allclose(given_u.log_p[here], by_bayes, atol=1e-12)


def test_log_likelihood_of_enumerated_states_is_their_log_p():
    rng = np.random.default_rng(2)
    params = harmonium_of("bernoulli", rng)
    states = exact.enumerate_states(params)
    np.testing.assert_allclose(
        exact.log_likelihood(params, states.u[[3, 7]], states.y[[3, 7]]),
        states.log_p[[3, 7]].mean(),
    )


def test_what_cannot_be_enumerated():
    rng = np.random.default_rng(3)
    params = harmonium_of("bernoulli", rng)
    with pytest.raises(ValueError, match="params: expected a family that can be enumerated"):
        exact.enumerate_states(harmonium_of("normal", rng))
    with pytest.raises(ValueError, match="params: expected at most"):
        exact.enumerate_states(harmonium_of("bernoulli", rng, n_u=10, n_y=10))
    with pytest.raises(ValueError, match="params: expected at most"):
        exact.enumerate_states(harmonium_of("poisson", rng), y_max=10**8)
    with pytest.raises(TypeError, match="y_max"):
        exact.enumerate_states(harmonium_of("poisson", rng))
    with pytest.raises(ValueError, match="u, y: expected examples among the enumerated"):
        exact.cd_expectation(params, np.full((1, 2), 0.5), np.zeros((1, 2)), 1)


def test_too_many_hidden_units_or_transitions_are_refused_at_once():
    rng = np.random.default_rng(3)
    for sizes in (dict(n_x=26), dict(n_x=16, n_u=5, n_y=5), dict(n_u=7, n_y=7)):
        params = harmonium_of("bernoulli", rng, **sizes)
        u, y = data(params, 1, rng)
        with pytest.raises(ValueError, match=r"params: expected at most .* hidden states"):
            exact.cd_expectation(params, u, y, 1)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda p, u, y: exact.log_likelihood(p, u + 2, y), "u"),
        (lambda p, u, y: exact.log_likelihood(p, u, y[:1]), "y"),
        (lambda p, u, y: exact.gradient(p, u, y, clamped=0.5), "clamped"),
    ],
)
def test_bad_input_is_named(call, name):
    rng = np.random.default_rng(4)
    params = harmonium_of("bernoulli", rng)
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .* got"):
        call(params, *data(params, 3, rng))


def unrolled_log_likelihood(params, y, *, clamped):
    """L of whole sequences y (n_traj, T, n_y) from u_0 = 0, states computed; mean over examples"""
    n_traj, T, _ = y.shape
    u, total, y_max = np.zeros((n_traj, len(params.b_u))), 0, Y_MAX[params.family.name]
    for t in range(T):
        total += exact.log_likelihood(params, u, y[:, t], clamped=clamped, y_max=y_max)
        u = harmonium.hidden_mean(params, u, y[:, t])
    return total / T


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
@pytest.mark.parametrize("model, clamped", [(rtrbm, 1), (refh_bptt, 0)])
def test_bptt_is_the_derivative_of_the_unrolled_likelihood(model, clamped, family, monkeypatch):
    """H8 to H10, with an exact negative phase in the place of the Gibbs chain."""
    rng, y_max = np.random.default_rng(5), Y_MAX[family]
    params = harmonium_of(family, rng, n_x=2, n_u=2)
    y = np.stack([data(params, 3, rng)[1] for _ in range(5)], axis=1)  # (3, 5, n_y)
    u0 = np.zeros((3, 2))
    x_mean = harmonium.forward(params, u0, y)
    u = harmonium.previous_states(params, u0, x_mean)
    flat_u, flat_y = u.reshape(15, -1), y.reshape(15, -1)
    local = exact.gradient(params, flat_u, flat_y, clamped=clamped, y_max=y_max)
    x_model = [
        np.exp(log_w - logsumexp(log_w)) @ harmonium.hidden_mean(params, u_all, y_all)
        for u_all, y_all, log_w in exact._given_u(params, flat_u, y_max)
    ]  # E[x | u], the first term of H9
    negative = harmonium.NegativePhase(None, None, np.reshape(x_model, (3, 5, -1)))
    monkeypatch.setattr(model, "negative_phase", lambda *args, **kw: negative)
    monkeypatch.setattr(model, "cd_gradient", lambda *args: (local, 0.0))
    gradient, _ = model.gradient(params, u, y, x_mean, 1, rng)
    loss = lambda p: -unrolled_log_likelihood(p, y, clamped=clamped)
    assert_gradient(gradient, loss, params)
    # the local gradient alone differs: the test has power
    assert np.abs(local.W_u - gradient.W_u).max() > 1e-3
