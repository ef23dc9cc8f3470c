"""The linear dynamical system as one Gaussian over all z and all y: the reference of the tests."""

import numpy as np

from kalman import lds


def random_covariance(n, rng):
    root = rng.standard_normal((n, n))
    return root @ root.T + 0.1 * np.eye(n)


def random_model(n_z, n_y, rng):
    A = np.linalg.qr(rng.standard_normal((n_z, n_z)))[0] * 0.95
    return lds.LDS(
        A,
        rng.standard_normal((n_y, n_z)),
        random_covariance(n_z, rng),
        rng.standard_normal(n_z),
        random_covariance(n_z, rng),
    )


def random_noise(shape, n_y, rng):
    covariances = [random_covariance(n_y, rng) for _ in range(np.prod(shape))]
    return np.array(covariances).reshape(*shape, n_y, n_y)


def joint(model, R):
    """Mean and covariance of z_1..T, stacked, and of y_1..T; R is (T, n_y, n_y)"""
    T, n_z, n_y = len(R), model.n_z, model.n_y
    # z = G (z_1, noise_1, ..., noise_{T-1}), G block lower triangular with powers of A
    G = np.zeros((T * n_z, T * n_z))
    for row in range(T):
        for column in range(row + 1):
            block = slice(row * n_z, (row + 1) * n_z), slice(column * n_z, (column + 1) * n_z)
            G[block] = np.linalg.matrix_power(model.A, row - column)
    source = np.kron(np.eye(T), model.Sigma_z)
    source[:n_z, :n_z] = model.Sigma_0
    z_mean = G[:, :n_z] @ model.mu_0
    z_cov = G @ source @ G.T
    H = np.kron(np.eye(T), model.C)
    noise = np.zeros((T * n_y, T * n_y))
    for t in range(T):
        noise[t * n_y : (t + 1) * n_y, t * n_y : (t + 1) * n_y] = R[t]
    return z_mean, z_cov, H @ z_mean, H @ z_cov @ H.T + noise


def condition_all(model, y, R, until):
    """Mean and covariance of all z given the observed components of the first `until` steps"""
    z_mean, z_cov, y_mean, y_cov = joint(model, R)
    there = ~np.isnan(y)
    there[until:] = False
    there = there.ravel()
    cross = (z_cov @ np.kron(np.eye(len(R)), model.C).T)[:, there]
    gain = np.linalg.solve(y_cov[np.ix_(there, there)], cross.T).T
    return z_mean + gain @ (y.ravel() - y_mean)[there], z_cov - gain @ cross.T


def condition(model, y, R, t, until):
    """The same for z at index t alone"""
    mean, cov = condition_all(model, y, R, until)
    here = slice(t * model.n_z, (t + 1) * model.n_z)
    return mean[here], cov[here, here]


def assert_smoothed(smoothed, model, y, R, atol=1e-10):
    """Means, covariances and those of neighbouring steps are the dense Gaussian's"""
    n_z, T = model.n_z, y.shape[1]
    for i in range(len(y)):
        mean, cov = condition_all(model, y[i], R[i], until=T)
        blocks = cov.reshape(T, n_z, T, n_z)
        np.testing.assert_allclose(smoothed.mean[i], mean.reshape(T, n_z), atol=atol)
        for t in range(T):
            np.testing.assert_allclose(smoothed.cov[i, t], blocks[t, :, t], atol=atol)
        for t in range(T - 1):
            np.testing.assert_allclose(smoothed.lag_one_cov[i, t], blocks[t + 1, :, t], atol=atol)
