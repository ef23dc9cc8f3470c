"""The training loop of all harmoniums: chunks carried over time, one step of Adam or momentum each.

A **chunk** is the truncation window: the time steps of one update. Each update computes the states
of a chunk with the present weights. It takes the gradient of all its chunk * n_traj examples at
once: previous states count as data, so the negative phase needs no order in time. The parameters
make one step, and the last states are carried into the next chunk. chunk=1 is the fully online
rule. Every batch begins at u_0 = 0.

    H5    m <- beta_1 m + (1 - beta_1) g,    v <- beta_2 v + (1 - beta_2) g^2
          theta <- theta + rate * (m / (1 - beta_1^i)) / (sqrt(v / (1 - beta_2^i)) + epsilon)

    H6    m <- momentum * m + rate * g,    theta <- theta + m

H5 is Adam (Kingma and Ba 2015), H6 momentum (Polyak 1964), rate the learning rate at update i.
The poster uses Adam with rate 1e-4, beta_1 = 0.9, beta_2 = 0.999; the authors' code uses H6 for
bouncing balls. theta moves along +g, because L is maximised.
"""

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from datasets.support import checks
from datasets.support.jit import is_interrupt
from datasets.support.threads import warn_about_blas_threads
from refh_numpy import _kernels, harmonium
from refh_numpy.harmonium import Params
from refh_numpy.inference import check_params, check_recurrent

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


@dataclass
class State:
    """All that a run needs, with the parameters, to resume bit for bit."""

    m: Params  # Adam's first moments, or momentum's steps
    v: Params  # Adam's second moments; 0 with momentum
    n_updates: int  # updates made
    u: np.ndarray  # (n_traj, n_u) states carried to the next chunk
    y: np.ndarray  # (n_traj, T_left, n_y) the rest of the present batch
    rng: dict  # state of the generator


@dataclass
class Log:
    """The learning curve, and where the run stopped."""

    n_updates: list = field(default_factory=list)  # at the end of each `every` updates
    reconstruction_error: list = field(default_factory=list)  # mean (y - y_hat)^2 over these
    interrupted: bool = False  # by Ctrl+C
    state: State = None


class _Settings(NamedTuple):
    n_updates: int
    learning_rate: float
    final_learning_rate: float
    chunk: int
    k: tuple
    momentum: float  # or None
    noise_fraction: float
    schedules: dict


def adam(theta, gradient, m, v, learning_rate, step, beta_1, beta_2, epsilon):
    """New theta, m, v after one step of Adam (H5). Does not check its arguments.

    For reading: `train` runs its Numba counterpart, _kernels.adam.
    """
    m = m + (1 - beta_1) * (gradient - m)
    v = v + (1 - beta_2) * (gradient**2 - v)
    m_hat, v_hat = m / (1 - beta_1**step), v / (1 - beta_2**step)
    return theta + learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def momentum_step(theta, gradient, m, learning_rate, momentum):
    """New theta, m after one step of momentum (H6). Does not check its arguments."""
    m = momentum * m + learning_rate * gradient
    return theta + m, m


