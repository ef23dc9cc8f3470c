"""What checks and pictures share on the oscillator: trained networks, a trainer, lines of plots."""

from functools import lru_cache

import numpy as np

import refh_numpy.refh
import refh_numpy.trbm
from datasets import ppc

N_X, N_UPDATES, LEARNING_RATE = 120, 2000, 1e-2  # the smallest network that shows the effect
N_TRAJ, T = 40, 200
MODELS = {"refh": refh_numpy.refh, "trbm": refh_numpy.trbm}


def batches(rng):
    """Endless spikes of new trajectories, (N_TRAJ, T, 15)."""
    while True:
        yield ppc.sample(N_TRAJ, T, rng, random_phase=True).y


@lru_cache
def network(name, seed=0):
    """The parameters of a "refh" or "trbm" that has learnt for a second or two."""
    rng, model = np.random.default_rng(seed), MODELS[name]
    params = model.init(n_x=N_X, n_y=15, family="poisson", rng=rng)
    return model.train(params, batches(rng), rng, n_updates=N_UPDATES, learning_rate=LEARNING_RATE)[
        0
    ]


@lru_cache(maxsize=4)
def train(step, clamped, seed=0, n_updates=N_UPDATES):
    """Learn with an answer to exercise 13, by Adam with a rate that falls to 0.

    Parameters
    ----------
    step : the answer
    clamped : its argument

    Returns
    -------
    weights W_u, W_y, b_x, b_u, b_y
    """
    rng = np.random.default_rng(seed)
    shapes = (N_X, N_X), (N_X, 15), N_X, N_X, 15
    weights = [
        0.01 * rng.standard_normal(shape) if np.ndim(shape) else np.zeros(shape) for shape in shapes
    ]
    m, v = ([np.zeros_like(w) for w in weights] for _ in range(2))
    source = batches(rng)
    for update in range(n_updates):
        if update % T == 0:
            y, u = next(source).astype(float), np.zeros((N_TRAJ, N_X))
        *gradient, u = step(u, y[:, update % T].copy(), *(w.copy() for w in weights), clamped, rng)
        u = np.array(u, float)
        rate = LEARNING_RATE * (1 - update / n_updates)
        for w, g, m_w, v_w in zip(weights, gradient, m, v, strict=True):
            g = np.asarray(g, float)
            m_w += 0.1 * (g - m_w)
            v_w += 0.001 * (g**2 - v_w)
            mean, square = m_w / (1 - 0.9 ** (update + 1)), v_w / (1 - 0.999 ** (update + 1))
            w -= rate * mean / (np.sqrt(square) + 1e-8)
    return weights


def params_of(weights):
    """Weights as a harmonium of the package, so that it can run on by itself."""
    params = MODELS["refh"].init(n_x=N_X, n_y=15, family="poisson", rng=np.random.default_rng(0))
    named = zip(params.leaves(), weights, strict=True)
    arrays = {name: np.ascontiguousarray(w, np.float32) for name, w in named}
    return type(params)(**arrays, family=params.family)


def near_to(position, estimate):
    """Estimates on the circle, moved by whole turns to where the position is."""
    return position + ppc.wrap(estimate - position)


def draw(axis, batch, reconstructions):
    """Plot true positions, those decoded from single time steps, and those of reconstructions."""
    position = batch.z[0, :, 0]
    time = np.arange(len(position)) * ppc.SYSTEM.dt
    decoded = near_to(position, ppc.decode(batch.y)[0][0])
    axis.plot(time, decoded, ".", color=".7", label="decoded from one time step")
    axis.plot(time, position, "k", label="true position")
    for name, y in reconstructions.items():
        estimate = near_to(position, ppc.decode(np.asarray(y, np.float32))[0][0])
        error = 1e4 * np.mean((estimate - position)[len(position) // 4 :] ** 2)
        axis.plot(time, estimate, label=f"{name}: {error:.1f}e-4 rad²")
    axis.set(xlabel="time (s)", ylabel="position (rad)")
    axis.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
