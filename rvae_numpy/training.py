"""The training loop of all autoencoders: chunks carried over time, one step of Adam each.

A **chunk** is the truncation window: the time steps of one update. Each update computes the states
of a chunk with the present weights and takes the gradient of all its chunk * n_traj time steps at
once. Adam makes one step, and the last states are carried into the next chunk. Every batch begins
where `infer` does, at infer_u0.

    V12   m <- beta_1 m + (1 - beta_1) g,    v <- beta_2 v + (1 - beta_2) g^2
          theta <- theta - rate * (m / (1 - beta_1^i)) / (sqrt(v / (1 - beta_2^i)) + epsilon)

V12 is Adam (Kingma and Ba 2015), rate the learning rate at update i. theta moves along -g, because
the loss is minimised. A few outlying states can make a gradient a hundred times as long as usual,
and a step along it makes them worse. Large frames therefore need gradient-norm clipping:

    V13   g <- g min(1, max_norm / |g|),     |g|: all of g as one vector

(Pascanu, Mikolov and Bengio 2013). The states are data that change during training, so p(u | x) and
p(y | x) lag a little behind. It helps to end with decoder-only updates (freeze_phi): the states are
fixed, and the generative model catches up. (It is the wake phase of the wake-sleep algorithm of
Hinton, Dayan, Frey and Neal 1995.)
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from datasets.support import checks
from datasets.support.jit import is_interrupt
from datasets.support.loop import Log, State, check_gradient
from datasets.support.threads import warn_about_blas_threads
from rvae_numpy import autoencoder, inference
from rvae_numpy.parameters import LAYERS, PHI, Params, check_arrays, check_params, unflatten

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class _Settings(NamedTuple):
    n_updates: int
    learning_rate: float
    final_learning_rate: float
    chunk: int
    learnt: list  # names of the layers that change
    max_norm: float  # or None
    corrupt: Callable  # or None


def adam(theta, gradient, m, v, learning_rate, step):
    """One step of Adam for one array of parameters (V12). Does not check its arguments.

    Returns new theta, m, v.
    """
    m = m + (1 - BETA_1) * (gradient - m)
    v = v + (1 - BETA_2) * (gradient**2 - v)
    m_hat, v_hat = m / (1 - BETA_1**step), v / (1 - BETA_2**step)
    return theta - learning_rate * m_hat / (np.sqrt(v_hat) + EPSILON), m, v


def clip_by_norm(g, max_norm):
    """The gradient g (Params), shortened to the length max_norm if it is longer (V13).
    Does not check its arguments."""
    norm = np.sqrt(sum(float(np.vdot(leaf, leaf)) for leaf in g.leaves().values()))
    return g if norm <= max_norm else g.map(lambda leaf: leaf * leaf.dtype.type(max_norm / norm))


def train(
    gradient,
    params,
    batches,
    rng,
    *,
    n_updates,
    learning_rate=1e-3,
    final_learning_rate=0.0,
    chunk=8,
    freeze_phi=False,
    max_norm=None,
    corrupt=None,
    state=None,
    callback=None,
    every=1000,
):
    """Minimise the loss whose gradient is `gradient`.

    Parameters
    ----------
    gradient : function (params, u, y, rng, y_input) -> Gradient, of arrays (n_traj, chunk, n)
    params : Params to start from; not changed
    batches : iterable of (n_traj, T, n_y); an endless one is read only as far as needed
    rng : numpy.random.Generator
    n_updates : updates in all, those of `state` included
    learning_rate, final_learning_rate : the rate decays linearly from the first to the second
    chunk : time steps per update
    freeze_phi : True for decoder-only updates, which learn the generative model alone
    max_norm : longer gradients are clipped to this norm (V13); None leaves them as they are
    corrupt : function (y, rng) -> y_input, called once per batch (n_traj, T, n_y): the recognition
        model receives y_input, and the reconstruction target stays y. None for y_input = y
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
        freeze_phi,
        max_norm,
        corrupt,
        params,
    )
    every = checks.count("every", every)
    if callback is not None:
        checks.function("callback", callback)
    now = _begin(params, state, rng, n_updates)  # (params, state), replaced as a whole
    warn_about_blas_threads(max(leaf.size for leaf in params.leaves().values()))
    batches, log, losses = iter(batches), Log(), []
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging run has its own error
            while now[1].n_updates < n_updates:
                if now[1].y.shape[1] == 0:
                    now = _next_batch(batches, *now, rng, settings)
                now, loss = _update(gradient, *now, rng, settings)
                losses.append(loss)
                if now[1].n_updates % every == 0 or now[1].n_updates == n_updates:
                    _check_finite(*now, settings)
                    log.n_updates.append(now[1].n_updates)
                    log.value.append(float(np.mean(losses)))
                    log.state = now[1]
                    losses.clear()
                    if callback is not None:
                        callback(now[0], log)
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise
        log.interrupted = True
        del log.n_updates[len(log.value) :]  # interrupted between the two
        _check_finite(*now, settings)
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
    freeze_phi,
    max_norm,
    corrupt,
    params,
):
    checks.function("gradient", gradient)
    check_params(params)
    checks.iterable("batches", batches)
    checks.generator("rng", rng)
    if max_norm is not None:
        max_norm = checks.number("max_norm", max_norm, low=0, above_low=True)
    if corrupt is not None:
        checks.function("corrupt", corrupt)
    frozen = PHI if checks.flag("freeze_phi", freeze_phi) else ()
    return _Settings(
        checks.count("n_updates", n_updates),
        checks.number("learning_rate", learning_rate, low=0, above_low=True),
        checks.number("final_learning_rate", final_learning_rate, low=0),
        checks.count("chunk", chunk),
        [name for name in LAYERS if name not in frozen],
        max_norm,
        corrupt,
    )


