"""The Rauch-Tung-Striebel smoother: the optimal estimate of z_t given all of y_1 .. y_T (1965).

EM needs it. The recurrent models are causal and are compared with the filter.

    K7   J_t = P_t A' P_{t+1|t}^-1
         m_{t|T} = m_t + J_t (m_{t+1|T} - m_{t+1|t})
         P_{t|T} = P_t + J_t (P_{t+1|T} - P_{t+1|t}) J_t'
    K8   cov(z_{t+1}, z_t | y_1..T) = P_{t+1|T} J_t'

Shapes as in filtering.py.
"""

from typing import NamedTuple

import numpy as np

from kalman import _kernels
from kalman.filtering import _finite, _transpose, kalman_filter


class Smoothed(NamedTuple):
    """What `rts_smoother` returns; float64."""

    mean: np.ndarray  # (n_traj, T, n_z)          m_{t|T}
    cov: np.ndarray  # (n_traj, T, n_z, n_z)     P_{t|T}
    lag_one_cov: np.ndarray  # (n_traj, T-1, n_z, n_z)   cov(z_{t+1}, z_t | y_1..T)
    log_likelihood: np.ndarray  # (n_traj,)                 log p(y_1 .. y_T), from the filter


def rts_smoother(model, y, R, *, period=None, compiled=True):
    """Smooth n_traj trajectories (K7, K8); arguments as for kalman_filter.

    Returns
    -------
    Smoothed

    Raises ValueError where a predicted covariance P_{t+1|t} is singular.
    """
    filtered = kalman_filter(model, y, R, period=period, compiled=compiled)
    run = _kernels.backward if compiled else _backward
    return Smoothed(*_finite(run, model.A, *filtered[:4]), filtered.log_likelihood)


def _backward(A, mean, cov, predicted_mean, predicted_cov):
    """K7 and K8, all trajectories at once. Its Numba counterpart is _kernels.backward."""
    n_traj, T, n_z = mean.shape
    smoothed_mean, smoothed_cov = mean.copy(), cov.copy()
    lag_one_cov = np.empty((n_traj, T - 1, n_z, n_z))
    np.linalg.cholesky(predicted_cov[:, 1:])  # an error if one of them is singular
    for t in range(T - 2, -1, -1):
        # K7. solve(P_{t+1|t}, A P_t) is the transpose of J
        J = _transpose(np.linalg.solve(predicted_cov[:, t + 1], A @ cov[:, t]))
        correction = smoothed_mean[:, t + 1] - predicted_mean[:, t + 1]
        smoothed_mean[:, t] += (J @ correction[:, :, None])[:, :, 0]
        P = cov[:, t] + J @ (smoothed_cov[:, t + 1] - predicted_cov[:, t + 1]) @ _transpose(J)
        smoothed_cov[:, t] = (P + _transpose(P)) / 2
        # K8
        lag_one_cov[:, t] = smoothed_cov[:, t + 1] @ _transpose(J)
    return smoothed_mean, smoothed_cov, lag_one_cov