def train(
    gradient,
    params,
    batches,
    rng,
    *,
    n_updates,
    learning_rate=1e-3,
    final_learning_rate=0.0,
    chunk=1,
    k=1,
    momentum=None,
    noise_fraction=0.0,
    schedules=None,
    state=None,
    callback=None,
    every=1000,
):
    """Maximise the log likelihood whose gradient is `gradient`.

    Parameters
    ----------
    gradient : function (params, u, y, x_mean, k, rng, noise_fraction, **scheduled) -> (Params,
        y_hat), of arrays (n_traj, chunk, n)
    params : Params to start from; not changed
    batches : iterable of (n_traj, T, n_y); an endless one is read only as far as needed
    rng : numpy.random.Generator
    n_updates : updates in all, those of `state` included
    learning_rate, final_learning_rate : the rate decays linearly from the first to the second
    chunk : time steps per update
    k : Gibbs sweeps in the negative phase; a pair (first, last) raises them during training, with
        equally many updates for each number
    momentum : None for Adam; a number in [0, 1] for gradient steps with this momentum (H6)
    noise_fraction : fraction of the negative chains that start from random observations (H4)
    schedules : {name: function of the fraction of updates made}, further arguments of `gradient`
        that change during training
    state : log.state of an earlier call, to resume it with the params that it returned and
        *further* batches
    callback : function (params, log), called after every `every` updates and at the end

    Returns
    -------
    new Params, Log. Ctrl+C ends the run early (log.interrupted) with params and log.state as they
    were after the last complete update; from there a resumed run goes on bit for bit. A run that
    diverges raises FloatingPointError, and no callback is given values that are not finite.
    """
    settings = _settings(
        gradient,
        batches,
        rng,
        n_updates,
        learning_rate,
        final_learning_rate,
        chunk,
        k,
        momentum,
        noise_fraction,
        schedules,
    )
    every = checks.count("every", every)
    if callback is not None:
        checks.function("callback", callback)
    now = _begin(params, state, rng, n_updates)  # (params, state), replaced as a whole
    warn_about_blas_threads(max(leaf.size for leaf in params.leaves().values()))
    batches, log, errors = iter(batches), Log(), []
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging run has its own error
            while now[1].n_updates < n_updates:
                if now[1].y.shape[1] == 0:
                    now = _next_batch(batches, *now, rng, n_updates)
                now, error = _update(gradient, *now, rng, settings)
                errors.append(error)
                if now[1].n_updates % every == 0 or now[1].n_updates == n_updates:
                    _check_finite(*now, errors, settings)
                    log.n_updates.append(now[1].n_updates)
                    log.reconstruction_error.append(float(np.mean(errors)))
                    log.state = now[1]
                    errors.clear()
                    if callback is not None:
                        callback(now[0], log)
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise
        log.interrupted = True
        del log.n_updates[len(log.reconstruction_error) :]  # interrupted between the two
        _check_finite(*now, errors, settings)
    params, log.state = now
    return params, log


def _settings(
    gradient,
    batches,
    rng,
    n_updates,
    learning_rate,
    final_learning_rate,
    chunk,
    k,
    momentum,
    noise_fraction,
    schedules,
):
    checks.function("gradient", gradient)
    checks.iterable("batches", batches)
    checks.generator("rng", rng)
    pair = isinstance(k, (list, tuple)) and len(k) == 2
    k_first, k_last = (checks.count("k", number) for number in (k if pair else (k, k)))
    if k_last < k_first:
        raise ValueError(
            "k: expected a last number of sweeps that is no less than the first, "
            f"got {k_first}, {k_last}"
        )
    if momentum is not None:
        momentum = checks.number("momentum", momentum, low=0, high=1)
    schedules = {} if schedules is None else checks.instance("schedules", schedules, dict)
    for name, schedule in schedules.items():
        checks.function(f"schedules[{name!r:.30}]", schedule)
    return _Settings(
        checks.count("n_updates", n_updates),
        checks.number("learning_rate", learning_rate, low=0, above_low=True),
        checks.number("final_learning_rate", final_learning_rate, low=0),
        checks.count("chunk", chunk),
        (k_first, k_last),
        momentum,
        checks.number("noise_fraction", noise_fraction, low=0, high=1),
        schedules,
    )


def _begin(params, state, rng, n_updates):
    """Params, C-contiguous and a copy, and the state from which to go on"""

    def copied(leaf):
        return np.array(leaf, order="C")

    params = check_recurrent(params).map(copied)
    if state is None:
        no_y = np.empty((1, 0, len(params.b_y)), params.b_y.dtype)
        return params, State(
            params.map(np.zeros_like),
            params.map(np.zeros_like),
            0,
            np.zeros((1, len(params.b_u)), params.b_u.dtype),
            no_y,
            rng.bit_generator.state,
        )
    check_state(state, params)
    if state.n_updates >= n_updates:
        raise ValueError(
            f"n_updates: expected more than the {state.n_updates} that state has "
            f"made, got {n_updates}"
        )
    kind = type(rng.bit_generator).__name__
    if state.rng["bit_generator"] != kind:
        raise ValueError(
            f"state: expected the state of a {kind} generator, as rng is, got that "
            f"of a {state.rng['bit_generator']}"
        )
    rng.bit_generator.state = state.rng
    return params, replace(state, m=state.m.map(copied), v=state.v.map(copied))


