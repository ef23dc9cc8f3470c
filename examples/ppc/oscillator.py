"""What the scripts on the oscillator share: data, training, estimates of every model, errors."""

import itertools
from dataclasses import replace

import numpy as np

from datasets import ppc
from kalman import em, filtering, lds

SYSTEM = ppc.SYSTEM
SETTLED = 100  # time steps after which the initial state matters little
TEST = dict(n_traj=40, T=1000)  # the authors' test: 40 trajectories that start at rest
DECODER_LEARNING_RATE = 1e-3
# settings of a row, not of train
OTHERS = ("model", "n_traj", "T", "prior_given_u", "n_restarts", "at_fixed_point")
# Table 1 of the poster, MSE in rad^2
POSTER = {
    "ORDER 0": 12e-4,
    "TVAE": 9.5e-4,
    "TRBM": 6.0e-4,
    "KF-1": 5.8e-4,
    "rVAE": 5.3e-4,
    "rEFH": 3.3e-4,
    "RTRBM": 3.1e-4,
    "KF-2": 2.2e-4,
}


def training_batches(rng, n_traj, T):
    """Endless new trajectories (n_traj, T, 15), each from a random phase of its oscillation."""
    return (ppc.sample(n_traj, T, rng, random_phase=True).y for _ in itertools.count())


def stages(settings):
    """The parts of a training, from the settings of a row.

    Parameters
    ----------
    settings : of model.train, and "sigmas": for the rVAE, the sigma_u of each of as many equal
        parts, a pair for one per latent; "n_first_decoder_updates", "n_decoder_updates": for the
        autoencoders, updates of the decoder alone, at the beginning and at the end.
        Entries that are not about updates are left out: OTHERS

    Yields
    ------
    changes of the Config, settings of model.train
    """
    settings = {name: value for name, value in settings.items() if name not in OTHERS}
    sigmas, n_decoder = settings.pop("sigmas", [None]), settings.pop("n_decoder_updates", 0)
    n_updates, rate = settings.pop("n_updates"), settings.pop("learning_rate")
    n_parts, n_first = len(sigmas), settings.pop("n_first_decoder_updates", 0)
    if n_first:
        first = dict(n_updates=n_first, learning_rate=rate, freeze_phi=True)
        yield {"sigma_u": sigmas[0]}, settings | first
    for part, sigma_u in enumerate(sigmas):
        yield (
            {} if sigma_u is None else {"sigma_u": sigma_u},
            settings
            | dict(
                n_updates=n_updates // n_parts,
                learning_rate=rate * (1 - part / n_parts),
                final_learning_rate=rate * (1 - (part + 1) / n_parts),
            ),
        )
    if n_decoder:
        yield (
            {},
            settings
            | dict(n_updates=n_decoder, learning_rate=DECODER_LEARNING_RATE, freeze_phi=True),
        )


def train(model, params, rng, settings):
    """Params after all `stages` of a training on new trajectories.

    Ctrl+C raises KeyboardInterrupt, because half a training makes no row.
    """
    for config, stage in stages(settings):
        if config:
            params = replace(params, config=replace(params.config, **config))
        batches = training_batches(rng, settings["n_traj"], settings["T"])
        params, log = model.train(params, batches, rng, **stage)
        if log.interrupted:
            raise KeyboardInterrupt
    return params


def observations(y):
    """Observations of the Kalman filters, decoded from spikes (D1, D2).

    The neurons tile a circle, the oscillator moves on a line. All trajectories begin well inside
    one turn of the circle, and no step is as long as half of it, so the decoded positions can be
    unwrapped.

    Parameters
    ----------
    y : (n_traj, T, 15) spikes per time step

    Returns
    -------
    positions (n_traj, T, 1) in rad, NaN where there are no spikes, and their variances
    (n_traj, T, 1, 1)
    """
    z_hat, total = ppc.decode(y)
    return unwrapped(z_hat)[..., None], ppc.decoder_variance(total)[..., None, None]


