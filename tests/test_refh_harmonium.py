"""The harmonium against enumeration: energy, conditionals, Gibbs chain, contrastive divergence."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.special import logsumexp

from refh_numpy import exact, harmonium, hybrid, refh, trbm
from tests.tiny import Y_MAX, data, harmonium_of

DISCRETE = ["bernoulli", "poisson"]
FAMILIES = [*DISCRETE, "normal"]
N_AVERAGES, N_CHAINS = 40, 1000


def all_x(params):
    return np.array(list(product([0.0, 1.0], repeat=len(params.b_x))))


@pytest.mark.parametrize("family", FAMILIES)
def test_free_energy_sums_out_x(family):
    rng = np.random.default_rng(0)
    params = harmonium_of(family, rng)
    for u, y in zip(*data(params, 4, rng), strict=True):
        x = all_x(params)
        energies = harmonium.energy(params, np.tile(u, (len(x), 1)), x, np.tile(y, (len(x), 1)))
        free_energy = harmonium.free_energy(params, u[None], y[None])[0]
        np.testing.assert_allclose(free_energy, -logsumexp(-energies), atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_hidden_mean_is_the_conditional_of_the_energy(family):
    """P4 from H2, one unit flipped: log odds of x_j = E(x_j = 0) - E(x_j = 1)."""
    rng = np.random.default_rng(1)
    params = harmonium_of(family, rng)
    u, y = data(params, 1, rng)
    mean = harmonium.hidden_mean(params, u, y)[0]
    for j in range(len(params.b_x)):
        off, on = np.zeros((1, len(params.b_x))), np.eye(len(params.b_x))[[j]]
        log_odds = harmonium.energy(params, u, off, y) - harmonium.energy(params, u, on, y)
        np.testing.assert_allclose(np.log(mean[j] / (1 - mean[j])), log_odds[0], atol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_visible_conditionals_are_those_of_the_energy(family):
    """P3 and P5 from H2: two states' probabilities given x have the ratio of their exp(-E)."""
    rng = np.random.default_rng(2)
    params = harmonium_of(family, rng)
    (u_1, u_2), (y_1, y_2) = data(params, 2, rng)
    x = np.array([[1.0, 0.0, 1.0]])
    u_mean = harmonium.u_mean(params, x)

    def log_p(u, y):
        log_u = np.log(np.where(u > 0, u_mean, 1 - u_mean)).sum()
        return log_u + params.family.log_density(y, x @ params.W_y + params.b_y).sum()

    E_1, E_2 = (
        harmonium.energy(params, u[None], x, y[None])[0] for u, y in ((u_1, y_1), (u_2, y_2))
    )
    np.testing.assert_allclose(log_p(u_1, y_1) - log_p(u_2, y_2), E_2 - E_1, atol=1e-12)
    eta = x @ params.W_y + params.b_y
    np.testing.assert_allclose(harmonium.y_mean(params, x), params.family.mean(eta))


@pytest.mark.parametrize("differ", [False, True])
def test_p3_and_p4_with_two_matrices_have_no_joint(differ):
    """Given any y, the conditionals of a joint have a ratio p(u | x) / p(x | u) = f(u) h(x)."""
    rng = np.random.default_rng(3)
    params = harmonium_of("bernoulli", rng)
    other = replace(params, W_u=params.W_u + 0.5 * differ)  # W_x of P4
    x, u = all_x(params), np.array(list(product([0.0, 1.0], repeat=len(params.b_u))))
    y = np.ones((len(u), len(params.b_y)))

    def log_p(values, mean):
        return np.log(np.where(values > 0, mean, 1 - mean)).sum(-1)

    of_u = log_p(u, harmonium.u_mean(params, x)[:, None])
    of_x = log_p(x[:, None], harmonium.hidden_mean(other, u, y))
    ratio = of_u - of_x  # (states of x, states of u)
    largest = np.abs(ratio - ratio[:1] - ratio[:, :1] + ratio[0, 0]).max()
    assert (largest > 0.1) if differ else (largest < 1e-12)


