"""EM for the linear dynamical system: how the Kalman filters of order 1 and 2 are learnt.

After Shumway and Stoffer (1982). KF-1 and KF-2 on the poster are fitted to the same observations
as the neural models; neither is given the true system. The E step smooths (smoothing.py). With
E_t = E[z_t | y_1..T], and all other moments likewise given y_1..T, the M step is

    K9    A       = (sum_t E[z_{t+1} z_t']) (sum_t E[z_t z_t'])^-1
    K10   Sigma_z = mean_t E[(z_{t+1} - A z_t) (z_{t+1} - A z_t)']
    K11   mu_0    = mean E[z_1],   Sigma_0 = mean E[(z_1 - mu_0) (z_1 - mu_0)']
    K12   C       : sum_t R_t^-1 C E[z_t z_t'] = sum_t R_t^-1 y_t E_t'        (if C is learnt)

with sums and means over all trajectories. The noise covariance R_t of the observations is known
(lds.py). The likelihood never falls, but EM need not reach its maximum: with C = (1, 0), A = 0.5 I
and diagonal covariances the two dimensions are independent, EM never couples them, and a filter of
order 2 ends as one of order 1. So `fit` takes several initial models and keeps the best result;
`constant_velocity` is the usual choice.
"""

from dataclasses import dataclass

import numpy as np

from datasets.support import checks
from kalman.filtering import _innovation
from kalman.lds import LDS, check_observations
from kalman.smoothing import rts_smoother


@dataclass
class Fit:
    """What `fit` returns."""

    model: LDS  # the one of highest likelihood
    log_likelihoods: list  # per initial model: before each iteration, and at the end
    best: int  # index of the initial model


def random_walk(position_variance, step_variance):
    """Initial model of order 1: the observed quantity itself is the state, and it drifts (K1).

    Parameters
    ----------
    position_variance : of the first state, in units of y squared
    step_variance : of one step, in units of y squared

    Returns
    -------
    LDS
    """
    position_variance = _positive("position_variance", position_variance)
    step_variance = _positive("step_variance", step_variance)
    return LDS(
        A=[[1.0]], C=[[1.0]], Sigma_z=[[step_variance]], mu_0=[0.0], Sigma_0=[[position_variance]]
    )


def constant_velocity(dt, position_variance, velocity_variance, step_variance):
    """Initial model of order 2: the velocity stays the same, except for a little noise (K1).

    Parameters
    ----------
    dt : s, one time step
    position_variance : of the first state, in units of y squared
    velocity_variance : of the first state, in units of y squared per s squared
    step_variance : that the velocity gains in one step

    Returns
    -------
    LDS
    """
    dt, position_variance = _positive("dt", dt), _positive("position_variance", position_variance)
    velocity_variance = _positive("velocity_variance", velocity_variance)
    step_variance = _positive("step_variance", step_variance)
    return LDS(
        A=[[1.0, dt], [0.0, 1.0]],
        C=[[1.0, 0.0]],
        mu_0=np.zeros(2),
        Sigma_z=np.diag([step_variance * dt**2, step_variance]),
        Sigma_0=np.diag([position_variance, velocity_variance]),
    )


def fit(
    initial_models,
    y,
    R,
    *,
    period=None,
    learn_C=False,
    n_iterations=200,
    tolerance=1e-6,
    callback=None,
):
    """EM from every initial model; the result of highest likelihood is kept (K9 to K12).

    Parameters
    ----------
    initial_models : list of LDS
    y, R, period : as for kalman_filter
    learn_C : False keeps each initial model's C
    n_iterations : upper limit
    tolerance : stop when the log likelihood per observation rises by less
    callback : called as callback(index of the initial model, iteration, log_likelihood)

    Returns
    -------
    Fit

    Raises ValueError where the observations do not determine the parameters.
    """
    n_iterations = checks.count("n_iterations", n_iterations)
    tolerance = checks.number("tolerance", tolerance, low=0)
    learn_C = checks.flag("learn_C", learn_C)
    if callback is not None:
        checks.function("callback", callback)
    if (
        not isinstance(initial_models, (list, tuple))
        or not initial_models
        or not all(isinstance(model, LDS) for model in initial_models)
    ):
        raise TypeError(
            "initial_models: expected a list of at least one LDS (kalman.lds), "
            f"got {checks.shown(initial_models)}"
        )
    models, curves = [], []
    for index, model in enumerate(initial_models):
        data = check_observations(model, y, R, period)
        if data[0].shape[1] < 2:
            raise ValueError("y: expected at least two time steps to learn a transition, got 1")
        if np.isnan(data[0]).all():
            raise ValueError("y: expected at least one observation, got only NaN")

        def report(iteration, log_likelihood, index=index):
            if callback is not None:
                callback(index, iteration, log_likelihood)

        model, curve = _fit_one(model, *data, learn_C, n_iterations, tolerance, report)
        models.append(model)
        curves.append(curve)
    best = int(np.argmax([max(curve) for curve in curves]))
    return Fit(models[best], curves, best)


