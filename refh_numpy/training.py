"""The loop that all harmoniums share: chunks carried over time, one step of AdaM or of momentum a chunk.

The states of `chunk` steps are computed forward with the present weights; the gradient of all chunk * n_traj frames
is taken at once (previous states are data, so the negative phase needs no order in time); the parameters make one
step; the last states are carried into the next chunk. chunk=1 is the fully online rule. Every batch begins at u_0 = 0.

    D18   m <- beta_1 m + (1 - beta_1) g,    v <- beta_2 v + (1 - beta_2) g^2            (Kingma and Ba 2015)
          theta <- theta + rate * (m / (1 - beta_1^n)) / (sqrt(v / (1 - beta_2^n)) + epsilon)

    D33   m <- momentum * m + rate * g,    theta <- theta + m                            (Polyak 1964)

The poster: AdaM with rate 1e-4, beta_1 = 0.9, beta_2 = 0.999; the authors' code has D33 for the bouncing balls. The sign is
a plus because L is climbed.
"""
from dataclasses import dataclass, field

import numpy as np

from datasets import checks
from refh_numpy import _kernels, harmonium
from refh_numpy.harmonium import Params

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


@dataclass
class State:
    """With the parameters, all that a run needs to go on to the bit from where it stopped."""
    m: Params               # AdaM's first moments, or momentum's steps
    v: Params               # AdaM's second moments; momentum leaves them at 0
    n_updates: int          # updates made
    u: np.ndarray           # (n_traj, n_u) the states carried to the next chunk
    y: np.ndarray           # (n_traj, T_left, n_y) what is left of the present batch
    rng: dict               # the generator's state


@dataclass
class Log:
    """The learning curve, and where the run stopped."""
    n_updates: list = field(default_factory=list)               # at the end of each stretch of `every` updates
    reconstruction_error: list = field(default_factory=list)    # mean (y - y_hat)^2 over that stretch
    interrupted: bool = False                                   # by Ctrl+C
    state: State = None


def adam(theta, gradient, m, v, rate, step, beta_1, beta_2, epsilon):
    """One AdaM step uphill, in place: theta, m and v of one array of parameters                            [D18]

    For reading: `train` runs its twin, _kernels.adam.
    """
    m += (1 - beta_1) * (gradient - m)
    v += (1 - beta_2) * (gradient**2 - v)
    theta += rate * (m / (1 - beta_1**step)) / (np.sqrt(v / (1 - beta_2**step)) + epsilon)


def momentum_step(theta, gradient, m, rate, momentum):
    """One step of momentum uphill, in place: theta and m of one array of parameters                        [D33]"""
    m *= momentum
    m += rate * gradient
    theta += m


