"""EM: the likelihood never falls, a known system is recovered, the M step is at a maximum."""

from dataclasses import replace

import numpy as np
import pytest

from kalman import em, filtering, lds
from tests.dense_gaussian import random_model

R = np.diag([0.1, 0.2])
DYNAMICS = ("A", "Sigma_z", "mu_0", "Sigma_0")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    angle = 0.3
    A = 0.98 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    model = lds.LDS(
        A,
        C=[[1, 0], [0.5, 1]],
        Sigma_z=np.diag([0.02, 0.05]),
        mu_0=[1, -1],
        Sigma_0=np.diag([0.5, 0.3]),
    )
    _, y = lds.simulate(model, 60, 200, R, rng)
    return model, y


@pytest.mark.parametrize(
    "learn",
    [DYNAMICS, (*DYNAMICS, "C"), (*DYNAMICS, "R"), (*DYNAMICS, "C", "R"), ("A", "R"), ("Sigma_z",)],
)
def test_likelihood_never_falls(data, learn):
    _, y = data
    y = y[:5, :50].copy()
    y[1, 10:20] = y[2, 30:] = y[:, 5:9, 1] = np.nan
    start = random_model(2, 2, np.random.default_rng(0))
    curve = em.fit([start], y, R, n_iterations=60, tolerance=0, learn=learn).log_likelihoods[0]
    assert curve[-1] > curve[0] + 1
    assert np.diff(curve).min() > -1e-9 * abs(curve[0])


def test_what_is_not_learnt_is_a_copy(data):
    fit = em.fit([data[0]], data[1][:3, :20], R, learn=("A",), n_iterations=2, tolerance=0)
    np.testing.assert_array_equal(fit.R, R)
    assert not np.shares_memory(fit.R, R)


def test_a_known_system_is_recovered(data):
    model, y = data
    start = replace(
        model, A=np.eye(2) * 0.5, Sigma_z=np.eye(2), mu_0=np.zeros(2), Sigma_0=np.eye(2)
    )
    found = em.fit([start], y, R, n_iterations=300, tolerance=1e-9).model
    np.testing.assert_allclose(found.A, model.A, atol=0.01)
    np.testing.assert_allclose(found.Sigma_z, model.Sigma_z, atol=0.005)
    np.testing.assert_allclose(found.mu_0, model.mu_0, atol=5 * np.sqrt(0.5 / 60))
    np.testing.assert_allclose(np.diag(found.Sigma_0), np.diag(model.Sigma_0), rtol=0.6)


def test_a_learnt_C_predicts_as_well_as_the_true_one(data):
    """C and z are determined up to a change of basis only: the likelihood is compared."""
    model, y = data
    start = random_model(2, 2, np.random.default_rng(1))
    fit = em.fit([start], y, R, n_iterations=300, learn=(*DYNAMICS, "C"))
    truth = filtering.kalman_filter(model, y, R).log_likelihood.sum()
    assert abs(fit.log_likelihoods[0][-1] - truth) < 30  # of 24 000 numbers
    eigenvalues = np.sort_complex(np.linalg.eigvals(fit.model.A))
    np.testing.assert_allclose(eigenvalues, np.sort_complex(np.linalg.eigvals(model.A)), atol=0.01)


def likelihood_gradient(model, y, R, names, h=1e-5):
    """The largest derivative of the log likelihood, by central differences of the filter"""
    largest = 0
    for name in names:
        value = R if name == "R" else getattr(model, name)
        for index in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                changed = value.copy()
                changed[index] += sign * h
                if name in ("Sigma_z", "R"):
                    changed = (changed + changed.T) / 2
                at = (model, changed) if name == "R" else (replace(model, **{name: changed}), R)
                ends.append(filtering.kalman_filter(at[0], y, at[1]).log_likelihood.sum())
            largest = max(largest, abs(ends[0] - ends[1]) / (2 * h))
    return largest


@pytest.mark.parametrize("missing", [False, True])
def test_converged_parameters_are_a_maximum(missing):
    """The gradient of the log likelihood vanishes: E step, M step and filter agree."""
    A, C = np.array([[0.8, 0.3], [-0.3, 0.8]]), [[1, 0.2], [0.3, 1]]
    start = lds.LDS(A, C, [[0.5, 0.1], [0.1, 0.3]], np.zeros(2), np.eye(2))
    noise, learn = np.array([[0.2, 0.05], [0.05, 0.1]]), ("A", "Sigma_z", "R")
    _, y = lds.simulate(start, 3, 60, noise, np.random.default_rng(2))
    if missing:
        y[0, 5:9, 0] = y[1, ::3, 1] = y[2, 30:] = y[1, 4] = np.nan
    fit = em.fit([start], y, noise, learn=learn, tolerance=0, n_iterations=400)
    assert likelihood_gradient(start, y, noise, learn) > 10
    assert likelihood_gradient(fit.model, y, fit.R, learn) < 1e-3
    for name in ("C", "mu_0", "Sigma_0"):
        np.testing.assert_array_equal(getattr(fit.model, name), getattr(start, name))


def test_converged_dynamics_and_C_are_a_maximum(data):
    y, start = data[1][:3, :40], random_model(2, 2, np.random.default_rng(0))
    fit = em.fit([start], y, R, n_iterations=400, tolerance=0, learn=(*DYNAMICS, "C"))
    assert likelihood_gradient(start, y, R, ("A", "C", "mu_0")) > 100
    assert likelihood_gradient(fit.model, y, R, ("A", "C", "mu_0")) < 0.02


