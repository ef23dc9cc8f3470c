"""Exercise 4: one step of the Kalman filter (kalman, K2 to K5; about six lines).

    K2    predict      m <- A m,   P <- A P A' + Sigma_z
    K3    innovation   e = y - C m,   S = C P C' + R
    K4    gain         K = P C' S^-1
    K5    update       m <- m + K e,   P <- (I - K C) P

The check runs your step over a hundred observations of an oscillating mass: first of its position,
then of two mixtures of position and velocity. It compares with the package's filter.
"""

import numpy as np

from examples.exercises._answers import parts, same
from kalman import filtering, lds


def kalman_step(m, P, y, A, C, Sigma_z, R):
    """The estimate after the next observation.

    Parameters
    ----------
    m, P : (n_z,) and (n_z, n_z) mean and covariance of the state after the last observation
    y : (n_y,) the next observation
    A, C, Sigma_z, R : as in K2 and K3

    Returns
    -------
    m, P : after the observation
    """
    raise NotImplementedError


def check(answer):
    """Against the package's filter."""
    A = np.array([[1.0, 0.05], [-0.03, 0.998]])
    Sigma_z, P_0 = np.diag([5e-7, 5e-5]), np.diag([0.3, 0.1])
    for C, R in (
        (np.array([[1.0, 0.0]]), np.array([[1e-3]])),
        (np.array([[1.0, 0.4], [-0.2, 1.0]]), np.array([[1e-3, 2e-4], [2e-4, 3e-3]])),
    ):
        model = lds.LDS(A, C, Sigma_z, np.zeros(2), P_0)
        _, y = lds.simulate(model, 1, 100, R, np.random.default_rng(0))
        expected = filtering.kalman_filter(model, y, R)
        m, P = expected.mean[0, 0], expected.cov[0, 0]
        for t in range(1, 100):
            m, P = parts("kalman_step", answer(m, P, y[0, t], A, C, Sigma_z, R), ("m", "P"))
            same(f"m after {t} steps, {len(C)} observed", m, expected.mean[0, t], 1e-6)
            same(f"P after {t} steps, {len(C)} observed", P, expected.cov[0, t], 1e-6)