@pytest.mark.parametrize("clamped", [0, 1])
@pytest.mark.parametrize("family", DISCRETE)
def test_gibbs_leaves_the_model_distribution_as_it_is(family, clamped):
    """Detailed balance: p_i T_ij = p_j T_ji."""
    params = harmonium_of(family, np.random.default_rng(3))
    states = exact.enumerate_states(params, clamped=clamped, y_max=Y_MAX[family])
    transition = exact.gibbs_transition(params, clamped=clamped, y_max=Y_MAX[family])
    flow = np.exp(states.log_p)[:, None] * transition
    np.testing.assert_allclose(flow, flow.T, atol=1e-12)
    np.testing.assert_allclose(flow.sum(1), np.exp(states.log_p), atol=1e-10)


def cd_gradients(params, u, y, k, rng, *, clamped, noise_fraction=0.0):
    """CD-k gradients, N_AVERAGES times the mean of N_CHAINS chains per example"""
    U, Y = np.tile(u, (N_CHAINS, 1))[:, None], np.tile(y, (N_CHAINS, 1))[:, None]
    x_mean = harmonium.hidden_mean(params, U, Y)
    model = {0: refh, 1: trbm}.get(clamped, hybrid)
    more = {"w": 1 - clamped} if model is hybrid else {}
    for _ in range(N_AVERAGES):
        yield model.gradient(params, U, Y, x_mean, k, rng, noise_fraction, **more).params


def assert_expectation(gradients, expected):
    """The mean of the gradients is within 5 standard errors; returns the largest error"""
    gradients, largest = list(gradients), 0
    for name, leaf in expected.leaves().items():
        samples = np.array([getattr(g, name) for g in gradients])
        error = samples.std(0, ddof=1) / np.sqrt(len(samples))
        assert (np.abs(samples.mean(0) - leaf) <= 5 * error + 1e-12).all(), name
        largest = max(largest, error.max())
    return largest


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("clamped", [0, 0.3, 1])
@pytest.mark.parametrize("family", DISCRETE)
def test_cd_k_has_the_enumerated_expectation(family, clamped, k):
    rng = np.random.default_rng(4)
    params = harmonium_of(family, rng)
    u, y = data(params, 3, rng)
    joint, given_u = (
        exact.cd_expectation(params, u, y, k, clamped=c, y_max=Y_MAX[family]) for c in (0, 1)
    )
    expected = joint.map(lambda a, b: (1 - clamped) * a + clamped * b, given_u)
    gradients = cd_gradients(params, u, y, k, rng, clamped=clamped)
    assert 0 < assert_expectation(gradients, expected) < 0.01


def noise_by_enumeration(params):
    """Values of random observations (n, n_y) and their weights (Gauss-Legendre, if uniform)"""
    if params.family.name == "bernoulli":
        nodes, weights = np.polynomial.legendre.leggauss(16)
        values, p = [(nodes + 1) / 2] * 2, [weights / 2] * 2
    else:
        counts = np.arange(Y_MAX["poisson"] + 1.0)
        values, p = [counts] * 2, [np.exp(params.family.log_density(counts, b)) for b in params.b_y]
    return np.array(list(product(*values))), np.outer(*p).ravel()


def cd_expectation_from_noise(params, u, y, k, *, clamped):
    """As exact.cd_expectation, for chains whose first x is sampled given random observations"""
    y_max = Y_MAX[params.family.name]
    states = exact.enumerate_states(params, y_max=y_max)
    transition = exact.gibbs_transition(params, clamped=clamped, y_max=y_max)
    y_0, weights = noise_by_enumeration(params)
    x = all_x(params)
    log_y = params.family.log_density(states.y, (x @ params.W_y + params.b_y)[:, None]).sum(-1)
    end = np.zeros(len(states.u))
    for u_t in u:
        x_mean = harmonium.hidden_mean(params, np.tile(u_t, (len(y_0), 1)), y_0)
        p_x = weights @ exact.bernoulli_probability(x, x_mean)
        if clamped:
            p_u = (states.u == u_t).all(1)[None]
        else:
            p_u = exact.bernoulli_probability(states.u, harmonium.u_mean(params, x))
        end += p_x @ (p_u * np.exp(log_y)) / len(u)
    end = end @ np.linalg.matrix_power(transition, k - 1)
    positive = exact.expected_statistics(params, u, y, np.full(len(u), 1 / len(u)))
    negative = exact.expected_statistics(params, states.u, states.y, end)
    return positive.map(np.subtract, negative)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("clamped", [0, 1])
