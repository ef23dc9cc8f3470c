"""EM for the linear dynamical system: how the Kalman filters of order 1 and 2 are learnt (Shumway and Stoffer 1982).

KF-1 and KF-2 on the poster are fitted to the same observations as the neural models; neither is told the true system.
The E step smooths (smoothing.py); with E_t = E[z_t | y_1..T], and all second moments likewise given y_1..T, the M step is

    D11   A       = (sum_t E[z_{t+1} z_t']) (sum_t E[z_t z_t'])^-1
    D12   Sigma_z = mean_t (E[z_{t+1} z_{t+1}'] - A E[z_t z_{t+1}'])
    D13  mu_0    = mean E[z_1],   Sigma_0 = mean E[z_1 z_1'] - mu_0 mu_0'
    D14  C       : sum_t R_t^-1 C E[z_t z_t'] = sum_t R_t^-1 y_t E_t'       (only if C is to be learnt)

the sums over all trajectories. The noise R_t of the observations is known throughout (lds.py). The likelihood never
falls. It has local maxima: a filter of order 2 that starts from A = 0.5 I, or from many a random rotation, ends up a
filter of order 1. So `fit` takes several starts and keeps the best; `constant_velocity` is the one that a user of the
field would give.
"""
from dataclasses import dataclass

import numpy as np

from datasets import checks
from kalman.filtering import innovation
from kalman.lds import LDS, check_observations
from kalman.smoothing import rts_smoother


@dataclass
class Fit:
    model: LDS                      # the best of all starts
    log_likelihoods: list           # for each start, the log likelihood (of all trajectories) before each iteration
    best: int                       # which start


def random_walk(position_variance, step_variance):
    """A start for order 1: the observed quantity itself is the state, and it drifts                            [D3]

    position_variance : of the first state;  step_variance : of one step; both in units of y squared
    """
    checks.number("position_variance", position_variance, low=0, above_low=True)
    checks.number("step_variance", step_variance, low=0, above_low=True)
    return LDS(A=[[1.0]], C=[[1.0]], Sigma_z=[[step_variance]], mu_0=[0.0], Sigma_0=[[position_variance]])


def constant_velocity(dt, position_variance, velocity_variance, step_variance):
    """A start for order 2: things keep their velocity, but for a little noise                                 [D3]

    dt : s, a time step;  position_variance, velocity_variance : of the first state, in units of y squared (per s
    squared);  step_variance : variance that the velocity gains in one step
    """
    for name, value in (("dt", dt), ("position_variance", position_variance),
                        ("velocity_variance", velocity_variance), ("step_variance", step_variance)):
        checks.number(name, value, low=0, above_low=True)
    return LDS(A=[[1.0, dt], [0.0, 1.0]], C=[[1.0, 0.0]], mu_0=np.zeros(2),
               Sigma_z=np.diag([step_variance * dt**2, step_variance]),
               Sigma_0=np.diag([position_variance, velocity_variance]))


def fit(starts, y, R, *, period=None, learn_C=False, n_iterations=200, tolerance=1e-6, callback=None):
    """EM from every start, the most likely result kept                                              [D11 to D14]

    starts : list of LDS;  y, R, period : as for kalman_filter;  learn_C : False keeps each start's C
    n_iterations : at most so many;  tolerance : stop when the log likelihood per observation rises by less
    callback : called as callback(start, iteration, log_likelihood)
    """
    n_iterations = checks.count("n_iterations", n_iterations)
    checks.number("tolerance", tolerance, low=0)
    if not isinstance(starts, (list, tuple)) or not starts or not all(isinstance(start, LDS) for start in starts):
        raise ValueError(f"starts: wanted a list of at least one LDS, got {starts!r}")
    models, curves = [], []
    for number, model in enumerate(starts):
        y_checked, R_checked, period_checked = check_observations(model, y, R, period)
        if y_checked.shape[1] < 2:
            raise ValueError("y: wanted at least two time steps to learn a transition, got 1")
        n_observed = np.count_nonzero(~np.isnan(y_checked))
        curve = []
        for iteration in range(n_iterations):
            smoothed = rts_smoother(model, y_checked, R_checked, period=period_checked)
            curve.append(smoothed.log_likelihood.sum())
            if callback is not None:
                callback(number, iteration, curve[-1])
            if iteration > 0 and curve[-1] - curve[-2] < tolerance * n_observed:
                break
            model = m_step(model, smoothed, y_checked, R_checked, period_checked, learn_C)
        models.append(model)
        curves.append(curve)
    best = int(np.argmax([curve[-1] for curve in curves]))
    return Fit(models[best], curves, best)


def m_step(model, smoothed, y, R, period, learn_C):
    """The parameters that make the smoothed trajectories most probable                              [D11 to D14]"""
    E, cov = smoothed.mean, smoothed.cov
    second = cov + E[..., :, None] * E[..., None, :]                                            # E[z_t z_t']
    lagged = smoothed.lag_one_cov + E[:, 1:, :, None] * E[:, :-1, None, :]                      # E[z_{t+1} z_t']
    n_steps = lagged.shape[0] * lagged.shape[1]
    # D11
    A = np.linalg.solve(second[:, :-1].sum((0, 1)), lagged.sum((0, 1)).T).T
    # D12
    Sigma_z = (second[:, 1:].sum((0, 1)) - A @ lagged.sum((0, 1)).T) / n_steps
    # D13
    mu_0 = E[:, 0].mean(0)
    Sigma_0 = second[:, 0].mean(0) - np.outer(mu_0, mu_0)
    C = learnt_C(model, E, second, y, R, period) if learn_C else model.C
    return LDS(A, C, (Sigma_z + Sigma_z.T) / 2, mu_0, (Sigma_0 + Sigma_0.T) / 2)


def learnt_C(model, E, second, y, R, period):
    """C, by least squares with weights R_t^-1: one linear system for its entries                             [D14]

    The entries of C in a row, vec(C), fulfil sum_t (R_t^-1 kron E[z z']) vec(C) = vec(sum_t R_t^-1 y_t E_t').
    """
    observed = ~np.isnan(y)
    precision = np.linalg.inv(R) * (observed[..., :, None] & observed[..., None, :])
    expected = E @ model.C.T
    near = np.where(observed, expected + innovation(y, expected, period), 0)    # y, on the turn of the circle where z is
    n_y, n_z = model.C.shape
    left = np.einsum("ntij,ntkl->ikjl", precision, second).reshape(n_y * n_z, n_y * n_z)
    right = np.einsum("ntij,ntj,ntk->ik", precision, near, E)
    return np.linalg.solve(left, right.ravel()).reshape(n_y, n_z)
