"""The Kalman filter: the best causal estimate of z_t that a linear dynamical system allows (Kalman 1960).

On the poster it is the yardstick: the observation model of "LTI system + PPC" is nonlinear, "but a closed-form solution
is still available (KF)". The spikes of each step are turned into a position and its variance (datasets/ppc.py, D1 and
D2), which change at every step with the number of spikes; the filter does the rest. A filter of order 2 has position
and velocity for its state, one of order 1 position alone.

    D4    m_{t|t-1} = A m_{t-1},   P_{t|t-1} = A P_{t-1} A' + Sigma_z                       predict
    D5    e_t = y_t - C m_{t|t-1},   S_t = C P_{t|t-1} C' + R_t                             innovation, its covariance
    D6    K_t = P_{t|t-1} C' S_t^-1                                                         gain
    D7    m_t = m_{t|t-1} + K_t e_t,   P_t = (I - K_t C) P_{t|t-1} (I - K_t C)' + K_t R_t K_t'     update
    D8    log p(y_1..T) = sum_t log N(e_t; 0, S_t)

P_t has a shorter form, (I - K C) P; the one above (Joseph's) stays symmetric and positive when rounding errs.
On a circle the innovation is taken the short way round (`period`). That asks for predictions that are narrow against
the circle, the first one, mu_0 and Sigma_0, included; where that one is wide, unroll y on to a line first (np.unwrap,
which does not know of missing values).

Shapes: y (n_traj, T, n_y), R (n_traj, T, n_y, n_y), m (n_traj, T, n_z), P (n_traj, T, n_z, n_z).
"""
from typing import NamedTuple

import numpy as np

from kalman import _kernels
from kalman.lds import LDS, check_observations


class Filtered(NamedTuple):
    mean: np.ndarray                # (n_traj, T, n_z)       m_t, given y_1 .. y_t
    cov: np.ndarray                 # (n_traj, T, n_z, n_z)  P_t
    predicted_mean: np.ndarray      # (n_traj, T, n_z)       m_{t|t-1}, given y_1 .. y_{t-1}
    predicted_cov: np.ndarray       # (n_traj, T, n_z, n_z)  P_{t|t-1}
    log_likelihood: np.ndarray      # (n_traj,)              log p(y_1 .. y_T)


def kalman_filter(model, y, R, *, period=None, compiled=True):
    """Filter n_traj trajectories                                                                        [D4 to D8]

    model : LDS
    y : (n_traj, T, n_y); NaN marks a missing component, which is then skipped
    R : (n_traj, T, n_y, n_y) covariance of the observation noise at each step, or (n_y, n_y) for all steps
    period : (n_y,) circumference of the circle on which each component of y lives; infinite, or None: the real line
    compiled : False runs `recursion` below, for reading and stepping through; True its numba twin, for use
    returns Filtered; float64
    """
    if not isinstance(model, LDS):
        raise TypeError(f"model: wanted an LDS (kalman.lds), got {model!r}")
    y, R, period = check_observations(model, y, R, period)
    run = _kernels.recursion if compiled else recursion
    return Filtered(*run(model.A, model.C, model.Sigma_z, model.mu_0, model.Sigma_0, y, R, period))


def recursion(A, C, Sigma_z, mu_0, Sigma_0, y, R, period):
    """D4 to D8, all trajectories at once. Its twin is _kernels.recursion."""
    n_traj, T, n_y = y.shape
    n_z = len(A)
    identity = np.eye(n_z)
    mean, predicted_mean = np.empty((2, n_traj, T, n_z))
    cov, predicted_cov = np.empty((2, n_traj, T, n_z, n_z))
    log_likelihood = np.zeros(n_traj)
    for t in range(T):
        # D4
        if t == 0:
            m, P = np.tile(mu_0, (n_traj, 1)), np.tile(Sigma_0, (n_traj, 1, 1))
        else:
            m, P = m @ A.T, A @ P @ A.T + Sigma_z
        predicted_mean[:, t], predicted_cov[:, t] = m, P
        # D5. A missing component has nothing to do with z: its row of C is zero, its innovation too
        observed = ~np.isnan(y[:, t])
        C_t = C * observed[:, :, None]
        e = np.where(observed, innovation(y[:, t], m @ C.T, period), 0)
        S = C_t @ P @ transpose(C_t) + R[:, t]
        # D6. K = P C' S^-1; solve(S, C P) is its transpose
        K = transpose(np.linalg.solve(S, C_t @ P))
        # D7
        m = m + (K @ e[:, :, None])[:, :, 0]
        I_KC = identity - K @ C_t
        P = I_KC @ P @ transpose(I_KC) + K @ R[:, t] @ transpose(K)
        P = (P + transpose(P)) / 2
        mean[:, t], cov[:, t] = m, P
        # D8
        squared = (e * np.linalg.solve(S, e[:, :, None])[:, :, 0]).sum(-1)
        log_likelihood -= 0.5 * (squared + np.linalg.slogdet(S)[1] + observed.sum(-1) * np.log(2 * np.pi))
    return mean, cov, predicted_mean, predicted_cov, log_likelihood


def innovation(y, expected, period):
    """y - expected, the short way round where a component lives on a circle                                  [D5]

    y, expected : (..., n_y);  period : (n_y,), infinite for the real line
    """
    difference = y - expected
    circular = np.isfinite(period)
    turn = np.where(circular, period, 1)
    return np.where(circular, (difference + turn / 2) % turn - turn / 2, difference)


def transpose(matrices):
    """The last two axes swapped: a batch of matrices, each transposed."""
    return np.swapaxes(matrices, -1, -2)
