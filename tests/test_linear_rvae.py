"""The linear theory of the rVAE: against simulation, against its own loss, against the filter."""

import numpy as np
import pytest

from examples.ppc import linear_theory as theory
from kalman import filtering, lds
from tests.differences import derivatives

SIGMA = 0.07


@pytest.fixture(scope="module")
def fixed_point():
    """Where two latents end, initialised near the identity: F, G, W, c, each with a leading 1."""
    F, G = theory.init_near_identity(2, np.random.default_rng(0))
    return theory.iterate(F, G, SIGMA, 4000)


def test_it_is_second_order(fixed_point):
    (result,) = theory.measure(*fixed_point, SIGMA)
    assert theory.outcome(result) == "second_order" and result["velocity_r2"] > 0.9
    assert 1.2 * theory.optimal_filter() < result["mse"] < 4e-4


def test_it_is_a_fixed_point_of_the_loss_with_the_states_as_data(fixed_point):
    """Central differences of the loss along W and c, with V held fixed: the gradient is zero."""
    F, G, W, c = fixed_point
    V = theory.data_covariance(theory.stationary(F, G))
    for leaf in (W, c):
        slopes = derivatives(lambda: theory.loss(W, c, SIGMA, V)[0], leaf, 1e-5)
        assert np.abs(slopes).max() < 1e-3
    # and the loss does depend on them
    assert theory.loss(W * 1.05, c, SIGMA, V) > theory.loss(W, c, SIGMA, V) + 1e-2


def test_the_loss_falls_further_if_the_states_change_too(fixed_point):
    """What the local rule ignores: states that shrink with the weights would lower the loss."""
    F, G, W, c = fixed_point
    at_rest = theory.loss(W, c, SIGMA, theory.data_covariance(theory.stationary(F, G)))
    smaller = theory.data_covariance(theory.stationary(F, 0.9 * G))
    assert theory.loss(0.9 * W, c, SIGMA, smaller) < at_rest


def test_covariances_are_those_of_a_simulation(fixed_point):
    F, G, _, c = (array[0] for array in fixed_point)
    simulated = theory.simulate(F, G, c, np.random.default_rng(1))
    (result,) = theory.measure(*fixed_point, SIGMA)
    np.testing.assert_allclose(simulated["mse"], result["mse"], rtol=0.05)
    np.testing.assert_allclose(simulated["velocity_r2"], result["velocity_r2"], atol=0.02)


def test_coasting_is_that_of_a_simulation(fixed_point):
    """100 000 free runs from the stationary state, next to the oscillator."""
    F, G, W, c = (array[0] for array in fixed_point)
    rng = np.random.default_rng(7)
    S = theory.stationary(F[None], G[None])[0]
    draws = rng.multivariate_normal(np.zeros(4), S, size=100_000)
    z, u = draws[:, :2], draws[:, 2:]
    z_0, estimate = z, u @ c
    found = theory.coasting(*fixed_point, SIGMA)
    for k in range(1, 41):
        z = z @ theory.A.T + rng.standard_normal(z.shape) * np.sqrt(np.diag(theory.Q))
        # E[x | u], the mean of p(x | u) under the model, is what it expects to emit
        precision = np.eye(2) + W.T @ W / SIGMA**2
        x = np.linalg.solve(precision, W.T @ u.T / SIGMA**2).T
        u = u @ F.T + (x @ c)[:, None] * G
        if f"{k}" in found:
            d, D = u @ c - estimate, (z - z_0) @ theory.C
            np.testing.assert_allclose(d @ D / (D @ D), found[f"{k}"][0], atol=0.02)
    assert found["5"][0] > 0.8


def test_one_latent_stays_where_it_is():
    one = theory.iterate(np.full((1, 1, 1), 0.9), np.full((1, 1), 0.3), 0.05, 4000)
    assert all(abs(slope[0]) < 0.02 for slope in theory.coasting(*one, 0.05).values())


def test_the_slope_of_the_state_is_that_of_its_regression_on_the_position(fixed_point):
    F, G = fixed_point[0][0], fixed_point[1][0]
    S = theory.stationary(F[None], G[None])[0]
    draws = np.random.default_rng(5).multivariate_normal(np.zeros(4), S, size=100_000)
    weights = np.linalg.lstsq(draws[:, :1], draws[:, 2:], rcond=None)[0]
    (result,) = theory.measure(*fixed_point, SIGMA)
    np.testing.assert_allclose(result["slope"], np.linalg.norm(weights), rtol=0.02)


def test_a_code_of_the_linear_slope_is_not_rescaled():
    result = theory.rescaled(0.2, theory.rescaled(0.2, 2.4, 500)["slope"], 500)
    np.testing.assert_allclose(result["sigma_u"], 0.2, rtol=0.01)
    twice = theory.rescaled(0.2, 2 * result["slope"], 500)
    np.testing.assert_allclose(twice["sigma_u"], 0.1, rtol=0.01)
    assert twice["mse"] < result["mse"]  # past is kept more precisely


