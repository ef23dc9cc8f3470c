"""For R = 0 and C = I the observation is the state: K = I. For very large R the gain falls
as P C' R^-1: an observation with no information moves nothing. In one dimension K = P / (P + R) is
the weight of a mean of two numbers that are weighted by their precisions.

Students get wrong: R forgotten in S; entries divided in the place of an inverse.
"""

import numpy as np


def kalman_gain(P, C, R):
    S = C @ P @ C.T + R
    return P @ C.T @ np.linalg.inv(S)
