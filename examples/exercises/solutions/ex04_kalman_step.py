"""The predicted P must enter K, and the predicted m the innovation. P does not depend on y:
the gain can be computed before the experiment. Subtracting K C P can leave a P that is not quite
symmetric; (I - K C) P (I - K C)' + K R K' is safer, and is accepted too.

Students get wrong: the innovation from the old m; Sigma_z forgotten; P + K C P.
"""

import numpy as np


def kalman_step(m, P, y, A, C, Sigma_z, R):
    m, P = A @ m, A @ P @ A.T + Sigma_z
    e, S = y - C @ m, C @ P @ C.T + R
    K = P @ C.T @ np.linalg.inv(S)
    return m + K @ e, (np.eye(len(m)) - K @ C) @ P