def test_the_exact_posterior_is_that_of_the_joint():
    """E-step against conditioning the joint covariance of (x, u, y)."""
    rng = np.random.default_rng(2)
    W, c = rng.standard_normal((1, 2, 2)), rng.standard_normal((1, 2))
    F, G, Upsilon = theory.e_step(W, c, 0.3)
    L = np.concatenate([W[0], c], axis=0)
    gain = L.T @ np.linalg.inv(L @ L.T + np.diag([0.09, 0.09, theory.R]))
    np.testing.assert_allclose(np.concatenate([F[0], G[0][:, None]], axis=1), gain, atol=1e-10)
    np.testing.assert_allclose(Upsilon[0], np.eye(2) - gain @ L, atol=1e-10)


def test_learning_from_samples_ends_where_the_covariances_say(fixed_point):
    """The local rule on 3000 simulated trajectories, one time step per iteration."""
    rng = np.random.default_rng(3)
    n_traj = 3000
    F, G = theory.init_near_identity(2, np.random.default_rng(0))
    (there,) = theory.measure(*fixed_point, SIGMA)
    Upsilon = SIGMA**2 * np.eye(2)[None]
    S = theory.stationary(F, G)[0]
    first = rng.multivariate_normal(np.zeros(4), S, size=n_traj)
    z, u = first[:, :2], first[:, 2:]
    for _ in range(6000):
        noise = rng.standard_normal((n_traj, 2)) * np.sqrt(np.diag(theory.Q))
        z = z @ theory.A.T + noise
        y = z @ theory.C + rng.standard_normal(n_traj) * np.sqrt(theory.R)
        v = np.column_stack([u, y])
        W, c = theory.m_step(F, G, Upsilon, (v.T @ v / n_traj)[None])
        u = u @ F[0].T + y[:, None] * G[0]
        F, G, Upsilon = (
            old + theory.STRIDE * (new - old)
            for old, new in zip((F, G, Upsilon), theory.e_step(W, c, SIGMA), strict=True)
        )
    here = theory.measure(F, G, W, c, SIGMA)[0]
    np.testing.assert_allclose(here["mse"], there["mse"], rtol=0.1)
    assert theory.outcome(here) == theory.outcome(there) == "second_order"
    np.testing.assert_allclose(
        sorted(e[0] for e in here["eigenvalues"]),
        sorted(e[0] for e in there["eigenvalues"]),
        atol=0.05,
    )


def test_the_optimal_filter_is_the_kalman_filter():
    model = lds.LDS(theory.A, theory.C[None], theory.Q, np.zeros(2), np.eye(2))
    post = filtering.kalman_filter(
        model, np.zeros((1, 3000, 1)), np.array([[theory.R]]), compiled=False
    )
    np.testing.assert_allclose(theory.optimal_filter(), post.cov[0, -1, 0, 0], rtol=1e-6)


def test_a_negative_eigenvalue_becomes_an_autonomous_mode_of_lower_loss(fixed_point):
    F, G = np.diag([-0.9, 0.4])[None], np.array([[0.3, 0.2]])
    end = theory.iterate(F, G, SIGMA, 4000)
    (result,) = theory.measure(*end, SIGMA)
    assert theory.outcome(result) == "autonomous"
    assert result["loss"] < theory.measure(*fixed_point, SIGMA)[0]["loss"]
    inits = (F, G), theory.init_near_identity(2, np.random.default_rng(0))
    early = [
        theory.autocorrelation(*theory.iterate(*init, SIGMA, theory.N_EARLY)[:2])[0]
        for init in inits
    ]
    assert early[0] < 0 < early[1]


def test_the_autocorrelation_is_that_of_a_simulation():
    F, G = np.array([[0.5, 0.2], [-0.3, -0.4]]), np.array([0.5, -0.2])
    rng = np.random.default_rng(4)
    z, u = np.zeros((5000, 2)), np.zeros((5000, 2))
    covariance = theory.stationary(F[None], G[None])[0, :2, :2]
    z += rng.multivariate_normal(np.zeros(2), covariance, size=5000)
    for _ in range(60):
        before = u
        z = z @ theory.A.T + rng.standard_normal(z.shape) * np.sqrt(np.diag(theory.Q))
        y = z @ theory.C + rng.standard_normal(len(z)) * np.sqrt(theory.R)
        u = u @ F.T + y[:, None] * G
    simulated = np.trace(u.T @ before @ np.linalg.inv(before.T @ before))
    np.testing.assert_allclose(theory.autocorrelation(F[None], G[None])[0], simulated, atol=0.05)


def test_rotations_turn_by_their_angle():
    np.testing.assert_allclose(theory.rotation(90) @ [1, 0], [0, 1], atol=1e-12)
    both = theory.rotation(30) @ theory.rotation(60)
    np.testing.assert_allclose(both, theory.rotation(90), atol=1e-12)
