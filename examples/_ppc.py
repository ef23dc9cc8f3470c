"""What the scripts on the oscillator share: the data, the estimates of every kind of model, the errors in a table."""
import itertools
from dataclasses import replace

import numpy as np

from datasets import ppc
from kalman import em, filtering, lds

SYSTEM = ppc.System()
SETTLED = 100                           # steps after which the start of a trajectory no longer matters (much)
TEST = dict(n_traj=40, T=1000)          # the authors' test: 40 trajectories from rest
WAKE_RATE = 1e-3
POSTER = {"ORDER 0": 12e-4, "TVAE": 9.5e-4, "TRBM": 6.0e-4, "KF-1": 5.8e-4, "rVAE": 5.3e-4, "rEFH": 3.3e-4,
          "RTRBM": 3.1e-4, "KF-2": 2.2e-4}          # table 1, MSE in rad^2


def training_batches(rng, n_traj, T):
    """Endless fresh trajectories (n_traj, T, 15), each starting at a random phase of its oscillation"""
    return (ppc.sample(SYSTEM, n_traj, T, rng, staggered=True).y for _ in itertools.count())


def learn(model, params, rng, *, n_traj, T, n_updates, rate, sigmas=None, wake=0, **settings):
    """Train on fresh trajectories; Ctrl+C is raised, for half a training makes no row

    sigmas : for the rVAE, the sigma_u that it has in each of as many equal parts of the training
    wake : for the autoencoders, updates of the generative model alone, at the end
    """
    def stage(**more):
        learnt, log = model.train(params, training_batches(rng, n_traj, T), rng, **settings, **more)
        if log.interrupted:
            raise KeyboardInterrupt
        return learnt

    n_parts = len(sigmas or [None])
    for part in range(n_parts):
        if sigmas:
            params = replace(params, model=replace(params.model, sigma_u=sigmas[part]))
        params = stage(n_updates=n_updates // n_parts, rate=rate * (1 - part / n_parts),
                       final_rate=rate * (1 - (part + 1) / n_parts))
    return stage(n_updates=wake, rate=WAKE_RATE, freeze_phi=True) if wake else params


def observations(y):
    """What the Kalman filters see: decoded positions (n_traj, T, 1), and their variances (n_traj, T, 1, 1) [D1, D2]

    The neurons live on a circle, the mass on a line. All trajectories begin well inside one turn of the circle, and
    no step is as long as half of it, so the decoded positions can be unrolled on to the line as they come.
    """
    z_hat, total = ppc.decode(SYSTEM, y)
    return unrolled(z_hat)[..., None], ppc.decoder_variance(SYSTEM, total)[..., None, None]


def unrolled(position):
    """Positions on the circle (n_traj, T), made continuous on the line; steps without spikes stay NaN"""
    observed = ~np.isnan(position)
    last_observed = np.maximum.accumulate(np.where(observed, np.arange(position.shape[1]), 0), axis=1)
    filled = np.nan_to_num(np.take_along_axis(position, last_observed, axis=1))
    return np.where(observed, np.unwrap(filled, period=SYSTEM.circumference, axis=1), np.nan)


def true_lds():
    """The system that made the data, told to the filter: the floor"""
    return lds.LDS(SYSTEM.A, SYSTEM.C, SYSTEM.Sigma_z, SYSTEM.mu_0, SYSTEM.Sigma_0)


def fit_kalman(y, name):
    """KF-1 or KF-2 by EM, from the start that a user would give: a random walk, or constant velocity"""
    z_hat, R = observations(y)
    spread = np.nanvar(z_hat)
    if name == "KF-1":
        start = em.random_walk(position_variance=spread, step_variance=1e-3)
    else:
        start = em.constant_velocity(SYSTEM.dt, position_variance=spread, velocity_variance=spread, step_variance=1e-3)
    return em.fit([start], z_hat, R).model


def kalman_estimate(model, y):
    """Filtered positions (n_traj, T), in rad"""
    return filtering.kalman_filter(model, *observations(y)).mean[..., 0]


def network_estimate(model, params, y, u0=None):
    """Positions (n_traj, T), in rad: what the state says about the present spikes, decoded as spikes are        [D1]

    model : the module that params belong to, refh_numpy.refh for instance
    u0 : the states before the first observation; None for where the model begins by itself
    """
    return ppc.decode(SYSTEM, model.emission_mean(params, model.infer(params, y, u0)))[0]


def next_step_loss(model, params, y, rng):
    """-log p(y_{t+1} | y_1 .. y_t) a step (nats, log y! left out), for Poisson counts of the predicted mean"""
    mean = model.predict_next(params, model.infer(params, y), rng)[:, :-1]
    return float(np.mean(np.sum(mean - y[:, 1:] * np.log(mean), axis=-1)))


def mse(z_hat, z):
    """Mean squared error of the position (rad^2): over all steps, and over those after the first 100"""
    error = ppc.squared_error(SYSTEM, z_hat, z[..., 0])
    return float(error.mean()), float(error[:, SETTLED:].mean())
