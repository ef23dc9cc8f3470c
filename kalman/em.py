"""EM for the linear dynamical system: how the Kalman filters of order 1 and 2 are learnt.

After Shumway and Stoffer (1982). KF-1 and KF-2 on the poster are fitted to the same observations
as the neural models; neither is given the true system. The E step smooths (smoothing.py). With
E_t = E[z_t | y_1..T], and all other moments likewise given y_1..T, the M step is

    K9    A       = (sum_t E[z_{t+1} z_t']) (sum_t E[z_t z_t'])^-1
    K10   Sigma_z = mean_t E[(z_{t+1} - A z_t) (z_{t+1} - A z_t)']
    K11   mu_0    = mean E[z_1],   Sigma_0 = mean E[(z_1 - mu_0) (z_1 - mu_0)']
    K12   C       : sum_t R_t^-1 C E[z_t z_t'] = sum_t R_t^-1 y_t E_t'
    K13   R       = mean_t E[(y_t - C z_t) (y_t - C z_t)']                     (constant)

with sums and means over all trajectories. Each line has its own parameter, and `learn` says which
lines are used; the other parameters stay as they are. Where R_t is known (lds.py), R is not learnt.

The likelihood never falls, but EM need not reach its maximum: with C = (1, 0), A = 0.5 I, mu_0 = 0
and diagonal covariances the second dimension is never coupled to the first, and a filter of order
2 ends as one of order 1. So `fit` takes several initial models and keeps the best result;
`constant_velocity` is the usual choice.

A trial that is shorter than the others ends in NaN. The steps after its last observation are no
data, and are left out: as missing data they would slow EM down.

Functions that begin with an underscore do not check their arguments.
"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from datasets.support.boundary import checked, count, function, number
from kalman import _boundary, smoothing
from kalman.lds import LDS, _innovation

positive = number(low=1e-100, high=1e100)


@dataclass(eq=False)
class Fit:
    """What `fit` returns."""

    model: LDS  # the one of highest likelihood
    R: np.ndarray  # the noise of the observations: learnt, or a copy of the one given
    log_likelihoods: list  # per initial model: before each iteration, and at the end
    best: int  # index of the initial model
    converged: bool  # whether the best one stopped before the limit of iterations


@checked(position_variance=positive, step_variance=positive)
def random_walk(position_variance, step_variance):
    """Initial LDS of order 1: the observed quantity itself is the state, and it drifts (K1).

    Parameters
    ----------
    position_variance : of the first state, in units of y squared
    step_variance : of one step, in units of y squared
    """
    return LDS(
        A=[[1.0]], C=[[1.0]], Sigma_z=[[step_variance]], mu_0=[0.0], Sigma_0=[[position_variance]]
    )


@checked(
    dt=positive, position_variance=positive, velocity_variance=positive, step_variance=positive
)
def constant_velocity(dt, position_variance, velocity_variance, step_variance):
    """Initial LDS of order 2: the velocity stays the same, except for a little noise (K1).

    Parameters
    ----------
    dt : s, one time step
    position_variance : of the first state, in units of y squared
    velocity_variance : of the first state, in units of y squared per s squared
    step_variance : that the velocity gains in one step
    """
    return LDS(
        A=[[1.0, dt], [0.0, 1.0]],
        C=[[1.0, 0.0]],
        mu_0=np.zeros(2),
        Sigma_z=np.diag([step_variance * dt**2, step_variance]),
        Sigma_0=np.diag([position_variance, velocity_variance]),
    )


@checked(
    initial_models=_boundary.models,
    learn=_boundary.names_of_parameters,
    y=_boundary.trials,
    R=_boundary.noise_to_learn,
    period=_boundary.period,
    n_iterations=count(),
    tolerance=number(low=0),
    callback=function,
)
def fit(
    initial_models,
    y,
    R,
    *,
    period=None,
    learn=("A", "Sigma_z", "mu_0", "Sigma_0"),
    n_iterations=1000,
    tolerance=1e-6,
    callback=None,
):
    """EM from every initial model (K9 to K13): the Fit of highest likelihood.

    Parameters
    ----------
    initial_models : list of LDS
    y, R, period : as for kalman_filter. Where R is learnt, R is its initial value, (n_y, n_y)
    learn : which of "A", "Sigma_z", "mu_0", "Sigma_0", "C", "R" are learnt; the others are kept
    n_iterations : upper limit
    tolerance : stop when the log likelihood per observation rises by less; 0 for all iterations
    callback : called as callback(index of the initial model, iteration, log_likelihood)

    Warns (RuntimeWarning) where the limit of iterations ended the best run, unless tolerance = 0.
    Raises ValueError where the observations do not determine the parameters.
    """
    period = np.full(y.shape[-1], np.inf) if period is None else period
    groups = _equal_lengths(y, R)
    runs = []
    for index, model in enumerate(initial_models):
        report = callback and (lambda *now, index=index: callback(index, *now))
        runs.append(_fit_one(model, R, groups, period, learn, n_iterations, tolerance, report))
    best = int(np.argmax([max(curve) for _, _, curve, _ in runs]))
    model, learnt_R, curve, converged = runs[best]
    if not converged and tolerance > 0:
        warnings.warn(
            f"n_iterations: expected enough for EM to converge, got {n_iterations}, in the last of "
            f"which the log likelihood rose by {curve[-1] - curve[-2]:.2g}",
            RuntimeWarning,
            stacklevel=3,
        )
    R = learnt_R if "R" in learn else R.copy()
    return Fit(model, R, [curve for _, _, curve, _ in runs], best, converged)


def _fit_one(model, R, groups, period, learn, n_iterations, tolerance, report):
    """EM from one initial model: the best model on the way, its R, the curve, and whether it
    converged"""
    n_observed = sum(np.count_nonzero(~np.isnan(y)) for y, _ in groups)
    curve = []
    for iteration in range(n_iterations + 1):
        with _boundary.blames("initial_models" if iteration == 0 else "y"):
            moments, log_likelihood = _e_step(model, R, groups, period)
        curve.append(log_likelihood)
        if log_likelihood == max(curve):
            best = model, R
        if report and iteration < n_iterations:
            report(iteration, log_likelihood)
        converged = iteration > 0 and curve[-1] - curve[-2] < tolerance * n_observed
        if converged or iteration == n_iterations:
            return *best, curve, bool(converged)
        with _boundary.blames("y"):
            model, R = _m_step(model, R, moments, period, learn)


def _equal_lengths(y, R):
    """[(y, R)] of the trials of equal length: up to the last observation that each of them has"""
    T = y.shape[1]
    observed = ~np.isnan(y).all(-1)
    lengths = np.where(observed.any(1), T - np.argmax(observed[:, ::-1], axis=1), 0)
    return [
        (y[lengths == n, :n], R[lengths == n, :n] if R.ndim == 4 else R)
        for n in np.unique(lengths[lengths > 0])
    ]


class _Moments(NamedTuple):
    """Of all trials, one row per time step or pair of steps; means and covariances given y_1..T"""

    mean: np.ndarray  # E[z_t], and the covariance of z_t, at all steps
    cov: np.ndarray
    first: np.ndarray  # the same at t = 1
    first_cov: np.ndarray
    before: np.ndarray  # E[z_t], E[z_{t+1}], their covariances, cov(z_{t+1}, z_t), t = 1 .. T-1
    after: np.ndarray
    before_cov: np.ndarray
    after_cov: np.ndarray
    lag_one_cov: np.ndarray
    y: np.ndarray
    R: np.ndarray


def _e_step(model, R, groups, period):
    """_Moments, and the log likelihood (K7, K8)"""
    parts, log_likelihood = [], 0.0
    for y, R_t in groups:
        R_t = _boundary.of_steps(R if R.ndim == 2 else R_t, y)
        s = smoothing.rts_smoother.unchecked(model, y, R_t, period=period)
        E, P = s.mean, s.cov
        pairs = E[:, :-1], E[:, 1:], P[:, :-1], P[:, 1:], s.lag_one_cov
        parts.append((E, P, E[:, :1], P[:, :1], *pairs, y, R_t))
        log_likelihood += float(s.log_likelihood.sum())
    rows = [
        [part.reshape(-1, *part.shape[2:]) for part in those] for those in zip(*parts, strict=True)
    ]
    return _Moments(*map(np.concatenate, rows)), log_likelihood


def _m_step(model, R, s, period, learn):
    """The parameters that maximise the expected log likelihood (K9 to K13)"""
    A, C, Sigma_z, mu_0, Sigma_0 = model.A, model.C, model.Sigma_z, model.mu_0, model.Sigma_0
    # a dimension without variance follows A exactly: its row of A solves K9 already, K10 is 0
    varies = np.diagonal(s.after_cov, axis1=1, axis2=2).any(0)
    varies_first = np.diagonal(s.first_cov, axis1=1, axis2=2).any(0)
    if "A" in learn:
        # K9, as a change of A: in a direction in which z never varies, A stays as it is
        second = s.before.T @ s.before + s.before_cov.sum(0)
        lagged = s.after.T @ s.before + s.lag_one_cov.sum(0)
        change = (lagged - A @ second) @ smoothing._inverse(second[None])[0]
        A = A + change * varies[:, None]
    if "Sigma_z" in learn:
        # K10. The residual's mean and covariance are kept apart: no difference of large numbers
        residual = s.after - s.before @ A.T
        A_lagged = A @ s.lag_one_cov.mean(0).T
        Sigma_z = residual.T @ residual / len(residual) + s.after_cov.mean(0)
        Sigma_z += A @ s.before_cov.mean(0) @ A.T - A_lagged - A_lagged.T
        Sigma_z *= np.outer(varies, varies)
    # K11
    if "mu_0" in learn:
        mu_0 = np.where(varies_first, s.first.mean(0), mu_0)
    if "Sigma_0" in learn:
        off = s.first - mu_0
        Sigma_0 = s.first_cov.mean(0) + off.T @ off / len(off)
        Sigma_0 *= np.outer(varies_first, varies_first)
    if "C" in learn:
        C = _learnt_C(C, s, period)
    if "R" in learn:
        R = _learnt_R(C, R, s, period)
    return LDS(A, C, _semi_definite(Sigma_z), mu_0, _semi_definite(Sigma_0)), R


def _semi_definite(P):
    """P, symmetric. In a direction that is known exactly, rounding may leave a variance below 0"""
    P = (P + P.T) / 2
    variances, directions = np.linalg.eigh(P)
    if -1e-8 * variances[-1] < variances[0] < -1e-12 * variances[-1]:  # LDS takes what is nearer 0
        P = (directions * np.maximum(variances, 0)) @ directions.T
    return P


def _learnt_C(C, s, period):
    """C, by least squares with weights R_t^-1: one linear system for its entries (K12)

    The entries of C in a row, vec(C), fulfil
    sum_t (R_t^-1 kron E[z z']) vec(C) = vec(sum_t R_t^-1 y_t E_t').
    """
    observed = ~np.isnan(s.y)
    precision = np.linalg.inv(s.R) * (observed[:, :, None] & observed[:, None, :])
    second = s.cov + s.mean[:, :, None] * s.mean[:, None, :]
    expected = s.mean @ C.T
    # y, on the turn of the circle where z is
    near = np.where(observed, expected + _innovation(s.y, expected, period), 0)
    # K12
    left = np.einsum("tij,tkl->ikjl", precision, second).reshape(C.size, C.size)
    right = np.einsum("tij,tj,tk->ik", precision, near, s.mean)
    return np.linalg.solve(left, right.ravel()).reshape(C.shape)


def _learnt_R(C, R, s, period):
    """R, the mean square of what C z_t leaves of y_t (K13), over the steps with an observation.

    The noise v of missing components is filled in from that of the observed ones, of which it is a
    linear function plus an independent rest: with M = 1 for an observed component and 0 for a
    missing one, on a diagonal, E[v | M v] = F v, F = R M (M R M + 1 - M)^-1 M, and the rest has the
    covariance R - F R.
    """
    some = ~np.isnan(s.y).all(-1)
    y, mean, cov = s.y[some], s.mean[some], s.cov[some]
    observed = ~np.isnan(y)
    e = np.where(observed, _innovation(y, mean @ C.T, period), 0)
    # K13
    square = e[:, :, None] * e[:, None, :] + C @ cov @ C.T
    if not observed.all():
        M = observed[:, :, None] * np.eye(len(R))
        F = R @ M @ np.linalg.inv(M @ R @ M + np.eye(len(R)) - M) @ M
        square = F @ square @ np.swapaxes(F, 1, 2) + R - F @ R
    R = square.mean(0)
    return (R + R.T) / 2