@pytest.mark.parametrize("n_iterations", [1, 5, 20])
def test_the_model_returned_is_the_one_of_the_best_likelihood(data, n_iterations):
    model, y = data
    start = random_model(2, 2, np.random.default_rng(0))
    fit = em.fit([start, model], y[:5, :50], R, n_iterations=n_iterations, tolerance=0)
    assert [len(curve) for curve in fit.log_likelihoods] == [n_iterations + 1] * 2
    best = max(max(curve) for curve in fit.log_likelihoods)
    assert filtering.kalman_filter(fit.model, y[:5, :50], R).log_likelihood.sum() == best


@pytest.mark.parametrize("start", [em.random_walk(1.0, 1.0), em.constant_velocity(1, 1, 1, 1)])
def test_large_offsets_and_small_noise(start):
    """A ramp far from 0, almost without noise: its step is learnt all the same, or more."""
    y = (1e8 + np.arange(50.0))[None, :, None]
    fit = em.fit([start], y, [[1e-8]], tolerance=0)
    curve = np.array(fit.log_likelihoods[0])
    assert np.isfinite(curve).all() and max(curve) > curve[0] + 1e10
    filtered = filtering.kalman_filter(fit.model, y, [[1e-8]])
    np.testing.assert_allclose(filtered.mean[..., 0], y[..., 0], atol=1e-3)


@pytest.mark.parametrize("learn, where", [(DYNAMICS, " after the first .*"), (("C", "R"), "")])
def test_nothing_observed_is_refused(learn, where):
    y = np.full((2, 5, 1), np.nan)
    with pytest.raises(ValueError, match=f"^y: expected observations{where}, got none"):
        em.fit([em.random_walk(1, 1)], y, [[1.0]], learn=learn)


def test_trials_of_one_step_teach_all_but_the_transition():
    """Against the moments of y: E[y^2] = Sigma_0 + R where mu_0 = 0, and y ~ N(mu_0, Sigma_0 + R)
    otherwise"""
    y = np.random.default_rng(0).normal(1, 2, (400, 1, 1))
    start = em.random_walk(1, 1)
    learnt = em.fit([start], y, [[1.0]], learn=("R",), tolerance=1e-12)
    np.testing.assert_allclose(learnt.R, np.mean(y**2) - 1, rtol=1e-5)
    first = em.fit([start], y, [[1.0]], learn=("mu_0", "Sigma_0"), tolerance=1e-12).model
    np.testing.assert_allclose((first.mu_0[0], first.Sigma_0[0, 0]), (y.mean(), y.var() - 1), 1e-5)
    with pytest.raises(ValueError, match=r"^y: .* to learn a transition, got none"):
        em.fit([start], y, [[1.0]], learn=("A", "R"))


def test_a_component_that_is_never_observed_has_no_C(data):
    model, y = data
    y = y[:2, :9].copy()
    y[..., 1] = np.nan
    with pytest.raises(ValueError, match=r"^y: expected observations that determine .*got"):
        em.fit([model], y, R, learn=(*DYNAMICS, "C"))


def test_the_best_initial_model_is_kept(data):
    model, y = data
    bad = replace(model, A=-0.9 * np.eye(2))
    fit = em.fit([bad, model], y, R, n_iterations=3, tolerance=0)
    assert fit.best == 1 and len(fit.log_likelihoods) == 2
    assert fit.log_likelihoods[1][-1] > fit.log_likelihoods[0][-1]


def test_em_on_the_circle():
    """The same walk, wrapped and unrolled, gives the same model."""
    start = em.random_walk(position_variance=1.0, step_variance=0.1)
    rng = np.random.default_rng(0)
    y = np.cumsum(0.05 + 0.1 * rng.standard_normal((4, 300, 1)), axis=1)
    line = em.fit([start], y, [[0.01]], n_iterations=20, tolerance=0, learn=(*DYNAMICS, "C"))
    circle = em.fit(
        [start],
        (y + 1) % 2 - 1,
        [[0.01]],
        period=[2.0],
        n_iterations=20,
        tolerance=0,
        learn=(*DYNAMICS, "C"),
    )
    assert np.abs(y).max() > 3
    np.testing.assert_allclose(circle.log_likelihoods[0], line.log_likelihoods[0], rtol=1e-9)
    np.testing.assert_allclose(circle.model.C, line.model.C, rtol=1e-9)


def test_initial_models_are_what_their_names_say():
    start = em.constant_velocity(dt=0.05, position_variance=1, velocity_variance=2, step_variance=3)
    np.testing.assert_allclose(start.A @ [1, 2], [1.1, 2])
    np.testing.assert_allclose(np.diag(start.Sigma_0), [1, 2])
    assert em.random_walk(1, 2).n_z == 1


def test_the_callback_is_called_at_every_iteration(data):
    model, y = data
    calls = []
    fit = em.fit(
        [model, model],
        y[:2],
        R,
        n_iterations=3,
        tolerance=0,
        callback=lambda *arguments: calls.append(arguments),
    )
    assert [call[:2] for call in calls] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [call[2] for call in calls[:3]] == fit.log_likelihoods[0][:3]


@pytest.mark.parametrize(
    "change, name",
    [
        ({"initial_models": []}, "initial_models"),
        ({"learn": "A"}, "learn"),
        ({"learn": ()}, "learn"),
        ({"learn": ["A", "B"]}, "learn"),
        ({"learn": ["R"], "R": np.tile(R, (2, 200, 1, 1))}, "R"),
        ({"initial_models": [em.random_walk(1, 1), em.constant_velocity(1, 1, 1, 1)]}, "y"),
        ({"y": np.where(np.arange(5)[:, None] > 0, np.nan, np.zeros((2, 5, 2)))}, "y"),
        ({"y": np.zeros((2, 1, 2))}, "y"),
    ],
)
def test_bad_input_is_named(data, change, name):
    model, y = data
    arguments = {"initial_models": [model], "y": y[:2], "R": R, "n_iterations": 2} | change
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .* got"):
        em.fit(**arguments)
