import numpy as np


def kalman_gain(P, C, R):
    S = C @ P @ C.T + R
    return P @ C.T @ np.linalg.inv(S)
