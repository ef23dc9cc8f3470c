"""The Kalman filter: the optimal causal estimate of z_t in a linear dynamical system (Kalman 1960).

On the poster it is the reference: the observation model of "LTI system + PPC" is nonlinear, "but
a closed-form solution is still available (KF)". The spikes of each step are turned into a position
and its variance (datasets/ppc.py, D1 and D2), which depends on the number of spikes. A filter of
order 2 has position and velocity as its state, one of order 1 the position only.

    K2   m_{t|t-1} = A m_{t-1},   P_{t|t-1} = A P_{t-1} A' + Sigma_z                     predict
    K3   e_t = y_t - C m_{t|t-1},   S_t = C P_{t|t-1} C' + R_t         innovation, its covariance
    K4   K_t = P_{t|t-1} C' S_t^-1                                                          gain
    K5   m_t = m_{t|t-1} + K_t e_t                                                        update
         P_t = (I - K_t C) P_{t|t-1} (I - K_t C)' + K_t R_t K_t'
    K6   log p(y_1..T) = sum_t log N(e_t; 0, S_t)                                 log likelihood

P_t has a shorter form, (I - K C) P. The one above (Joseph's) is a sum of two squares, and keeps
its sign under rounding errors. Where a prediction is far wider than the noise (by MAX_RATIO: a
diffuse prior), too few digits are left in P itself, and the filter runs on its square root instead
(_square_root.py). On a circle the innovation is the wrapped difference (`period`). That needs
predictions that are narrow compared with the circle, the first one (mu_0, Sigma_0) included.
Where that one is wide, first unroll y with np.unwrap, which takes no missing values.

Shapes: y (n_traj, T, n_y), R (n_traj, T, n_y, n_y), m (n_traj, T, n_z), P (n_traj, T, n_z, n_z).
Functions that begin with an underscore do not check their arguments.
"""

from typing import NamedTuple

import numpy as np

from datasets.support.boundary import checked
from kalman import _boundary, _kernels, _square_root
from kalman.lds import _innovation

MAX_RATIO = 1e7  # variance of the prediction / variance of the noise, of one component of y


class Filtered(NamedTuple):
    """What `kalman_filter` returns; float64."""

    mean: np.ndarray  # (n_traj, T, n_z)       m_t, given y_1 .. y_t
    cov: np.ndarray  # (n_traj, T, n_z, n_z)  P_t
    predicted_mean: np.ndarray  # (n_traj, T, n_z)       m_{t|t-1}, given y_1 .. y_{t-1}
    predicted_cov: np.ndarray  # (n_traj, T, n_z, n_z)  P_{t|t-1}
    log_likelihood: np.ndarray  # (n_traj,)              log p(y_1 .. y_T)
    gain: np.ndarray  # (n_traj, T, n_z, n_y)  K_t, 0 for a missing component


@checked(**_boundary.SERIES)
def kalman_filter(model, y, R, *, period=None, compiled=True):
    """Filter n_traj trajectories (K2 to K6): a Filtered.

    Parameters
    ----------
    model : LDS
    y : (n_traj, T, n_y); NaN marks a missing component, which is skipped. A trial that is shorter
        than the others ends in NaN, a forecast is the estimate at steps of NaN
    R : (n_traj, T, n_y, n_y) covariance of the observation noise, or (n_y, n_y) for all steps
    period : (n_y,) circumference of the circle on which a component of y lives, infinite for the
        real line; None for the real line throughout
    compiled : False runs `_recursion` below, which is for reading; True its Numba counterpart
    """
    return _run(model, y, R, period, compiled)[0]


def _run(model, y, R, period, compiled=True):
    """Filtered, and the roots of P_t where the filter needs the square-root form, else None"""
    period = np.full(model.n_y, np.inf) if period is None else period
    R = _boundary.of_steps(R, y)
    arguments = model.A, model.C, model.Sigma_z, model.mu_0, model.Sigma_0, y, R, period
    roots = None
    try:
        result = (_kernels.recursion if compiled else _recursion)(*arguments)
        is_wide = _is_wide(model, result[3], y, R)
    except np.linalg.LinAlgError:  # S is singular to sixteen digits
        is_wide = True
    if is_wide:
        *result, roots = _square_root.recursion(*arguments)
    return Filtered(*_boundary.finite(result)), roots


def _is_wide(model, predicted_cov, y, R):
    """Whether a prediction is wider than the noise by MAX_RATIO; NaN is wide too"""
    predicted = np.einsum("ij,...jk,ik->...i", model.C, predicted_cov, model.C)  # of C P C'
    noise = np.diagonal(R, axis1=-2, axis2=-1)
    return not np.all((predicted <= MAX_RATIO * noise) | np.isnan(y))


def _recursion(A, C, Sigma_z, mu_0, Sigma_0, y, R, period):
    """K2 to K6, all trajectories at once. Its Numba counterpart is _kernels.recursion."""
    n_traj, T, n_y = y.shape
    n_z = len(A)
    identity = np.eye(n_z)
    mean, predicted_mean = np.empty((2, n_traj, T, n_z))
    cov, predicted_cov = np.empty((2, n_traj, T, n_z, n_z))
    gain = np.empty((n_traj, T, n_z, n_y))
    log_likelihood = np.zeros(n_traj)
    for t in range(T):
        # K2
        if t == 0:
            m, P = np.tile(mu_0, (n_traj, 1)), np.tile(Sigma_0, (n_traj, 1, 1))
        else:
            m, P = m @ A.T, A @ P @ A.T + Sigma_z
        predicted_mean[:, t], predicted_cov[:, t] = m, P
        # K3. A missing component does not depend on z: its row of C and its innovation are zero
        observed = ~np.isnan(y[:, t])
        C_t = C * observed[:, :, None]
        e = np.where(observed, _innovation(y[:, t], m @ C.T, period), 0)
        S = C_t @ P @ _transpose(C_t) + R[:, t]
        # K4. K = P C' S^-1; solve(S, C P) is its transpose
        K = _transpose(np.linalg.solve(S, C_t @ P))
        # K5
        m = m + (K @ e[:, :, None])[:, :, 0]
        I_KC = identity - K @ C_t
        P = I_KC @ P @ _transpose(I_KC) + K @ R[:, t] @ _transpose(K)
        P = (P + _transpose(P)) / 2
        mean[:, t], cov[:, t], gain[:, t] = m, P, K
        # K6
        squared = (e * np.linalg.solve(S, e[:, :, None])[:, :, 0]).sum(-1)
        log_det = np.linalg.slogdet(S)[1]
        log_likelihood -= 0.5 * (squared + log_det + observed.sum(-1) * np.log(2 * np.pi))
    return mean, cov, predicted_mean, predicted_cov, log_likelihood, gain


def _transpose(matrices):
    """The last two axes swapped: a batch of matrices, each transposed"""
    return np.swapaxes(matrices, -1, -2)
