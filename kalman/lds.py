"""The linear dynamical system that the filter, the smoother and EM share.

    K1   z_1 ~ N(mu_0, Sigma_0),   z_{t+1} ~ N(A z_t, Sigma_z),   y_t ~ N(C z_t, R_t)

Its transition is the poster's P1. The noise covariance R_t of the observations is data and no
parameter: for the Poisson population it follows from the number of spikes (datasets/ppc.py, D2).

Shapes: z (n_traj, T, n_z), y (n_traj, T, n_y).
"""

from dataclasses import dataclass

import numpy as np

from datasets.support import checks


@dataclass(frozen=True)
class LDS:
    """The parameters; checked, and cast to C-contiguous float64."""

    A: np.ndarray  # (n_z, n_z) transition
    C: np.ndarray  # (n_y, n_z) observation
    Sigma_z: np.ndarray  # (n_z, n_z) covariance of the transition noise, positive semi-definite
    mu_0: np.ndarray  # (n_z,) mean of the first state
    Sigma_0: np.ndarray  # (n_z, n_z) covariance of the first state, positive semi-definite

    def __post_init__(self):
        n_z = len(checks.array("A", self.A, ("n_z", "n_z")))
        shapes = {
            "A": (n_z, n_z),
            "C": ("n_y", n_z),
            "Sigma_z": (n_z, n_z),
            "mu_0": (n_z,),
            "Sigma_0": (n_z, n_z),
        }
        for name, shape in shapes.items():
            value = checks.array(name, getattr(self, name), shape, dtype=float)
            object.__setattr__(self, name, value)
        for name in ("Sigma_z", "Sigma_0"):
            checks.covariance(name, getattr(self, name), positive=False)

    @property
    def n_z(self):
        """Dimensions of the state."""
        return len(self.A)

    @property
    def n_y(self):
        """Dimensions of the observation."""
        return len(self.C)


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
    check_model("model", model)
    n_traj, T = checks.count("n_traj", n_traj), checks.count("T", T)
    checks.generator("rng", rng)
    R = checks.covariance("R", checks.array("R", R, (model.n_y, model.n_y), dtype=float))
    z = np.empty((n_traj, T, model.n_z))
    z[:, 0] = rng.multivariate_normal(model.mu_0, model.Sigma_0, n_traj)
    noise = rng.multivariate_normal(np.zeros(model.n_z), model.Sigma_z, (n_traj, T))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, T):
            # K1
            z[:, t] = z[:, t - 1] @ model.A.T + noise[:, t]
        y = z @ model.C.T + rng.multivariate_normal(np.zeros(model.n_y), R, (n_traj, T))
    if not np.isfinite(y).all() or not np.isfinite(z).all():
        raise ValueError(f"model: expected states that stay finite for {T} steps, got an overflow")
    return z, y


def check_model(name, model):
    """An LDS."""
    return checks.instance(name, model, LDS, " (kalman.lds)")


def check_observations(model, y, R, period):
    """Observations as the recursions take them.

    Parameters
    ----------
    model : LDS
    y : (n_traj, T, n_y), NaN where a component is missing
    R : (n_traj, T, n_y, n_y), or (n_y, n_y) for all steps; positive definite where y is observed
    period : None, or (n_y,) the circumference on which a component of y lives, infinite for the
        real line

    Returns
    -------
    y, R at every step, and period for every component, float64
    """
    n_y = check_model("model", model).n_y
    y = checks.array("y", y, ("n_traj", "T", n_y), missing=True, dtype=float)
    R = checks.numeric("R", R)
    if R.shape not in ((n_y, n_y), (*y.shape, n_y)):
        raise ValueError(f"R: expected shape {(n_y, n_y)} or {(*y.shape, n_y)}, got {R.shape}")
    observed = ~np.isnan(y)
    both = observed[..., :, None] & observed[..., None, :]
    # the noise of a missing component is never used: a unit matrix replaces whatever was given
    R = checks.array("R", np.where(both, R, np.eye(n_y)), (*y.shape, n_y), dtype=float)
    checks.covariance("R", R)
    if period is None:
        return y, R, np.full(n_y, np.inf)
    period = np.array(checks.numeric("period", period), dtype=float)
    if period.shape != (n_y,) or not (period > 0).all():
        raise ValueError(
            f"period: expected {n_y} positive numbers (infinite for the real line), "
            f"got {checks.shown(period)}"
        )
    return y, R, period
