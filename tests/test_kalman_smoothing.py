"""The Rauch-Tung-Striebel smoother against conditioning the dense joint Gaussian."""

import numpy as np
import pytest

from kalman import filtering, lds, smoothing
from tests.dense_gaussian import assert_smoothed, random_model, random_noise

N_Z, N_Y, N_TRAJ, T = 3, 2, 2, 5


@pytest.mark.parametrize("compiled", [False, True])
def test_smoother_is_the_conditional_of_the_dense_gaussian(compiled):
    rng = np.random.default_rng(1)
    model, R = random_model(N_Z, N_Y, rng), random_noise((N_TRAJ, T), N_Y, rng)
    y = rng.standard_normal((N_TRAJ, T, N_Y))
    y[0, 3, 0] = y[1, 4] = np.nan
    smoothed = smoothing.rts_smoother(model, y, R, compiled=compiled)
    assert_smoothed(smoothed, model, y, R)


def test_one_step_needs_no_smoothing():
    model = random_model(N_Z, N_Y, np.random.default_rng(0))
    smoothed = smoothing.rts_smoother(model, np.ones((1, 1, N_Y)), np.eye(N_Y))
    assert smoothed.lag_one_cov.shape == (1, 0, N_Z, N_Z)


KNOWN_EXACTLY = {
    "never any noise in one": ([[0.9, 0.3], [0, 1]], np.diag([0.1, 0]), np.diag([1, 0])),
    "one that is forgotten": (np.diag([0.9, 0]), np.diag([1, 0]), np.eye(2)),
    "nothing moves": (np.eye(2), np.zeros((2, 2)), np.eye(2)),
    "two that are always equal": ([[0.9, 0], [0.9, 0]], np.ones((2, 2)), np.ones((2, 2))),
    "all is known": (np.eye(2), np.zeros((2, 2)), np.zeros((2, 2))),
    # a second-order autoregression: a regular prediction in spite of a singular noise
    "companion form": ([[1.6, -0.8], [1, 0]], np.diag([1.0, 0]), np.eye(2)),
    "an offset": ([[0.9, 1], [0, 1]], np.diag([0.1, 0]), np.diag([1, 0])),
}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", KNOWN_EXACTLY)
def test_what_is_known_exactly_is_smoothed(compiled, name, wide, monkeypatch):
    """Singular predicted covariances, against the dense Gaussian; both forms of the filter"""
    if wide:
        monkeypatch.setattr(filtering, "MAX_RATIO", 0.0)
    A, Sigma_z, Sigma_0 = KNOWN_EXACTLY[name]
    model = lds.LDS(A, [[1, 0 if name == "an offset" else 0.5]], Sigma_z, [0, 2], Sigma_0)
    y = np.random.default_rng(0).standard_normal((1, 6, 1))
    smoothed = smoothing.rts_smoother(model, y, [[0.5]], compiled=compiled)
    assert_smoothed(smoothed, model, y, np.full((1, 6, 1, 1), 0.5))
    if name == "an offset":
        np.testing.assert_array_equal(smoothed.mean[0, :, 1], 2)
        np.testing.assert_array_equal(smoothed.cov[..., 1, :], 0)
