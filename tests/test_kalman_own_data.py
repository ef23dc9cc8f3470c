"""What users bring: unknown noise, known dimensions, offsets, trials of unequal length, priors that
are as good as none; with the values of the other libraries where these are installed."""

import copy
import warnings
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler  # what carries jobs to workers

import numpy as np
import pytest

import kalman
from kalman import em, filtering
from tests.dense_gaussian import random_covariance, random_model

DYNAMICS = ("A", "Sigma_z", "mu_0", "Sigma_0")


# A dimension that is known exactly: an offset as a constant state

OFFSET = kalman.LDS(
    A=[[0.9, 1], [0, 1]],
    C=[[1, 0]],
    Sigma_z=np.diag([0.1, 0]),
    mu_0=[0, 2],
    Sigma_0=np.diag([1, 0]),
)


def offset_data(n_traj=1):
    return kalman.simulate(OFFSET, n_traj, 50, [[0.1]], np.random.default_rng(0))[1]


def test_an_offset_is_that_of_statsmodels():
    library = pytest.importorskip("statsmodels.tsa.statespace.kalman_smoother")
    y = offset_data()
    other = library.KalmanSmoother(k_endog=1, k_states=2, tolerance=0)
    other["transition"], other["design"] = OFFSET.A, OFFSET.C
    other["selection"], other["state_cov"] = np.eye(2), OFFSET.Sigma_z
    other["obs_cov"] = np.array([[0.1]])
    other.initialize_known(OFFSET.mu_0, OFFSET.Sigma_0)
    other.bind(y[0].copy())
    theirs, ours = other.smooth(), kalman.rts_smoother(OFFSET, y, [[0.1]])
    np.testing.assert_allclose(ours.mean[0], theirs.smoothed_state.T, atol=1e-8)
    cov = np.moveaxis(theirs.smoothed_state_cov, -1, 0)
    np.testing.assert_allclose(ours.cov[0], cov, atol=1e-8)
    np.testing.assert_allclose(ours.log_likelihood[0], theirs.llf_obs.sum(), atol=1e-8)


def test_em_learns_an_offset_and_keeps_what_is_known():
    y = offset_data(200)
    start = replace(OFFSET, A=[[0.5, 0.1], [0, 1]], Sigma_z=np.diag([1.0, 0]))
    fit = kalman.fit([start], y, [[0.1]], tolerance=1e-9)
    assert fit.converged
    np.testing.assert_allclose(fit.model.A, OFFSET.A, atol=0.03)
    np.testing.assert_array_equal(fit.model.A[1], [0, 1])
    np.testing.assert_array_equal(fit.model.Sigma_z[1], 0)
    np.testing.assert_array_equal(fit.model.Sigma_0[1], 0)
    assert fit.model.mu_0[1] == 2
    curve = np.array(fit.log_likelihoods[0])
    assert np.diff(curve).min() > -1e-9 * abs(curve[0])


@pytest.mark.parametrize("seed", range(3))
def test_em_is_the_same_where_no_axis_is_the_known_direction(seed):
    """The offset in other coordinates: rounding must leave no variance below 0"""
    S, y = np.array([[1, 0.7], [-0.4, 1.2]]), offset_data(3)[:, :40]
    y = y + 0.1 * np.random.default_rng(seed).standard_normal(y.shape)
    inverse = np.linalg.inv(S)
    turned = kalman.LDS(
        S @ OFFSET.A @ inverse,
        OFFSET.C @ inverse,
        S @ OFFSET.Sigma_z @ S.T,
        S @ OFFSET.mu_0,
        S @ OFFSET.Sigma_0 @ S.T,
    )
    settings = dict(learn=("A", "Sigma_z"), n_iterations=15, tolerance=0)
    plain = kalman.fit([OFFSET], y, [[0.1]], **settings)
    fit = kalman.fit([turned], y, [[0.1]], **settings)
    np.testing.assert_allclose(inverse @ fit.model.A @ S, plain.model.A, atol=1e-8)
    np.testing.assert_allclose(fit.log_likelihoods[0], plain.log_likelihoods[0], atol=1e-8)


def test_em_keeps_A_in_a_direction_in_which_nothing_varies():
    """A known dimension that is 0 throughout determines no entry of A"""
    start = replace(OFFSET, mu_0=[0, 0])
    fit = kalman.fit([start], offset_data(5) - 20, [[0.1]], n_iterations=5, tolerance=0)
    assert fit.model.A[0, 1] == pytest.approx(1) and fit.model.A[0, 0] != start.A[0, 0]


