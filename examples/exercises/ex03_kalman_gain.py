"""Exercise 3: the Kalman gain (kalman, K3 and K4; two lines).

Before y is observed, the state has covariance P. The observation is y = C z + noise of covariance
R. The gain says how far the estimate moves for an innovation of 1:

    K3    S = C P C' + R              K4    K = P C' S^-1

Before you compute it: what must K be for R = 0 and C = I? For very large R? The check asks both.
"""

import numpy as np

from examples.exercises._answers import same


def kalman_gain(P, C, R):
    """The gain K.

    Parameters
    ----------
    P : (n_z, n_z) covariance of the state
    C : (n_y, n_z) observation matrix
    R : (n_y, n_y) covariance of the observation noise

    Returns
    -------
    K (n_z, n_y)
    """
    raise NotImplementedError


def check(answer):
    """Against limits that are known without a formula, and against the least variance."""
    rng = np.random.default_rng(0)
    root = rng.standard_normal((3, 3))
    P = root @ root.T
    same("K for C = I and R = 0", answer(P, np.eye(3), np.zeros((3, 3))), np.eye(3), 1e-8)
    same(
        "K for one number, variance 2, noise 6",
        answer(np.array([[2.0]]), np.array([[1.0]]), np.array([[6.0]])),
        [[0.25]],
    )
    C, noise = rng.standard_normal((2, 3)), np.array([[1.0, 0.3], [0.3, 0.5]])
    same(
        "1e9 times K for R of 1e9",
        1e9 * np.asarray(answer(P, C, 1e9 * noise), float),
        P @ C.T @ np.linalg.inv(noise),
        1e-5,
    )
    # of all K, the one of smallest error variance, trace (I - K C) P (I - K C)' + K R K'
    same("K", answer(P, C, noise), np.linalg.solve(C @ P @ C.T + noise, C @ P).T)