def train(gradient, params, batches, rng, *, n_updates, rate=1e-3, final_rate=0.0, chunk=1, k=1, momentum=None,
          noise_fraction=0.0, schedules=None, state=None, callback=None, every=1000):
    """Climb `gradient` for n_updates in all, the rate going in a straight line from `rate` to `final_rate`.

    gradient : (params, u, y, x_mean, k, rng, noise_fraction, **scheduled) -> (Params, y_hat), of arrays (n_traj, chunk, n)
    params : where to start; not changed
    batches : iterable of (n_traj, T, n_y); one that is endless is read only as far as needed
    chunk : time steps an update
    k : Gibbs sweeps in the negative phase; a pair (first, last) to raise them on the way, each number for as many updates
    momentum : None for AdaM; a number in [0, 1] for plain gradient steps with this momentum (D33)
    noise_fraction : fraction of the negative chains that start from random observations (D55)
    schedules : {name: function of the fraction of updates made}, further arguments of `gradient` that change while it learns
    state : log.state of an earlier call, to go on from there with the params that it returned and *further* batches
    callback : called as callback(params, log) after every `every` updates and at the end; what it is shown goes on
        changing, so it copies what it keeps
    returns new params and a Log. Ctrl+C ends the run early, keeping what was learnt (log.interrupted tells); resumed
    from there it goes on learning, but only a state seen by a callback, or the last, goes on to the bit. A run that
    diverges raises FloatingPointError.
    """
    checks.generator("rng", rng)
    n_updates, every = checks.count("n_updates", n_updates), checks.count("every", every)
    chunk = checks.count("chunk", chunk)
    k_first, k_last = (checks.count("k", one) for one in (k if np.ndim(k) == 1 and len(k) == 2 else (k, k)))
    if k_last < k_first:
        raise ValueError(f"k: wanted the last number of sweeps to be no less than the first, got {k_first}, {k_last}")
    rate = checks.number("rate", rate, low=0, above_low=True)
    final_rate = checks.number("final_rate", final_rate, low=0)
    noise_fraction = checks.number("noise_fraction", noise_fraction, low=0, high=1)
    schedules = schedules or {}
    if momentum is not None:
        momentum = checks.number("momentum", momentum, low=0, high=1)

    params = params.map(np.copy)
    log = Log()
    if state is None:
        m, v, step = params.map(np.zeros_like), params.map(np.zeros_like), 0
        u = y = None
    else:
        check_state(state, params, n_updates)
        m, v, step = state.m.map(np.copy), state.v.map(np.copy), state.n_updates
        u, y = state.u, state.y
        rng.bit_generator.state = state.rng
    batches = iter(batches)
    errors = []

    def report():
        log.n_updates.append(step)
        log.reconstruction_error.append(float(np.mean(errors)))
        log.state = State(m, v, step, u, y, rng.bit_generator.state)
        errors.clear()
        if callback is not None:
            callback(params, log)

    try:
        with np.errstate(over="ignore", invalid="ignore"):          # of a diverging run: the error below says more
            while step < n_updates:
                if y is None or y.shape[1] == 0:
                    y = harmonium.check_observations("batches", next_batch(batches, step, n_updates), params)
                    u = np.zeros((len(y), len(params.b_u)), params.b_x.dtype)
                y_now = y[:, :chunk]
                x_mean = harmonium.forward(params, u, y_now)
                u_prev = harmonium.previous_states(params, u, x_mean)
                k_now = k_first + (k_last - k_first + 1) * step // n_updates
                scheduled = {name: at(step / n_updates) for name, at in schedules.items()}
                g, y_hat = gradient(params, u_prev, y_now, x_mean, k_now, rng, noise_fraction, **scheduled)
                if not np.isfinite(g.b_x.sum()):
                    raise FloatingPointError("the gradient is no longer finite")
                step += 1
                now = rate + (final_rate - rate) * (step - 1) / n_updates
                for name, theta in params.leaves().items():
                    if momentum is None:
                        _kernels.adam(theta, getattr(g, name), getattr(m, name), getattr(v, name), now, step,
                                      BETA_1, BETA_2, EPSILON)
                    else:
                        momentum_step(theta, getattr(g, name), getattr(m, name), now, momentum)
                u, y = x_mean[:, -1, :len(params.b_u)], y[:, chunk:]
                errors.append(np.mean((y_now - y_hat) ** 2))
                if step % every == 0 or step == n_updates:
                    report()
    except KeyboardInterrupt:
        log.interrupted = True
        if y is not None:
            log.state = State(m, v, step, u, y, rng.bit_generator.state)
    except FloatingPointError as error:
        raise FloatingPointError(f"training diverged at update {step + 1} of {n_updates} (rate {rate:g}): {error}; "
                                 "take a smaller rate") from error
    return params, log


def check_state(state, params, n_updates):
    """The state must be that of a run of these params which is not finished."""
    if not isinstance(state, State):
        raise TypeError(f"state: wanted the State of an earlier run (log.state), got {state!r}")
    for name, leaf in params.leaves().items():
        for moment in (state.m, state.v):
            got = getattr(moment, name)
            if got.shape != leaf.shape or got.dtype != leaf.dtype:
                raise ValueError(f"state: wanted moments of {name} of shape {leaf.shape}, {leaf.dtype}, as in params, "
                                 f"got {got.shape}, {got.dtype}")
    if state.n_updates >= n_updates:
        raise ValueError(f"n_updates: wanted more than the {state.n_updates} that state has made, got {n_updates}")


def next_batch(batches, step, n_updates):
    try:
        return next(batches)
    except StopIteration:
        raise ValueError(f"batches: wanted enough for {n_updates} updates, but they ended after {step}") from None