def unwrapped(position):
    """Positions (n_traj, T), made continuous; time steps without spikes stay NaN."""
    observed = ~np.isnan(position)
    steps = np.where(observed, np.arange(position.shape[1]), 0)
    last_observed = np.maximum.accumulate(steps, axis=1)
    filled = np.nan_to_num(np.take_along_axis(position, last_observed, axis=1))
    return np.where(observed, np.unwrap(filled, period=SYSTEM.circumference, axis=1), np.nan)


def true_lds():
    """The system that generates the data, as the Kalman filter's model: the lower reference."""
    return lds.LDS(SYSTEM.A, SYSTEM.C, SYSTEM.Sigma_z, SYSTEM.mu_0, SYSTEM.Sigma_0)


def fit_kalman(y, name):
    """KF-1 or KF-2 by EM, initialised as a random walk, or with constant velocity."""
    z_hat, R = observations(y)
    spread = np.nanvar(z_hat)
    if name == "KF-1":
        init = em.random_walk(position_variance=spread, step_variance=1e-3)
    else:
        init = em.constant_velocity(
            SYSTEM.dt, position_variance=spread, velocity_variance=spread, step_variance=1e-3
        )
    return em.fit([init], z_hat, R).model


def fit_from_random_starts(y, rng, n_starts, n_iterations):
    """A filter of order 2 by EM after the authors' recipe: its LDS, and one R for all time steps.

    A, Sigma_z, the first state, C and R are learnt, from random initial models; few iterations are
    made of each, and the best is kept (jgmakin/rbmish at 700062f, fitLDSwithEM.m:76, EM4LDS.m:84
    and 122, KFposteriorization.m:72). They draw new data in each iteration, we do not.
    """
    z_hat, _ = observations(y)
    spread = np.nanvar(z_hat)
    inits = []
    for _ in range(n_starts):
        A = rng.standard_normal((2, 2))
        A *= 0.95 / np.abs(np.linalg.eigvals(A)).max()
        C = rng.standard_normal((1, 2)) * np.sqrt(spread)
        inits.append(lds.LDS(A, C, 0.1 * np.eye(2), np.zeros(2), np.eye(2)))
    everything = "A", "Sigma_z", "mu_0", "Sigma_0", "C", "R"
    fit = em.fit(
        inits, z_hat, [[0.1 * spread]], learn=everything, n_iterations=n_iterations, tolerance=0
    )
    return fit.model, fit.R


def kalman_estimate(model, y, R=None):
    """Filtered positions (n_traj, T), in rad; R (1, 1): in the place of the decoder's variances."""
    z_hat, variances = observations(y)
    return filtering.kalman_filter(model, z_hat, variances if R is None else R).mean @ model.C[0]


def network_estimate(model, params, y, u0=None):
    """Positions decoded from the reconstruction of the current spikes (D1).

    Parameters
    ----------
    model : the module that params belong to
    y : (n_traj, T, 15) spikes per time step
    u0 : (n_traj, n_u) initial states; None for those that `infer` takes by itself

    Returns
    -------
    (n_traj, T) positions in rad
    """
    return ppc.decode(model.emission_mean(params, model.infer(params, y, u0)))[0]


def next_step_loss(model, params, y, rng):
    """-log p(y_{t+1} | y_1 .. y_t) per time step (nats, without log y!).

    The prediction is taken for the mean of a Poisson distribution.
    """
    mean = model.predict_next(params, model.infer(params, y), rng)[:, :-1]
    return float(np.mean(np.sum(mean - y[:, 1:] * np.log(mean), axis=-1)))


def mse(z_hat, z):
    """Mean squared error of the position (rad^2): over all time steps, and after the first 100."""
    error = ppc.squared_error(z_hat, z[..., 0])
    return float(error.mean()), float(error[:, SETTLED:].mean())
