"""How all harmoniums are trained: chunks carried over time, one step of Adam or momentum each.

A **chunk** is the truncation window: the time steps of one update. Each update computes the states
of a chunk with the present weights. It takes the gradient of all its chunk * n_traj examples at
once: previous states count as data, so the negative phase needs no order in time. The parameters
make one step, and the last states are carried into the next chunk. chunk=1 is the fully online
rule. Every batch begins at u_0 = 0.

    H5    m <- beta_1 m + (1 - beta_1) g,    v <- beta_2 v + (1 - beta_2) g^2
          theta <- theta - rate * (m / (1 - beta_1^i)) / (sqrt(v / (1 - beta_2^i)) + epsilon)

    H6    m <- momentum * m + rate * g,    theta <- theta - m

H5 is Adam (Kingma and Ba 2015), H6 momentum (Polyak 1964), rate the learning rate at update i.
The poster uses Adam with rate 1e-4, beta_1 = 0.9, beta_2 = 0.999; the authors' code uses H6 for
bouncing balls. theta moves along -g, because the loss is minimised. What is not mathematics of a
harmonium (batches, Ctrl+C, resuming) is in datasets/support/loop.py.

The functions of this module do not check their arguments; the `train` that `of` makes does.
"""

import math

import numpy as np

from datasets.support import loop
from datasets.support.boundary import number
from datasets.support.loop import State
from refh_numpy import _boundary, _kernels, harmonium
from refh_numpy._saturation import Watch
from refh_numpy.harmonium import Params

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def adam(theta, gradient, m, v, learning_rate, step, beta_1, beta_2, epsilon):
    """New theta, m, v after one step of Adam (H5).

    For reading: `train` runs its Numba counterpart, _kernels.adam.
    """
    m = m + (1 - beta_1) * (gradient - m)
    v = v + (1 - beta_2) * (gradient**2 - v)
    m_hat, v_hat = m / (1 - beta_1**step), v / (1 - beta_2**step)
    return theta - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def momentum_step(theta, gradient, m, learning_rate, momentum):
    """New theta, m after one step of momentum (H6)."""
    m = momentum * m + learning_rate * gradient
    return theta - m, m


def step(params, g, state, rate, momentum):
    """params, m and v after one step along the gradient g (H5, or H6 if there is momentum)."""
    theta, m, v = {}, {}, {}
    for name, old in params.leaves().items():
        g_leaf, m_leaf, v_leaf = getattr(g, name), getattr(state.m, name), getattr(state.v, name)
        if momentum is None:
            theta[name], m[name], v[name] = _kernels.adam(
                old, g_leaf, m_leaf, v_leaf, rate, state.n_updates + 1, BETA_1, BETA_2, EPSILON
            )
        else:
            theta[name], m[name] = momentum_step(old, g_leaf, m_leaf, rate, momentum)
            v[name] = v_leaf
    return [Params(**leaves, family=params.family) for leaves in (theta, m, v)]


def rule(
    gradient,
    params,
    rng,
    n_updates,
    *,
    chunk=1,
    n_sweeps=1,
    momentum=None,
    noise_fraction=0.0,
    **schedules,
):
    """The Rule of a training with these settings; the other arguments of `train` are those of
    loop.run.

    Parameters
    ----------
    chunk : time steps per update
    n_sweeps : Gibbs sweeps in the negative phase; a pair (first, last) raises them during training,
        with equally many updates for each number
    momentum : None for Adam; a number in [0, 1] for gradient steps with this momentum (H6)
    noise_fraction : fraction of the negative chains that start from random observations (Q2)
    """
    n_u, n_y, dtype = len(params.b_u), len(params.b_y), params.b_y.dtype
    watch = Watch()

    def start(params, y, rng):
        y = _boundary.observations("n_traj", "T")("batches", y, {"params": params})
        watch.see(y)
        return np.zeros((len(y), n_u), dtype), y, None  # u_0 = 0

    def update(params, state, rate):
        """(params, state) after one update, and its value for the learning curve.

        Nothing is changed in place, so an interruption leaves the arguments whole.
        """
        n, (first, last), y = state.n_updates, n_sweeps, state.y[:, :chunk]
        x_mean = harmonium.forward(params, state.u, y)
        u = harmonium.previous_states(params, state.u, x_mean)
        sweeps = first + (last - first + 1) * n // n_updates
        more = {name: schedule(n / n_updates) for name, schedule in schedules.items()}
        g, value = loop.check_gradient(
            gradient(params, u, y, x_mean, sweeps, rng, noise_fraction, **more), params
        )
        if not math.isfinite(g.b_x.sum()):
            raise FloatingPointError("the gradient is no longer finite")
        params, m, v = step(params, g, state, rate, momentum)
        u, rest = x_mean[:, -1, : len(params.b_u)], state.y[:, chunk:]
        return (params, State(m, v, n + 1, u, rest, rng.bit_generator.state)), value

    return loop.Rule(
        (n_u, n_y, dtype),
        start,
        update,
        watch,
        max_scale=_boundary.max_scale(params),
        advice="start from them (init(..., y=sample)), or scale them",
    )


def of(gradient, params=_boundary.recurrent, **schedules):
    """The `train` of the model with this gradient.

    gradient : function (params, u, y, x_mean, n_sweeps, rng, noise_fraction, **scheduled) ->
        Gradient(params, value), of arrays (n_traj, chunk, n)
    params : kind of the params that it takes
    schedules : {further argument of gradient: kind, which makes a function of the fraction of
        updates made from what the user gives for it}
    """
    kinds = dict(
        params=params,
        n_sweeps=_boundary.sweeps,
        momentum=number(0, 1),
        noise_fraction=number(0, 1),
        state=_boundary.state,
    )
    return loop.of(rule, gradient, kinds, **schedules)
