"""Exercise 4: one step of the Kalman filter.                                  (kalman, D4 to D7; about six lines)

    D4    predict      m <- A m,   P <- A P A' + Sigma_z
    D5    innovation   e = y - C m,   S = C P C' + R
    D6    gain         K = P C' S^-1
    D7    update       m <- m + K e,   P <- (I - K C) P

The check runs your step over a hundred observations of a swinging mass, of its position alone and of two mixtures of position and
velocity, and holds mean and covariance against the package's filter.
"""
import numpy as np

from examples.exercises._right import parts, same
from kalman import filtering, lds


def kalman_step(m, P, y, A, C, Sigma_z, R):
    """m (n_z,) and P (n_z, n_z) after the next observation y (n_y,), from those after the last one"""
    raise NotImplementedError


def check(answer):
    A, Sigma_z, P_0 = np.array([[1.0, 0.05], [-0.03, 0.998]]), np.diag([5e-7, 5e-5]), np.diag([0.3, 0.1])
    for C, R in ((np.array([[1.0, 0.0]]), np.array([[1e-3]])),
                 (np.array([[1.0, 0.4], [-0.2, 1.0]]), np.array([[1e-3, 2e-4], [2e-4, 3e-3]]))):
        model = lds.LDS(A, C, Sigma_z, np.zeros(2), P_0)
        _, y = lds.simulate(model, 1, 100, R, np.random.default_rng(0))
        wanted = filtering.kalman_filter(model, y, R)
        m, P = wanted.mean[0, 0], wanted.cov[0, 0]
        for t in range(1, 100):
            m, P = parts("kalman_step", answer(m, P, y[0, t], A, C, Sigma_z, R), ("m", "P"))
            same(f"m after {t} steps, {len(C)} observed", m, wanted.mean[0, t], 1e-6)
            same(f"P after {t} steps, {len(C)} observed", P, wanted.cov[0, t], 1e-6)