# Trials of unequal length


def test_short_trials_do_not_slow_em_down():
    """One trial of 2000 steps, 19 of 50, padded by NaN: case of statsmodels #10157, dynamax #37"""
    true = kalman.LDS(
        [[1, 0.05], [-0.5, 0.97]], [[1, 0]], np.diag([1e-4, 1e-3]), [0, 0], np.eye(2) * 0.3
    )
    _, y = kalman.simulate(true, 20, 2000, [[0.01]], np.random.default_rng(0))
    y[1:, 50:] = np.nan
    fit = kalman.fit([em.constant_velocity(0.05, 0.3, 0.3, 1e-3)], y, [[0.01]], n_iterations=200)
    assert fit.converged and len(fit.log_likelihoods[0]) < 110
    assert fit.model.A[1, 1] == pytest.approx(0.97, abs=0.003)
    assert fit.log_likelihoods[0][-1] == pytest.approx(2350.0, abs=0.5)


def test_padding_changes_nothing():
    """Trials side by side, padded, and further NaN behind all: the same fit"""
    model = random_model(2, 1, np.random.default_rng(0))
    _, y = kalman.simulate(model, 3, 40, [[0.1]], np.random.default_rng(0))
    padded = np.concatenate([y, np.full((3, 30, 1), np.nan)], axis=1)
    settings = {"R": [[0.1]], "n_iterations": 20, "tolerance": 0, "learn": (*DYNAMICS, "C", "R")}
    a, b = (kalman.fit([model], these, **settings) for these in (y, padded))
    np.testing.assert_array_equal(a.log_likelihoods[0], b.log_likelihoods[0])
    assert a.model == b.model


# The limit of iterations


def test_a_fit_that_has_not_converged_says_so():
    y = offset_data(5)
    with pytest.warns(RuntimeWarning, match="^n_iterations: expected enough .* got 3, in the last"):
        fit = kalman.fit([em.random_walk(1, 1)], y, [[0.1]], n_iterations=3)
    assert not fit.converged
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not kalman.fit(
            [em.random_walk(1, 1)], y, [[0.1]], n_iterations=3, tolerance=0
        ).converged
        assert kalman.fit([em.random_walk(1, 1)], y, [[0.1]]).converged


# The noise of the observations


@pytest.mark.parametrize("R", [0.025, 0.25, 2.5])
def test_an_unknown_noise_is_learnt(R):
    """From a tenth, one times and ten times the noise to the same result"""
    true = kalman.LDS([[1.0]], [[1.0]], [[0.01]], [0.0], [[1.0]])
    _, y = kalman.simulate(true, 5, 500, [[0.25]], np.random.default_rng(0))
    fit = kalman.fit([em.random_walk(1.0, 0.1)], y, [[R]], learn=(*DYNAMICS, "R"), tolerance=1e-9)
    assert fit.R[0, 0] == pytest.approx(0.25, rel=0.05)
    assert fit.model.Sigma_z[0, 0] == pytest.approx(0.01, rel=0.15)
    assert max(fit.log_likelihoods[0]) == pytest.approx(-2045.1, abs=0.3)


def test_em_ends_where_pykalman_ends():
    library = pytest.importorskip("pykalman")
    model = kalman.LDS([[1, 0.1], [-0.2, 0.9]], [[1, 0]], np.diag([0.1, 0.2]), [0, 0], np.eye(2))
    _, y = kalman.simulate(model, 1, 100, [[0.5]], np.random.default_rng(0))
    start = em.constant_velocity(0.1, 1.0, 1.0, 1.0)
    names = {
        "A": "transition_matrices",
        "Sigma_z": "transition_covariance",
        "R": "observation_covariance",
    }
    other = library.KalmanFilter(
        start.A, start.C, start.Sigma_z, [[2.0]], None, None, start.mu_0, start.Sigma_0
    )
    other = other.em(y[0], n_iter=20, em_vars=list(names.values()))
    fit = kalman.fit([start], y, [[2.0]], learn=tuple(names), n_iterations=20, tolerance=0)
    np.testing.assert_allclose(fit.model.A, other.transition_matrices, atol=1e-8)
    np.testing.assert_allclose(fit.model.Sigma_z, other.transition_covariance, atol=1e-8)
    np.testing.assert_allclose(fit.R, other.observation_covariance, atol=1e-8)