def _fit_one(model, y, R, period, learn_C, n_iterations, tolerance, report):
    """EM from one initial model: the best model on the way, and its curve of log likelihoods"""
    n_observed = np.count_nonzero(~np.isnan(y))
    curve = []
    for iteration in range(n_iterations + 1):
        smoothed = rts_smoother(model, y, R, period=period)
        curve.append(smoothed.log_likelihood.sum())
        if curve[-1] == max(curve):
            best = model
        if iteration == n_iterations:
            break
        report(iteration, curve[-1])
        if iteration > 0 and curve[-1] - curve[-2] < tolerance * n_observed:
            break
        try:
            model = _m_step(model, smoothed, y, R, period, learn_C)
        except ValueError as error:  # a singular system, or a covariance that is none
            raise ValueError(
                f"y: expected observations that determine the model's parameters, got "
                f"some that do not (iteration {iteration}: {error})"
            ) from None
    return best, curve


def _m_step(model, smoothed, y, R, period, learn_C):
    """The parameters that maximise the expected log likelihood (K9 to K12)"""
    E, cov, lag_one_cov = smoothed.mean, smoothed.cov, smoothed.lag_one_cov
    second = cov + E[..., :, None] * E[..., None, :]  # E[z_t z_t']
    lagged = lag_one_cov + E[:, 1:, :, None] * E[:, :-1, None, :]  # E[z_{t+1} z_t']
    # K9
    A = np.linalg.solve(second[:, :-1].sum((0, 1)), lagged.sum((0, 1)).T).T
    # K10. The residual's mean and covariance are kept apart: no difference of large numbers
    residual = (E[:, 1:] - E[:, :-1] @ A.T).reshape(-1, len(A))
    A_lagged = A @ lag_one_cov.mean((0, 1)).T
    Sigma_z = (
        residual.T @ residual / len(residual)
        + cov[:, 1:].mean((0, 1))
        - A_lagged
        - A_lagged.T
        + A @ cov[:, :-1].mean((0, 1)) @ A.T
    )
    # K11
    mu_0 = E[:, 0].mean(0)
    off = E[:, 0] - mu_0
    Sigma_0 = cov[:, 0].mean(0) + off.T @ off / len(off)
    C = _learnt_C(model, E, second, y, R, period) if learn_C else model.C
    return LDS(A, C, (Sigma_z + Sigma_z.T) / 2, mu_0, (Sigma_0 + Sigma_0.T) / 2)


def _learnt_C(model, E, second, y, R, period):
    """C, by least squares with weights R_t^-1: one linear system for its entries (K12)

    The entries of C in a row, vec(C), fulfil
    sum_t (R_t^-1 kron E[z z']) vec(C) = vec(sum_t R_t^-1 y_t E_t').
    """
    observed = ~np.isnan(y)
    precision = np.linalg.inv(R) * (observed[..., :, None] & observed[..., None, :])
    expected = E @ model.C.T
    # y, on the turn of the circle where z is
    near = np.where(observed, expected + _innovation(y, expected, period), 0)
    n_y, n_z = model.C.shape
    # K12
    left = np.einsum("ntij,ntkl->ikjl", precision, second).reshape(n_y * n_z, n_y * n_z)
    right = np.einsum("ntij,ntj,ntk->ik", precision, near, E)
    return np.linalg.solve(left, right.ravel()).reshape(n_y, n_z)


def _positive(name, value):
    return checks.number(name, value, low=1e-100, high=1e100)
