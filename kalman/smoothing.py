"""The Rauch-Tung-Striebel smoother: the optimal estimate of z_t given all of y_1 .. y_T (1965).

EM needs it. The recurrent models are causal and are compared with the filter. Seen from z_t, the
next state is one more observation, z_{t+1} = A z_t + noise, with A and Sigma_z in the places of C
and R_t; so K7 is the update of the filter (K4, K5) once more.

    K7   J_t = P_t A' P_{t+1|t}^-1
         m_{t|T} = m_t + J_t (m_{t+1|T} - m_{t+1|t})
         P_{t|T} = (I - J_t A) P_t (I - J_t A)' + J_t (Sigma_z + P_{t+1|T}) J_t'
    K8   cov(z_{t+1}, z_t | y_1..T) = P_{t+1|T} J_t'

A direction of z_{t+1} that is known exactly has no variance in P_{t+1|t}, and no correction either:
there the inverse is one on the other directions. The textbooks' P_t + J_t (P_{t+1|T} - P_{t+1|t})
J_t' equals the sum of squares above, which keeps its sign under rounding errors.

Shapes as in filtering.py. Functions that begin with an underscore do not check their arguments.
"""

from typing import NamedTuple

import numpy as np

from datasets.support.boundary import checked
from kalman import _boundary, _kernels, _square_root, filtering
from kalman.filtering import _transpose


class Smoothed(NamedTuple):
    """What `rts_smoother` returns; float64."""

    mean: np.ndarray  # (n_traj, T, n_z)          m_{t|T}
    cov: np.ndarray  # (n_traj, T, n_z, n_z)     P_{t|T}
    lag_one_cov: np.ndarray  # (n_traj, T-1, n_z, n_z)   cov(z_{t+1}, z_t | y_1..T)
    log_likelihood: np.ndarray  # (n_traj,)                 log p(y_1 .. y_T), from the filter


@checked(**_boundary.SERIES)
def rts_smoother(model, y, R, *, period=None, compiled=True):
    """Smooth n_traj trajectories (K7, K8): a Smoothed. Arguments as for kalman_filter."""
    filtered, roots = filtering._run(model, y, R, period, compiled)
    mean, cov, predicted_mean, predicted_cov = filtered[:4]
    if roots is None:
        backward = _kernels.backward if compiled else _backward
        result = backward(model.A, model.Sigma_z, mean, cov, predicted_mean, predicted_cov)
    else:
        result = _square_root.backward(model.A, model.Sigma_z, mean, roots, predicted_mean)
    return Smoothed(*_boundary.finite(result), filtered.log_likelihood)


def _backward(A, Sigma_z, mean, cov, predicted_mean, predicted_cov):
    """K7 and K8, all trajectories at once. Its Numba counterpart is _kernels.backward."""
    n_traj, T, n_z = mean.shape
    identity = np.eye(n_z)
    smoothed_mean, smoothed_cov = mean.copy(), cov.copy()
    lag_one_cov = np.empty((n_traj, T - 1, n_z, n_z))
    for t in range(T - 2, -1, -1):
        # K7
        J = cov[:, t] @ A.T @ _inverse(predicted_cov[:, t + 1])
        correction = smoothed_mean[:, t + 1] - predicted_mean[:, t + 1]
        smoothed_mean[:, t] += (J @ correction[:, :, None])[:, :, 0]
        I_JA = identity - J @ A
        P = I_JA @ cov[:, t] @ _transpose(I_JA)
        P += J @ (Sigma_z + smoothed_cov[:, t + 1]) @ _transpose(J)
        smoothed_cov[:, t] = (P + _transpose(P)) / 2
        # K8
        lag_one_cov[:, t] = smoothed_cov[:, t + 1] @ _transpose(J)
    return smoothed_mean, smoothed_cov, lag_one_cov


def _inverse(P):
    """P^-1; of a singular P, an inverse on the directions that vary. Scaled to correlations"""
    scale = np.sqrt(np.diagonal(P, axis1=-2, axis2=-1))
    scale = np.where(scale > 0, scale, 1)
    both = scale[:, :, None] * scale[:, None, :]
    return np.linalg.pinv(P / both, _kernels.ROUNDING, hermitian=True) / both