@pytest.mark.parametrize("name", [*DYNAMICS, "C", "R"])
def test_only_the_chosen_parameter_is_learnt(name):
    model, R = random_model(2, 1, np.random.default_rng(0)), np.array([[0.3]])
    _, y = kalman.simulate(model, 4, 30, R, np.random.default_rng(0))
    start = random_model(2, 1, np.random.default_rng(1))
    fit = kalman.fit([start], y, R, learn=[name], n_iterations=2, tolerance=0)
    for other in (*DYNAMICS, "C"):
        same = np.array_equal(getattr(fit.model, other), getattr(start, other))
        assert same == (other != name)
    assert np.array_equal(fit.R, R) == (name != "R")


# Priors of every width


def exactly(model, y, R):
    """Filtered and smoothed means and covariances of one trajectory, in fractions"""
    from fractions import Fraction

    def exact(array):
        return np.vectorize(Fraction, otypes=[object])(array)

    def inverse(M):
        """By elimination"""
        n = len(M)
        rows = np.concatenate([M, exact(np.eye(n))], axis=1)
        for i in range(n):
            rows[i] = rows[i] / rows[i, i]
            for j in set(range(n)) - {i}:
                rows[j] = rows[j] - rows[j, i] * rows[i]
        return rows[:, n:]

    A, C, Sigma_z, m, P = map(exact, (model.A, model.C, model.Sigma_z, model.mu_0, model.Sigma_0))
    y, R = exact(y), exact(R)
    filtered, predicted = [], []
    for t in range(len(y)):
        if t > 0:
            m, P = A @ m, A @ P @ A.T + Sigma_z
        predicted.append((m, P))
        K = P @ C.T @ inverse(C @ P @ C.T + R)
        m, P = m + K @ (y[t] - C @ m), P - K @ C @ P
        filtered.append((m, P))
    smoothed = [filtered[-1]]
    for (m, P), (m_next, P_next) in zip(filtered[-2::-1], predicted[:0:-1], strict=True):
        J = P @ A.T @ inverse(P_next)
        later, P_later = smoothed[0]
        smoothed.insert(0, (m + J @ (later - m_next), P + J @ (P_later - P_next) @ J.T))
    return [
        np.array([pair[k] for pair in pairs], float)
        for pairs in (filtered, smoothed)
        for k in (0, 1)
    ]


WIDE = {
    "position and velocity": ([[1, 0.05], [-0.03, 0.9975]], [[1, 0]], np.diag([5e-7, 5e-5])),
    "with acceleration": ([[1, 0.1, 0.005], [0, 1, 0.1], [0, 0, 1]], [[1, 0, 0]], np.eye(3) * 1e-5),
    "two components": (
        [[1, 0.1, 0], [-0.1, 1, 0.1], [0, 0, 0.9]],
        [[1, 0, 0.5], [0, 1, 1]],
        np.eye(3) * 0.01,
    ),
}


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("decade", [-12, -6, 0, 4, 7, 8, 12, 14, 16])
def test_a_prior_of_any_width(name, decade):
    """Errors in units of the estimate's standard deviation, from fractions"""
    A, C, Sigma_z = WIDE[name]
    n_z, n_y = len(A), len(C)
    model = kalman.LDS(A, C, Sigma_z, np.zeros(n_z), 1e-3 * 10.0**decade * np.eye(n_z))
    y = np.cumsum(np.random.default_rng(0).standard_normal((1, 8, n_y)), axis=1)
    R = 1e-3 * np.eye(n_y)
    mean, cov, smoothed_mean, smoothed_cov = exactly(model, y[0], R)
    tolerance = 1e-7 if decade > 12 else 1e-8
    for compiled in (False, True):
        ours = kalman.kalman_filter(model, y, R, compiled=compiled)
        smooth = kalman.rts_smoother(model, y, R, compiled=compiled)
        for m, P, exact_m, exact_P in (
            (ours.mean, ours.cov, mean, cov),
            (smooth.mean, smooth.cov, smoothed_mean, smoothed_cov),
        ):
            deviation = np.sqrt(np.diagonal(exact_P, axis1=1, axis2=2))
            both = deviation[:, :, None] * deviation[:, None, :]
            assert (np.abs(m[0] - exact_m) / deviation).max() < tolerance
            assert (np.abs(P[0] - exact_P) / both).max() < tolerance


