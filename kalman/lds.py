"""The linear dynamical system that the filter, the smoother and EM share.

    K1   z_1 ~ N(mu_0, Sigma_0),   z_{t+1} ~ N(A z_t, Sigma_z),   y_t ~ N(C z_t, R_t)

Its transition is the poster's P1. The noise covariance R_t of the observations is data: for the
Poisson population it follows from the number of spikes (datasets/ppc.py, D2). Where it is constant
and unknown, EM learns it (em.py).

A dimension that is known exactly has zeros in Sigma_0 and Sigma_z. An offset is such a dimension,
with a constant 1 as its state: z_{t+1} = A z_t + b becomes A = [[A, b], [0, 1]].

Shapes: z (n_traj, T, n_z), y (n_traj, T, n_y).
"""

from dataclasses import astuple, dataclass

import numpy as np

from datasets.support.boundary import checked, count, fields, generator
from kalman import _boundary


@dataclass(frozen=True, eq=False)
@fields(**_boundary.PARAMETERS)
class LDS:
    """The parameters; checked, and copied into read-only arrays (float64)."""

    A: np.ndarray  # (n_z, n_z) transition
    C: np.ndarray  # (n_y, n_z) observation
    Sigma_z: np.ndarray  # (n_z, n_z) covariance of the transition noise, positive semi-definite
    mu_0: np.ndarray  # (n_z,) mean of the first state
    Sigma_0: np.ndarray  # (n_z, n_z) covariance of the first state, positive semi-definite

    def __eq__(self, other):
        if not isinstance(other, LDS):
            return NotImplemented
        return all(map(np.array_equal, astuple(self), astuple(other)))

    @property
    def n_z(self):
        """Dimensions of the state."""
        return len(self.A)

    @property
    def n_y(self):
        """Dimensions of the observation."""
        return len(self.C)


@checked(
    model=_boundary.model,
    n_traj=count(),
    T=count(),
    R=_boundary.constant_noise,
    rng=generator,
    result=_boundary.finite_states,
)
def simulate(model, n_traj, T, R, rng):
    """Sample states and observations from the model (K1).

    Parameters
    ----------
    model : LDS
    n_traj, T : number of trajectories, number of time steps
    R : (n_y, n_y) covariance of the observation noise
    rng : numpy.random.Generator

    Returns
    -------
    z (n_traj, T, n_z) and y (n_traj, T, n_y)
    """
    z = np.empty((n_traj, T, model.n_z))
    # K1
    z[:, 0] = rng.multivariate_normal(model.mu_0, model.Sigma_0, n_traj)
    noise = rng.multivariate_normal(np.zeros(model.n_z), model.Sigma_z, (n_traj, T))
    for t in range(1, T):
        z[:, t] = z[:, t - 1] @ model.A.T + noise[:, t]
    y = z @ model.C.T + rng.multivariate_normal(np.zeros(model.n_y), R, (n_traj, T))
    return z, y


def _innovation(y, expected, period):
    """y - expected, wrapped where a component lives on a circle (K3); all (..., n_y)"""
    difference = y - expected
    circular = np.isfinite(period)
    turn = np.where(circular, period, 1)
    return np.where(circular, (difference + turn / 2) % turn - turn / 2, difference)