def _begin(params, state, rng, n_updates):
    """Params, C-contiguous and a copy, and the state from which to go on"""

    def copied(leaf):
        return np.array(leaf, order="C")

    params = params.map(copied)
    if state is None:
        dtype = params.nu.b.dtype
        return params, State(
            params.map(np.zeros_like),
            params.map(np.zeros_like),
            0,
            np.zeros((1, params.n_u), dtype),
            np.empty((1, 0, params.n_y), dtype),
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


def _next_batch(batches, params, state, rng, settings):
    """params and the state at the beginning of the next batch"""
    try:
        y = next(batches)
    except StopIteration:
        raise ValueError(
            f"batches: expected enough for {settings.n_updates} updates, got an end "
            f"after {state.n_updates}"
        ) from None
    y, y_input = inference.check_observations("batches", y, params), None
    if settings.corrupt is not None:
        y_input = _check_input("corrupt", settings.corrupt(y, rng), y, params)
    u = inference._infer_u0(params, y[:, 0])
    return params, replace(state, u=u, y=y, y_input=y_input, rng=rng.bit_generator.state)


def _update(gradient, params, state, rng, settings):
    """(params, state) after one update, and its loss

    Nothing is changed in place, so an interruption leaves the arguments whole.
    """
    s, step = settings, state.n_updates + 1
    y = state.y[:, : s.chunk]
    y_input = None if state.y_input is None else state.y_input[:, : s.chunk]
    states = autoencoder.forward(params, state.u, y if y_input is None else y_input)
    states = states[:, :, : params.n_u]
    u_prev = np.concatenate([state.u[:, None], states[:, :-1]], axis=1)
    g, loss = check_gradient(gradient(params, u_prev, y, rng, y_input), params)
    if not np.isfinite(loss):
        raise _diverged(step, s, "the loss is no longer finite")
    if s.max_norm is not None:
        g = clip_by_norm(g, s.max_norm)
    rate = s.learning_rate + (s.final_learning_rate - s.learning_rate) * (step - 1) / s.n_updates
    params, m, v = _step(params, g, state, rate, s.learnt)
    left = None if y_input is None else state.y_input[:, s.chunk :]
    state = State(m, v, step, states[:, -1], state.y[:, s.chunk :], rng.bit_generator.state, left)
    return (params, state), loss


def _step(params, g, state, rate, learnt):
    """params, m and v after one step of Adam for the layers of these names"""
    trees = params, state.m, state.v
    leaves = [tree.leaves() for tree in trees]
    for name, g_leaf in g.leaves(learnt).items():
        theta, m, v = (tree[name] for tree in leaves)
        # in the dtype of the weights, where NumPy 1 would make float64 of a rate that overflows it
        stepped = adam(theta, g_leaf, m, v, theta.dtype.type(rate), state.n_updates + 1)
        for tree, leaf in zip(leaves, stepped, strict=True):
            tree[name] = leaf
    return [unflatten(tree, params.config) for tree in leaves]


def _check_finite(params, state, settings):
    if not all(
        np.isfinite(leaf).all()
        for tree in (params, state.m, state.v)
        for leaf in tree.leaves().values()
    ):
        raise _diverged(state.n_updates, settings, "weights are no longer finite")


def _diverged(step, settings, why):
    return FloatingPointError(
        f"training diverged at update {step} of {settings.n_updates} "
        f"(learning_rate {settings.learning_rate:g}): {why}; "
        "use a smaller learning_rate"
    )


def check_state(state, params):
    """The State of a run of these params, complete and finite; or an error."""
    check_params(params)
    checks.instance("state", state, State, " of an earlier run (log.state)")
    dtype, shapes = params.nu.b.dtype, {k: a.shape for k, a in params.leaves().items()}
    for name, moments in (("state.m", state.m), ("state.v", state.v)):
        checks.instance(name, moments, Params)
        try:
            leaves = moments.leaves()
        except (AttributeError, TypeError) as error:
            raise TypeError(f"{name}: expected Params like params, got others ({error})") from None
        check_arrays(name, leaves, shapes, (dtype,))
    if any((leaf < 0).any() for leaf in state.v.leaves().values()):
        raise ValueError("state.v: expected second moments of at least 0, got negative ones")
    checks.count("state.n_updates", state.n_updates, at_least=0)
    u = _check_array("state.u", state.u, ("n_traj", params.n_u), dtype)
    T_left = state.y.shape[1] if getattr(state.y, "ndim", 0) == 3 else "T_left"
    y = _check_array("state.y", state.y, (len(u), T_left, params.n_y), dtype)
    if y.size:
        inference.check_observations("state.y", y, params)
    if state.y_input is not None:
        _check_array("state.y_input", state.y_input, y.shape, dtype)
        _check_input("state.y_input", state.y_input, y, params)
    checks.generator_state("state.rng", state.rng)
    return state


def _check_input(name, y_input, y, params):
    """What the recognition model can receive in place of y; or an error"""
    y_input = checks.array(name, y_input, y.shape, dtype=y.dtype)
    if params.config.family == "poisson":  # it takes square roots
        checks.in_range(name, y_input, 0, np.inf)
    return y_input


def _check_array(name, value, shape, dtype):
    if type(value) is not np.ndarray or value.dtype != dtype:
        raise ValueError(
            f"{name}: expected {dtype}, as in params, and a plain array, got "
            f"{type(value).__name__} of {getattr(value, 'dtype', 'no dtype')}"
        )
    return checks.array(name, value, shape)
