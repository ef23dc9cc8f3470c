"""Backward runs that keep their speed: the calibration of mu_u, the refinement of states."""

import numpy as np
import pytest

from rvae_numpy import autoencoder, rvae
from rvae_numpy.extensions import backward
from tests.test_rvae_generation import linear
from tests.test_rvae_inference import nonlinear


def test_refinement_recognises_x_from_what_it_gave():
    params = nonlinear(n_x=3)
    x = np.random.default_rng(0).standard_normal((4, 3))
    y = rvae.generate_backward(params, x, 3, np.random.default_rng(0), refine=backward.refined(2))
    for t in range(3):
        for _ in range(2):
            u, decoded = autoencoder.mu_u(params, x), autoencoder.emission(params, x)
            x = autoencoder.recognise(params, u, decoded)[0]
        np.testing.assert_allclose(y[:, t], autoencoder.emission(params, x))
        x = autoencoder.mu_u(params, x)


def test_calibration_undoes_a_linear_distortion_of_mu_u():
    """States that turn by a fixed angle, and a mu_u that shrinks and shifts them"""
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    u = [np.random.default_rng(0).standard_normal((50, 2))]
    for _ in range(5):
        u.append(u[-1] @ turn.T)
    u = np.stack(u, axis=1)
    params, *_ = linear()
    params.decode_u.W[:], params.decode_u.b[:] = 0.7 * np.linalg.inv(turn), 0.4
    x = u[:, 3]
    for gain in (1.0, 1.2):
        calibrated = backward.calibrate_backward(params, u, gain)
        np.testing.assert_allclose(autoencoder.mu_u(calibrated, x), x + gain * (u[:, 2] - x))
    np.testing.assert_allclose(autoencoder.mu_u(params, x), 0.7 * u[:, 2] + 0.4)  # unchanged


def test_calibration_is_the_least_squares_fit_where_mu_u_is_nonlinear():
    params = nonlinear(n_x=3)
    u = np.random.default_rng(1).standard_normal((30, 4, 3))
    before, after = u[:, :-1].reshape(-1, 3), u[:, 1:].reshape(-1, 3)
    mean = np.column_stack([autoencoder.mu_u(params, after), np.ones(len(after))])
    fit = mean @ np.linalg.lstsq(mean, before, rcond=None)[0]
    calibrated = backward.calibrate_backward(params, u, gain=1.3)
    np.testing.assert_allclose(autoencoder.mu_u(calibrated, after), after + 1.3 * (fit - after))


def test_a_calibration_needs_two_time_steps():
    with pytest.raises(ValueError, match=r"^u: expected at least 2 time steps, got 1"):
        backward.calibrate_backward(nonlinear(n_x=3), np.zeros((2, 1, 3)))
