"""Exercise 4: one step of the Kalman filter.

Minutes: 25. Lines: 6. Before: chapter 2, K2 to K5; exercise 3.

    K2    predict      m <- A m,   P <- A P A' + Sigma_z
    K3    innovation   e = y - C m,   S = C P C' + R
    K4    gain         K = P C' S^-1
    K5    update       m <- m + K e,   P <- (I - K C) P    (chapter 2 has Joseph's form, equal here)

The check compares one step, and then a hundred, with what conditioning the joint normal
distribution of state and observation gives: first for an observed position, then for two mixtures
of position and velocity.
"""

import numpy as np


def kalman_step(m, P, y, A, C, Sigma_z, R):
    """The estimate after the next observation.

    Parameters
    ----------
    m, P : (n_z,) and (n_z, n_z) mean and covariance of the state after the last observation
    y : (n_y,) the next observation
    A, C, Sigma_z, R : as in K2 and K3

    Returns
    -------
    m, P : after the observation
    """
    raise NotImplementedError
