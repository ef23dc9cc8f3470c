"""Enumeration itself: probabilities, and the exact gradient against central differences of the exact likelihood."""
import numpy as np
import pytest

from refh_numpy import exact
from tests.tiny import Y_MAX, frames, harmonium_of


@pytest.mark.parametrize("clamp_u", [False, True])
@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_gradient_is_the_slope_of_the_log_likelihood(family, clamp_u):
    rng = np.random.default_rng(0)
    params = harmonium_of(family, rng)
    u, y = frames(params, 4, rng, binary_u=False)                   # data u are means, between 0 and 1
    gradient = exact.gradient(params, u, y, clamp_u=clamp_u, y_max=Y_MAX[family])
    h = 1e-5
    for name, leaf in params.leaves().items():
        slope = np.empty_like(leaf)
        for index in np.ndindex(leaf.shape):
            values = []
            for sign in (1, -1):
                changed = params.map(np.copy)
                getattr(changed, name)[index] += sign * h
                values.append(exact.log_likelihood(changed, u, y, clamp_u=clamp_u, y_max=Y_MAX[family]))
            slope[index] = (values[0] - values[1]) / (2 * h)
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
