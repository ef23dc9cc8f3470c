"""Coasting: the order of what a model has learnt, measured by what it does without observations.

A model filters the spikes of some trajectories for CONTEXT time steps. Then the spikes end, and it
runs on alone. Its displacement after k steps is compared with the true one, over N_TRAJ
trajectories:

    slope(k) = sum_i d_i(k) D_i(k) / sum_i D_i(k)^2,    d: of the model, D: of the oscillator

It is 0 for a forecast that stays where it is, which is all that dynamics of order 1 can do, and 1
for one that moves on at the right speed, which takes a velocity: order 2. A regression on one
variable needs neither a ridge nor a threshold. One thing imitates it: a forecast that jumps to the
middle at once has 0.5 for every k, because the oscillator comes back to the middle.

A network's forecast is the mean of N_RUNS free runs (`generate`). A Kalman filter needs no runs:
its forecast is C A^k m_t. A static model has no dynamics, so its forecast is its last estimate.
"""

import numpy as np

from datasets import ppc
from examples.ppc import oscillator
from kalman import filtering

STEPS = (5, 10, 20, 40)  # k, in time steps
CONTEXT = 150  # time steps that are observed before
N_TRAJ, N_RUNS = 200, 8
STATIC = ("refh_numpy.efh", "rvae_numpy.vae")


def trajectories(seed):
    """The Batch of (N_TRAJ, CONTEXT + max(STEPS)) on which every model of this seed coasts."""
    rng = np.random.default_rng([seed, 12])
    return ppc.sample(N_TRAJ, CONTEXT + max(STEPS), rng, random_phase=True)


def slopes(displacement, batch):
    """{k as text: slope of the model's displacement on the true one}, for the k of STEPS.

    Parameters
    ----------
    displacement : (n_traj, max(STEPS)) rad, since the last observation
    batch : of `trajectories`
    """
    position = batch.z[:, CONTEXT - 1 :, 0]
    true = position[:, 1:] - position[:, :1]
    sums = (displacement * true).sum(0) / (true**2).sum(0)
    return {f"{k}": float(sums[k - 1]) for k in STEPS}


def free_runs(model, params, y, n_steps, rng, n_runs=None, **options):
    """Displacements (n_runs, n_traj, n_steps) in rad of a network that runs on without spikes.

    Parameters
    ----------
    model : the module of a harmonium or an autoencoder that has a state
    y : (n_traj, T, 15) the spikes before; displacements are counted from the last estimate
    options : of model.generate

    A time step in which no spike is generated has no position, and repeats the one before.
    """
    u = model.infer(params, y)
    last = ppc.decode(model.emission_mean(params, u[:, -1:]))[0]
    runs = np.zeros((n_runs or N_RUNS, len(y), n_steps))
    for run in runs:
        step = ppc.wrap(
            ppc.decode(model.generate(params, u[:, -1], n_steps, rng, **options))[0] - last
        )
        for t in range(n_steps):
            run[:, t] = np.where(np.isfinite(step[:, t]), step[:, t], run[:, t - 1] if t else 0)
    return runs


def network(model, params, seed, **options):
    """Slopes of a network: of the module `model`; options: of `free_runs`."""
    batch = trajectories(seed)
    if model.__name__ in STATIC:
        return slopes(np.zeros((N_TRAJ, max(STEPS))), batch)
    rng = np.random.default_rng([seed, 13])
    y = batch.y[:, :CONTEXT]
    return slopes(free_runs(model, params, y, max(STEPS), rng, **options).mean(0), batch)


def forecast(model, y, n_steps, R=None):
    """Displacements (n_traj, n_steps) in rad that a Kalman filter forecasts after the spikes y.

    R (1, 1) : in the place of the decoder's variances
    """
    z_hat, variances = oscillator.observations(y)
    m = filtering.kalman_filter(model, z_hat, variances if R is None else R).mean[:, -1]
    ahead = [m @ np.linalg.matrix_power(model.A, k).T @ model.C[0] for k in range(1, n_steps + 1)]
    return np.stack(ahead, axis=1) - (m @ model.C[0])[:, None]


def kalman(model, seed, R=None):
    """Slopes of a Kalman filter, an LDS; R (1, 1): in the place of the decoder's variances."""
    batch = trajectories(seed)
    return slopes(forecast(model, batch.y[:, :CONTEXT], max(STEPS), R), batch)
