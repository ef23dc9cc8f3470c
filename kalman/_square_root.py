"""The filter and the smoother on square roots of the covariances, for very wide predictions.

With a prior variance of 1e12 and a noise of 1, a covariance P keeps four of its sixteen digits, and
may come out negative. Its root L, with P = L L', spans half as many decades, and L L' is never
negative. One step serves the update and the smoother: for z = m + L a and y = C z + N b, with
standard normal a and b, an orthogonal matrix Q (of a QR decomposition) gives

    [[C L, N], [L, 0]] Q = [[root_S, 0], [G, L_new]]

Both sides times their transpose have the same blocks: S = root_S root_S' = C P C' + N N' (K3),
K = G root_S^-1 (K4), and L_new L_new' is the covariance of z given y (K5).

Potter and Stern (1963), Kailath, Sayed and Hassibi (2000, chapter 12). Shapes as in filtering.py.
Called by filtering.py and smoothing.py; does not check its arguments.
"""

import numpy as np

from kalman.lds import _innovation

ROUNDING = 1e-13  # a direction of S that is smaller, relative to its rows, varies by rounding only
SLACK = 1e-14  # relative


def recursion(A, C, Sigma_z, mu_0, Sigma_0, y, R, period):
    """K2 to K6, and the roots of P_t; otherwise as filtering._recursion."""
    n_traj, T, n_y = y.shape
    n_z = len(A)
    mean, predicted_mean = np.empty((2, n_traj, T, n_z))
    roots, predicted_roots = np.empty((2, n_traj, T, n_z, n_z))
    gain = np.empty((n_traj, T, n_z, n_y))
    log_likelihood = np.zeros(n_traj)
    root_z, root_R = np.tile(_root(Sigma_z), (n_traj, 1, 1)), np.linalg.cholesky(R)
    for t in range(T):
        # K2
        if t == 0:
            m, L = np.tile(mu_0, (n_traj, 1)), np.tile(_root(Sigma_0), (n_traj, 1, 1))
        else:
            m, L = m @ A.T, _triangular(A @ L, root_z)
        predicted_mean[:, t], predicted_roots[:, t] = m, L
        # K3 to K5
        observed = ~np.isnan(y[:, t])
        e = np.where(observed, _innovation(y[:, t], m @ C.T, period), 0)
        root_S, G, L = _condition(L, C * observed[:, :, None], root_R[:, t])
        K = G @ np.linalg.inv(root_S)
        m = m + (K @ e[:, :, None])[:, :, 0]
        mean[:, t], roots[:, t], gain[:, t] = m, L, K
        # K6
        squared = np.sum(np.linalg.solve(root_S, e[:, :, None]) ** 2, axis=(1, 2))
        log_det = 2 * np.log(np.abs(np.diagonal(root_S, axis1=1, axis2=2))).sum(-1)
        log_likelihood -= 0.5 * (squared + log_det + observed.sum(-1) * np.log(2 * np.pi))
    cov, predicted_cov = _square(roots), _square(predicted_roots)
    return mean, cov, predicted_mean, predicted_cov, log_likelihood, gain, roots


def backward(A, Sigma_z, mean, roots, predicted_mean):
    """K7 and K8; otherwise as smoothing._backward."""
    n_traj, T, n_z = mean.shape
    smoothed_mean, smoothed_roots = mean.copy(), roots.copy()
    lag_one_cov = np.empty((n_traj, T - 1, n_z, n_z))
    root_z = np.tile(_root(Sigma_z), (n_traj, 1, 1))
    for t in range(T - 2, -1, -1):
        # K7: z_{t+1} = A z_t + noise is an observation of z_t
        root_S, G, L = _condition(roots[:, t], A, root_z)
        J = G @ _inverse(root_S)
        correction = smoothed_mean[:, t + 1] - predicted_mean[:, t + 1]
        smoothed_mean[:, t] += (J @ correction[:, :, None])[:, :, 0]
        # of a singular S, root_S leaves a part of G to the covariance of z_t
        rest = G - J @ root_S
        smoothed_roots[:, t] = _triangular(L, rest, J @ smoothed_roots[:, t + 1])
        # K8
        lag_one_cov[:, t] = _square(smoothed_roots[:, t + 1]) @ np.swapaxes(J, -1, -2)
    return smoothed_mean, _square(smoothed_roots), lag_one_cov


def _condition(L, C, N):
    """root_S, G and L_new of the module's equation; all (n_traj, ., .)"""
    n_y = N.shape[-1]
    above = np.concatenate([C @ L, N], axis=-1)
    below = np.concatenate([L, np.zeros((*L.shape[:-1], n_y))], axis=-1)
    root = _triangular(np.concatenate([above, below], axis=-2))
    return root[:, :n_y, :n_y], root[:, n_y:, :n_y], root[:, n_y:, n_y:]


def _triangular(*blocks):
    """The lower triangular root of sum_i B_i B_i', by a QR decomposition"""
    wide = np.concatenate(blocks, axis=-1)
    return np.swapaxes(np.linalg.qr(np.swapaxes(wide, -1, -2), mode="r"), -1, -2)


def _root(Sigma):
    """L with L L' = Sigma, of a covariance that may be singular"""
    scale = np.sqrt(np.diagonal(Sigma))
    scale = np.where(scale > 0, scale, 1)
    values, vectors = np.linalg.eigh(Sigma / np.outer(scale, scale))
    return scale[:, None] * vectors * np.sqrt(np.maximum(values, 0))


def _inverse(root):
    """The inverse; of a singular root, an inverse on the directions that vary"""
    scale = np.linalg.norm(root, axis=-1)
    scale = np.where(scale > 0, scale, 1)
    return np.linalg.pinv(root / scale[:, :, None], ROUNDING) / scale[:, None, :]


def _square(roots):
    """L L', with its diagonal rounded up: the rounding of the other entries leaves it positive"""
    return roots @ np.swapaxes(roots, -1, -2) * (1 + SLACK * np.eye(roots.shape[-1]))
