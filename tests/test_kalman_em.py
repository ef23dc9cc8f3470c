"""EM: the likelihood never falls, a known system is found again, the M step is at a maximum."""
from dataclasses import replace

import numpy as np
import pytest

from kalman import em, filtering, lds
from tests.dense_gaussian import random_model

R = np.diag([0.1, 0.2])


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    angle = 0.3
    A = 0.98 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    model = lds.LDS(A, C=[[1, 0], [0.5, 1]], Sigma_z=np.diag([0.02, 0.05]), mu_0=[1, -1], Sigma_0=np.diag([0.5, 0.3]))
    z, y = lds.simulate(model, 60, 200, R, rng)
    return model, y


@pytest.mark.parametrize("learn_C", [False, True])
def test_likelihood_never_falls(data, learn_C):
    _, y = data
    y = y[:5, :50].copy()
    y[1, 10:20] = np.nan
    start = random_model(2, 2, np.random.default_rng(0))
    curve = em.fit([start], y, R, n_iterations=60, tolerance=0, learn_C=learn_C).log_likelihoods[0]
    assert curve[-1] > curve[0] + 10
    assert np.diff(curve).min() > -1e-9 * abs(curve[0])


def test_a_known_system_is_found_again(data):
    model, y = data
    start = replace(model, A=np.eye(2) * 0.5, Sigma_z=np.eye(2), mu_0=np.zeros(2), Sigma_0=np.eye(2))
    found = em.fit([start], y, R, n_iterations=300, tolerance=1e-9).model
    np.testing.assert_allclose(found.A, model.A, atol=0.01)
    np.testing.assert_allclose(found.Sigma_z, model.Sigma_z, atol=0.005)
    np.testing.assert_allclose(found.mu_0, model.mu_0, atol=5 * np.sqrt(0.5 / 60))
    np.testing.assert_allclose(np.diag(found.Sigma_0), np.diag(model.Sigma_0), rtol=0.6)


def test_a_learnt_C_predicts_as_well_as_the_true_one(data):
    """C and z are only determined up to a change of basis, so it is the likelihood that is compared."""
    model, y = data
    start = random_model(2, 2, np.random.default_rng(1))
    fit = em.fit([start], y, R, n_iterations=300, learn_C=True)
    truth = filtering.kalman_filter(model, y, R).log_likelihood.sum()
    assert abs(fit.log_likelihoods[0][-1] - truth) < 30          # of 24 000 numbers; a fit to them gains a little
    eigenvalues = np.sort_complex(np.linalg.eigvals(fit.model.A))
    np.testing.assert_allclose(eigenvalues, np.sort_complex(np.linalg.eigvals(model.A)), atol=0.01)


def test_converged_parameters_are_a_maximum(data):
    """Central differences of the log likelihood vanish there: E step, M step and filter agree with each other."""
    _, y = data
    y = y[:3, :40]
    start = random_model(2, 2, np.random.default_rng(0))
    model = em.fit([start], y, R, n_iterations=20000, tolerance=1e-13, learn_C=True).model

    def slope(name, index, h=1e-4):
        values = []
        for sign in (1, -1):
            changed = getattr(model, name).copy()
            changed[index] += sign * h
            values.append(filtering.kalman_filter(replace(model, **{name: changed}), y, R).log_likelihood.sum())
        return (values[0] - values[1]) / (2 * h)

    for name in ("A", "C"):
        for index in np.ndindex(2, 2):
            assert abs(slope(name, index)) < 0.05, (name, index)
    for index in range(2):
        assert abs(slope("mu_0", (index,))) < 0.05


def test_the_best_start_is_kept(data):
    model, y = data
    bad = replace(model, A=-0.9 * np.eye(2))
    fit = em.fit([bad, model], y, R, n_iterations=3)
    assert fit.best == 1 and len(fit.log_likelihoods) == 2
    assert fit.log_likelihoods[1][-1] > fit.log_likelihoods[0][-1]


def test_em_on_the_circle():
    """The same walk, wrapped and unrolled, teaches the same model."""
    start = em.random_walk(position_variance=1.0, step_variance=0.1)
    rng = np.random.default_rng(0)
    y = np.cumsum(0.05 + 0.1 * rng.standard_normal((4, 300, 1)), axis=1)
    line = em.fit([start], y, [[0.01]], n_iterations=20, tolerance=0, learn_C=True)
    circle = em.fit([start], (y + 1) % 2 - 1, [[0.01]], period=[2.0], n_iterations=20, tolerance=0, learn_C=True)
    assert np.abs(y).max() > 3
    np.testing.assert_allclose(circle.log_likelihoods[0], line.log_likelihoods[0], rtol=1e-9)
    np.testing.assert_allclose(circle.model.C, line.model.C, rtol=1e-9)


def test_starts_are_what_their_names_say():
    start = em.constant_velocity(dt=0.05, position_variance=1, velocity_variance=2, step_variance=3)
    np.testing.assert_allclose(start.A @ [1, 2], [1.1, 2])
    np.testing.assert_allclose(np.diag(start.Sigma_0), [1, 2])
    assert em.random_walk(1, 2).n_z == 1


def test_callback_sees_every_iteration(data):
    model, y = data
    seen = []
    fit = em.fit([model, model], y[:2], R, n_iterations=3, tolerance=0, callback=lambda *args: seen.append(args))
    assert [s[:2] for s in seen] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert seen[0][2] == fit.log_likelihoods[0][0]


@pytest.mark.parametrize("change, name", [
    (dict(starts=[]), "starts"), (dict(starts=[None]), "starts"), (dict(starts=np.eye(2)), "starts"), (dict(n_iterations=0), "n_iterations"), (dict(tolerance=-1), "tolerance"),
    (dict(y=np.zeros((2, 1, 2))), "y"), (dict(y=np.zeros((2, 5, 3))), "y"), (dict(R=np.eye(3)), "R")])
def test_bad_input_is_named(data, change, name):
    model, y = data
    arguments = dict(starts=[model], y=y[:2], R=R, n_iterations=2) | change
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        em.fit(**arguments)


@pytest.mark.parametrize("name", ["dt", "position_variance", "velocity_variance", "step_variance"])
def test_bad_starts_are_named(name):
    with pytest.raises(ValueError, match=name):
        em.constant_velocity(**(dict(dt=1, position_variance=1, velocity_variance=1, step_variance=1) | {name: 0}))