def _next_batch(batches, params, state, rng, n_updates):
    """params and the state at the beginning of the next batch"""
    try:
        y = next(batches)
    except StopIteration:
        raise ValueError(
            f"batches: expected enough for {n_updates} updates, got an end after {state.n_updates}"
        ) from None
    dtype = params.b_y.dtype
    y = checks.array("batches", y, ("n_traj", "T", len(params.b_y)), dtype=dtype)
    y = params.family.check("batches", y)
    u = np.zeros((len(y), len(params.b_u)), dtype)
    return params, replace(state, u=u, y=y, rng=rng.bit_generator.state)


def _update(gradient, params, state, rng, settings):
    """(params, state) after one update, and the mean squared reconstruction error

    Nothing is changed in place, so an interruption leaves the arguments whole.
    """
    step, s = state.n_updates, settings
    y, u = state.y[:, : s.chunk], state.u
    x_mean = harmonium.forward(params, u, y)
    u_prev = harmonium.previous_states(params, u, x_mean)
    k = s.k[0] + (s.k[1] - s.k[0] + 1) * step // s.n_updates
    scheduled = {name: schedule(step / s.n_updates) for name, schedule in s.schedules.items()}
    try:
        result = gradient(params, u_prev, y, x_mean, k, rng, s.noise_fraction, **scheduled)
    except FloatingPointError as error:
        raise _diverged(step + 1, s, error) from error
    g, y_hat = _checked(result)
    if not math.isfinite(g.b_x.sum()):
        raise _diverged(step + 1, s, "the gradient is no longer finite")
    rate = s.learning_rate + (s.final_learning_rate - s.learning_rate) * step / s.n_updates
    params, m, v = _step(params, g, state, rate, s.momentum)
    state = State(
        m,
        v,
        step + 1,
        x_mean[:, -1, : len(params.b_u)],
        state.y[:, s.chunk :],
        rng.bit_generator.state,
    )
    return (params, state), np.add.reduce((y - y_hat) ** 2, axis=None) / y.size


def _checked(result):
    """What `gradient` returned, if it is a pair that the step can be made with; or an error"""
    if (
        not isinstance(result, tuple)
        or len(result) != 2
        or not isinstance(result[0], Params)
        or not isinstance(result[1], np.ndarray)
    ):
        raise TypeError(
            "gradient: expected a function that returns (Params, y_hat), "
            f"got one that returns {checks.shown(result)}"
        )
    return result


def _step(params, g, state, rate, momentum):
    """params, m and v after one step of Adam, or of momentum"""
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
    return tuple(Params(**leaves, family=params.family) for leaves in (theta, m, v))


def _check_finite(params, state, errors, settings):
    finite = np.isfinite(errors).all() and all(
        np.isfinite(leaf).all()
        for tree in (params, state.m, state.v)
        for leaf in tree.leaves().values()
    )
    if not finite:
        raise _diverged(state.n_updates, settings, "weights or errors are no longer finite")


def _diverged(step, settings, why):
    return FloatingPointError(
        f"training diverged at update {step} of {settings.n_updates} "
        f"(learning_rate {settings.learning_rate:g}): {why}; "
        "use a smaller learning_rate"
    )


def check_state(state, params):
    """The State of a run of these params, complete and finite; or an error."""
    checks.instance("state", state, State, " of an earlier run (log.state)")
    check_params(params)
    for letter, moments in (("m", state.m), ("v", state.v)):
        checks.instance(f"state.{letter}", moments, Params)
        for name, leaf in params.leaves().items():
            _check_array(f"state.{letter}.{name}", getattr(moments, name), leaf.shape, leaf.dtype)
    if any((leaf < 0).any() for leaf in state.v.leaves().values()):
        raise ValueError("state.v: expected second moments of at least 0, got negative ones")
    checks.count("state.n_updates", state.n_updates, at_least=0)
    dtype = params.b_y.dtype
    u = _check_array("state.u", state.u, ("n_traj", len(params.b_u)), dtype)
    checks.in_range("state.u", u, 0, 1)
    n_left = state.y.shape[1] if getattr(state.y, "ndim", 0) == 3 else "T_left"
    y = _check_array("state.y", state.y, (len(u), n_left, len(params.b_y)), dtype)
    params.family.check("state.y", y)
    checks.generator_state("state.rng", state.rng)


def _check_array(name, value, shape, dtype):
    if type(value) is not np.ndarray or value.dtype != dtype:
        raise ValueError(
            f"{name}: expected {dtype}, as in params, and a plain array, got "
            f"{type(value).__name__} of {getattr(value, 'dtype', 'no dtype')}"
        )
    return checks.array(name, value, shape)