@pytest.mark.parametrize("family", DISCRETE)
def test_chains_from_noise_have_the_enumerated_expectation(family, clamped, k):
    """Q2 with a noise_fraction between 0 and 1: the mixture of two different expectations."""
    rng, fraction = np.random.default_rng(14), 0.4
    params = harmonium_of(family, rng)
    u, y = data(params, 3, rng)
    from_data = exact.cd_expectation(params, u, y, k, clamped=clamped, y_max=Y_MAX[family])
    from_noise = cd_expectation_from_noise(params, u, y, k, clamped=clamped)
    if k == 1:
        assert np.abs(from_data.W_y - from_noise.W_y).max() > 1e-3
    expected = from_data.map(lambda a, b: (1 - fraction) * a + fraction * b, from_noise)
    assert_expectation(
        cd_gradients(params, u, y, k, rng, clamped=clamped, noise_fraction=fraction), expected
    )


@pytest.mark.parametrize("clamped", [0, 1])
def test_the_bias_of_cd_k_vanishes_with_k(clamped):
    """And with k = 1 it is there."""
    rng = np.random.default_rng(5)
    params = harmonium_of("bernoulli", rng)
    u, y = data(params, 3, rng)
    unbiased = exact.gradient(params, u, y, clamped=clamped)

    def distance(k):
        cd = exact.cd_expectation(params, u, y, k, clamped=clamped)
        return max(
            np.abs(leaf - getattr(unbiased, name)).max() for name, leaf in cd.leaves().items()
        )

    assert distance(1) > 1e-3
    assert distance(200) < 1e-9


def test_clamped_u_is_not_touched():
    rng = np.random.default_rng(6)
    params = harmonium_of("poisson", rng)
    u, y = data(params, 50, rng, binary_u=False)
    x = np.rint(harmonium.hidden_mean(params, u, y))
    assert harmonium.gibbs(params, u, x, 4, rng, clamped=1)[0] is u
    redrawn = harmonium.gibbs(params, u, x, 4, rng, clamped=0)[0]
    assert set(np.unique(redrawn)) == {0.0, 1.0}
    half = np.arange(50)[:, None] < 25
    some = hybrid.gibbs(params, u, x, 4, rng, clamped=half)[0]
    np.testing.assert_array_equal(some[:25], u[:25])
    assert set(np.unique(some[25:])) == {0.0, 1.0}


def test_the_static_harmonium_is_the_case_without_u():
    rng = np.random.default_rng(7)
    params = harmonium_of("bernoulli", rng, n_u=0)
    y = np.rint(rng.random((5, 4, 2)))
    x_mean = harmonium.forward(params, np.zeros((5, 0)), y)
    np.testing.assert_allclose(x_mean, harmonium.sigmoid(y @ params.W_y.T + params.b_x))
    assert harmonium.previous_states(params, np.zeros((5, 0)), x_mean).shape == (5, 4, 0)
    exact_sum = np.exp(exact.enumerate_states(params).log_p).sum()
    np.testing.assert_allclose(exact_sum, 1)


def test_forward_is_the_conditional_step_after_step():
    rng = np.random.default_rng(8)
    params = harmonium_of("poisson", rng, n_u=3)
    y = rng.poisson(1.0, (4, 5, 2)).astype(float)
    u = start = rng.random((4, 3))
    x_mean = harmonium.forward(params, start, y)
    u_prev = harmonium.previous_states(params, start, x_mean)
    for t in range(5):
        np.testing.assert_allclose(u_prev[:, t], u, atol=1e-14)
        u = harmonium.hidden_mean(params, u, y[:, t])
        np.testing.assert_allclose(x_mean[:, t], u, atol=1e-14)