def test_no_eigenvalue_is_negative():
    """Random models of 1 to 4 dimensions, Sigma_0 / R from 1e-12 to 1e16, missing values"""
    rng = np.random.default_rng(1)
    n_wide = 0
    for _ in range(120):
        n_z, decade, R_size = rng.integers(1, 5), rng.uniform(-12, 16), 10 ** rng.uniform(-6, 3)
        n_y = rng.integers(1, n_z + 1)
        model = kalman.LDS(
            rng.standard_normal((n_z, n_z)) * 0.7,
            rng.standard_normal((n_y, n_z)),
            random_covariance(n_z, rng) * R_size * 10 ** rng.uniform(-4, 2),
            np.zeros(n_z),
            random_covariance(n_z, rng) * R_size * 10**decade,
        )
        y = rng.standard_normal((1, 10, n_y))
        y[rng.random(y.shape) < 0.2] = np.nan
        R = random_covariance(n_y, rng) * R_size
        filtered, smoothed = kalman.kalman_filter(model, y, R), kalman.rts_smoother(model, y, R)
        for cov in (filtered.cov, filtered.predicted_cov, smoothed.cov):
            np.testing.assert_allclose(cov, np.swapaxes(cov, -1, -2), rtol=1e-12)
            assert np.linalg.eigvalsh(cov).min() > 0
        n_wide += decade > np.log10(filtering.MAX_RATIO)
    assert 20 < n_wide < 100


def test_the_square_root_form_is_the_same_filter(monkeypatch):
    """With missing values, a circle, correlated noise"""
    rng = np.random.default_rng(0)
    model, R = random_model(3, 2, rng), random_covariance(2, rng)
    y = rng.standard_normal((2, 8, 2))
    y[0, 3] = y[1, 0, 1] = np.nan
    runs = []
    for ratio in (filtering.MAX_RATIO, 0.0):
        monkeypatch.setattr(filtering, "MAX_RATIO", ratio)
        both = kalman.kalman_filter, kalman.rts_smoother
        runs.append([part for run in both for part in run(model, y, R, period=[7, np.inf])])
    for a, b in zip(*runs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)


# Models as values


def test_a_model_keeps_nothing_of_the_caller_and_cannot_be_changed():
    A = np.eye(2)
    model = kalman.LDS(A, [[1, 0]], np.eye(2), [0, 0], np.eye(2))
    A[0, 1] = 5
    assert model.A[0, 1] == 0
    for name in ("A", "C", "Sigma_z", "mu_0", "Sigma_0"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(model, name)[...] = -1


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda m: ForkingPickler.loads(ForkingPickler.dumps(m))]
)
def test_copies_are_equal_and_read_only(copied):
    model = em.constant_velocity(0.1, 1, 1, 1)
    again = copied(model)
    assert again == model and not again.A.flags.writeable
    assert replace(model, mu_0=[0, 1]) != model
    assert model != em.random_walk(1, 1) and model != "a model"


def test_the_gain_is_k4():
    model, rng = random_model(3, 2, np.random.default_rng(0)), np.random.default_rng(0)
    y, R = rng.standard_normal((2, 5, 2)), random_covariance(2, rng)
    y[0, 2, 1] = np.nan
    for compiled in (False, True):
        filtered = kalman.kalman_filter(model, y, R, compiled=compiled)
        e = np.nan_to_num(y - filtered.predicted_mean @ model.C.T)
        update = (filtered.gain @ e[..., None])[..., 0]
        np.testing.assert_allclose(filtered.mean, filtered.predicted_mean + update, atol=1e-12)
        np.testing.assert_array_equal(filtered.gain[0, 2, :, 1], 0)
    S = model.C @ filtered.predicted_cov[1] @ model.C.T + R
    np.testing.assert_allclose(
        filtered.gain[1], filtered.predicted_cov[1] @ model.C.T @ np.linalg.inv(S), atol=1e-12
    )


def test_an_overflow_in_em_names_the_initial_models():
    model = kalman.LDS([[1e200]], [[1.0]], [[1.0]], [0.0], [[1.0]])
    with pytest.raises(ValueError, match=r"^initial_models.*: expected .* got .*overflow"):
        kalman.fit([model], np.ones((1, 5, 1)), [[1.0]])


def test_what_the_package_offers():
    for name in ("LDS", "simulate", "kalman_filter", "rts_smoother", "fit"):
        assert callable(getattr(kalman, name))
