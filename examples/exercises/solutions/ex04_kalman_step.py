import numpy as np


def kalman_step(m, P, y, A, C, Sigma_z, R):
    m, P = A @ m, A @ P @ A.T + Sigma_z
    e, S = y - C @ m, C @ P @ C.T + R
    K = P @ C.T @ np.linalg.inv(S)
    return m + K @ e, (np.eye(len(m)) - K @ C) @ P
