"""The linear dynamical system that the filter, the smoother and EM share.

    D3    z_1 ~ N(mu_0, Sigma_0),   z_{t+1} = A z_t + N(0, Sigma_z),   y_t = C z_t + N(0, R_t)

Its transition is the poster's P1. R_t, the noise of the observations, is data and not a parameter: for the Poisson
population it is known at each step from the number of spikes (datasets/ppc.py, D2).

Shapes: z (n_traj, T, n_z), y (n_traj, T, n_y).
"""
from dataclasses import dataclass

import numpy as np

from datasets import checks


@dataclass(frozen=True)
class LDS:
    A: np.ndarray           # (n_z, n_z) transition
    C: np.ndarray           # (n_y, n_z) observation
    Sigma_z: np.ndarray     # (n_z, n_z) covariance of the transition noise, positive semi-definite
    mu_0: np.ndarray        # (n_z,) mean of the first state
    Sigma_0: np.ndarray     # (n_z, n_z) covariance of the first state, positive semi-definite

    def __post_init__(self):
        n_z = np.shape(self.A)[0] if np.ndim(self.A) == 2 else "n_z"
        shapes = {"A": (n_z, n_z), "C": ("n_y", n_z), "Sigma_z": (n_z, n_z), "mu_0": (n_z,), "Sigma_0": (n_z, n_z)}
        for name, shape in shapes.items():
            value = np.ascontiguousarray(checks.array(name, getattr(self, name), shape), dtype=float)
            object.__setattr__(self, name, value)
        for name in ("Sigma_z", "Sigma_0"):
            checks.covariance(name, getattr(self, name), positive=False)

    @property
    def n_z(self):
        return len(self.A)

    @property
    def n_y(self):
        return len(self.C)


def simulate(model, n_traj, T, R, rng):
    """Draw z (n_traj, T, n_z) and y (n_traj, T, n_y) from the model, with R one covariance (n_y, n_y)         [D3]"""
    checks.count("n_traj", n_traj)
    checks.count("T", T)
    checks.generator("rng", rng)
    R = checks.covariance("R", checks.array("R", R, (model.n_y, model.n_y)))
    z = np.empty((n_traj, T, model.n_z))
    z[:, 0] = rng.multivariate_normal(model.mu_0, model.Sigma_0, n_traj)
    noise = rng.multivariate_normal(np.zeros(model.n_z), model.Sigma_z, (n_traj, T))
    for t in range(1, T):
        z[:, t] = z[:, t - 1] @ model.A.T + noise[:, t]
    return z, z @ model.C.T + rng.multivariate_normal(np.zeros(model.n_y), R, (n_traj, T))


def check_observations(model, y, R, period):
    """y, R and period as the recursions take them: float64, R at every step, period for every component.

    y : (n_traj, T, n_y), NaN where a component is missing
    R : (n_traj, T, n_y, n_y), or (n_y, n_y) for all steps; positive definite where y is observed
    period : None, or (n_y,) the circumference on which a component of y lives, infinite for the real line
    """
    n_y = model.n_y
    y = np.ascontiguousarray(checks.array("y", y, ("n_traj", "T", n_y), missing=True), dtype=float)
    observed = ~np.isnan(y)
    both = observed[..., :, None] & observed[..., None, :]
    if np.ndim(R) == 2:
        R = np.broadcast_to(checks.array("R", R, (n_y, n_y)), (*y.shape, n_y))
    elif np.shape(R) == (*y.shape, n_y):
        R = np.asarray(R)
    else:
        raise ValueError(f"R: wanted shape {(n_y, n_y)} or {(*y.shape, n_y)}, got {np.shape(R)}")
    # the noise of what is not observed is never used: a unit matrix stands in for it, whatever was given
    R = np.ascontiguousarray(np.where(both, R, np.eye(n_y)), dtype=float)
    checks.array("R", R, R.shape)
    checks.covariance("R", R)
    if period is None:
        period = np.full(n_y, np.inf)
    period = np.ascontiguousarray(period, dtype=float)
    if period.shape != (n_y,) or not (period > 0).all():
        raise ValueError(f"period: wanted {n_y} positive numbers (infinite for the real line), got {period}")
    return y, R, period
