"""The Kalman filter on one page: KF-1 and KF-2 of the poster's first table, with EM by hand.

The spikes of each time step are decoded into a position y_t and its variance R_t (D1, D2). A linear
system that moves the position, order 1, or position and velocity, order 2, is learnt from them:

    z_1 ~ N(mu, Sigma_0),   z_{t+1} ~ N(A z_t, Sigma_z),   y_t ~ N(C z_t, R_t)                 (K1)

The filter estimates z_t from the observations so far, the smoother from all of them, and EM fits
A, Sigma_z, mu and Sigma_0 to the smoothed states. EM is not shown the true system.

    python -m examples.one_page.kalman            (20 seconds)
"""

import numpy as np

from datasets import ppc

N_ITERATIONS = 60  # of EM
system, dt = ppc.SYSTEM, ppc.SYSTEM.dt
rng = np.random.default_rng(0)


def observations(spikes):
    """Decoded positions, unrolled from the circle, and their variances."""
    z_hat, total = ppc.decode(spikes)  # D1
    y = np.unwrap(z_hat, period=system.circumference, axis=1)
    return y[..., None], ppc.decoder_variance(total)[..., None, None]  # D2: R_t, a 1 x 1 matrix


def transpose(M):
    return np.swapaxes(M, -1, -2)


def kalman_filter(y, R, A, Sigma_z, mu, Sigma_0):
    """m_t and P_t of all trajectories; the predictions m_{t|t-1}, P_{t|t-1}."""
    C, I = np.eye(1, len(A)), np.eye(len(A))
    steps = []
    for t in range(y.shape[1]):
        if t == 0:
            m, P = np.tile(mu, (len(y), 1)), np.tile(Sigma_0, (len(y), 1, 1))
        else:
            m, P = m @ A.T, A @ P @ A.T + Sigma_z  # K2: predict
        m_predicted, P_predicted = m, P
        e, S = y[:, t] - m @ C.T, C @ P @ C.T + R[:, t]  # K3: innovation and its covariance
        K = P @ C.T / S  # K4: gain (S is 1 x 1)
        m = m + (K @ e[:, :, None])[:, :, 0]  # K5: update
        P = (I - K @ C) @ P @ transpose(I - K @ C) + K @ R[:, t] @ transpose(K)
        steps.append((m, P, m_predicted, P_predicted))
    return [np.stack(parts, axis=1) for parts in zip(*steps, strict=True)]


def smoother(y, R, A, Sigma_z, mu, Sigma_0):
    """E[z_t], their covariances, and those of z_{t+1} with z_t, given all observations."""
    m, P, m_predicted, P_predicted = kalman_filter(y, R, A, Sigma_z, mu, Sigma_0)
    lagged = np.empty_like(P[:, 1:])
    for t in range(y.shape[1] - 2, -1, -1):
        J = P[:, t] @ A.T @ np.linalg.inv(P_predicted[:, t + 1])  # K7: z_{t+1} observes z_t
        m[:, t] += (J @ (m[:, t + 1] - m_predicted[:, t + 1])[..., None])[..., 0]
        P[:, t] += J @ (P[:, t + 1] - P_predicted[:, t + 1]) @ transpose(J)
        lagged[:, t] = P[:, t + 1] @ transpose(J)  # K8
    return m, P, lagged


def em_step(y, R, *theta):
    """The parameters that fit the smoothed states best (K9 to K11)."""
    m, P, lagged = smoother(y, R, *theta)
    second = P + m[..., :, None] * m[..., None, :]  # E[z_t z_t']
    lagged = (lagged + m[:, 1:, :, None] * m[:, :-1, None, :]).sum((0, 1))  # E[z_{t+1} z_t']
    A = lagged @ np.linalg.inv(second[:, :-1].sum((0, 1)))  # K9
    Sigma_z = (second[:, 1:].sum((0, 1)) - A @ lagged.T) / m[:, 1:, 0].size  # K10
    mu = m[:, 0].mean(0)  # K11
    return A, Sigma_z, mu, second[:, 0].mean(0) - np.outer(mu, mu)


models = {  # A, Sigma_z, mu, Sigma_0
    "KF-1": (np.eye(1), 1e-3 * np.eye(1), np.zeros(1), 0.3 * np.eye(1)),  # the position drifts
    "KF-2": (np.array([[1, dt], [0, 1]]), 1e-3 * np.diag([dt**2, 1]), np.zeros(2), 0.3 * np.eye(2)),
    "true system, the lower bound": (system.A, system.Sigma_z, system.mu_0, system.Sigma_0),
}
train, test = ppc.sample(40, 200, rng, random_phase=True), ppc.sample(40, 1000, rng)
for name, theta in models.items():
    for _ in range(N_ITERATIONS if name.startswith("KF") else 0):
        theta = em_step(*observations(train.y), *theta)
    models[name] = theta
    estimate = kalman_filter(*observations(test.y), *theta)[0][..., 0]
    error = np.mean(ppc.squared_error(estimate, test.z[..., 0]))
    print(f"{name}: {1e4 * error:.2f}e-4 rad²")
error = np.mean(ppc.squared_error(ppc.decode(test.y)[0], test.z[..., 0]))
print(f"one time step alone: {1e4 * error:.2f}e-4 rad²; the poster: KF-1 5.8e-4, KF-2 2.2e-4")
