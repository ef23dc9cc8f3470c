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


def network(model, params, seed):
    """Slopes of a network: of the module `model`, a harmonium or an autoencoder."""
    batch = trajectories(seed)
    if model.__name__ in STATIC:
        return slopes(np.zeros((N_TRAJ, max(STEPS))), batch)
    rng = np.random.default_rng([seed, 13])
    # a sample of p(y | u), as a harmonium's Gibbs chain is one
    options = {"sampler": "laplace"} if model.__package__ == "rvae_numpy" else {}
    u = model.infer(params, batch.y[:, :CONTEXT])
    last = ppc.decode(model.emission_mean(params, u))[0][:, -1:]
    total, n = np.zeros((2, N_TRAJ, max(STEPS)))
    for _ in range(N_RUNS):
        y = model.generate(params, u[:, -1], max(STEPS), rng, **options)
        step = ppc.wrap(ppc.decode(y)[0] - last)
        seen = np.isfinite(step)  # a time step without spikes has no position
        total += np.where(seen, step, 0)
        n += seen
    return slopes(total / np.maximum(n, 1), batch)


def kalman(model, seed):
    """Slopes of a Kalman filter, an LDS whose first state is the position."""
    batch = trajectories(seed)
    y, R = oscillator.observations(batch.y[:, :CONTEXT])
    m = filtering.kalman_filter(model, y, R).mean[:, -1]
    forecast = [
        m @ np.linalg.matrix_power(model.A, k).T @ model.C[0] for k in range(1, max(STEPS) + 1)
    ]
    return slopes(np.stack(forecast, axis=1) - (m @ model.C[0])[:, None], batch)
