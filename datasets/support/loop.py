"""What every training run shares: batches, resuming, Ctrl+C, divergence. No mathematics.

A package supplies `update`, the step of its own chapter; `run` calls it until enough updates are
made. Params of any package will do: they have leaves() and map(). (params, state) is replaced as a
whole after each update, so an interruption leaves both as they were after the last complete one.

The functions of this module do not check their arguments, except `begin`.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from datasets.support import checks
from datasets.support.jit import is_interrupt
from datasets.support.threads import warn_about_blas_threads

MIN_RATE = 1e-30  # a smaller learning rate changes nothing in float32
EARLY = 10  # updates, after which a divergence has more to do with learning than with the data
SCALE_THEM = "shift and scale them, to (y - mean) / sd for instance"


class Gradient(NamedTuple):
    """What the `gradient` of every model returns."""

    params: object  # Params: the gradient of the loss, which is minimised
    value: float  # for the learning curve


@dataclass(eq=False)
class State:
    """All that a run needs, with the parameters, to resume bit for bit."""

    m: object  # Params: Adam's first moments, or momentum's steps
    v: object  # Params: Adam's second moments; 0 with momentum
    n_updates: int  # updates made
    u: np.ndarray  # (n_traj, n_u) states carried to the next chunk
    y: np.ndarray  # (n_traj, T_left, n_y) the rest of the present batch
    rng: dict  # state of the generator
    y_input: np.ndarray = None  # the same as y, as a recognition model receives it; None for y


@dataclass
class Log:
    """The learning curve, and where the run stopped."""

    n_updates: list = field(default_factory=list)  # at the end of each `every` updates
    value: list = field(default_factory=list)  # mean over these of what `gradient` gives
    interrupted: bool = False  # by Ctrl+C
    state: State = None


def learning_rate(settings, n_updates):
    """The learning rate after n_updates updates: it decays linearly over the run."""
    s = settings
    return s.learning_rate + (s.final_learning_rate - s.learning_rate) * n_updates / s.n_updates


def begin(params, state, rng, n_updates, n_u, n_y, dtype):
    """A C-contiguous copy of params, and the state from which to go on.

    Parameters
    ----------
    state : a State that the package has checked, or None for a new run
    n_updates : updates in all
    n_u, n_y, dtype : of the states and observations
    """

    def copied(leaf):
        return np.array(leaf, order="C")

    params = params.map(copied)
    if state is None:
        zeros = params.map(np.zeros_like)
        no_u, no_y = np.zeros((1, n_u), dtype), np.empty((1, 0, n_y), dtype)
        return params, State(
            zeros, params.map(np.zeros_like), 0, no_u, no_y, rng.bit_generator.state
        )
    if state.n_updates >= n_updates:
        raise ValueError(
            f"n_updates: expected more than the {state.n_updates} that state has made, "
            f"got {n_updates}"
        )
    kind = type(rng.bit_generator).__name__
    if state.rng["bit_generator"] != kind:
        raise ValueError(
            f"state: expected the state of a {kind} generator, as rng is, got that "
            f"of a {state.rng['bit_generator']}"
        )
    rng.bit_generator.state = state.rng
    return params, replace(state, m=state.m.map(copied), v=state.v.map(copied))


def run(
    params,
    state,
    batches,
    rng,
    settings,
    *,
    start,
    update,
    every,
    callback,
    max_scale=np.inf,
    advice=SCALE_THEM,
):
    """Updates until settings.n_updates are made, or Ctrl+C.

    Parameters
    ----------
    params, state : from `begin`
    settings : has n_updates and learning_rate
    start : function (params, y, rng) -> (u, y, y_input) at the beginning of a batch
    update : function (params, state) -> ((params, state), value for the learning curve); it
        changes nothing in place
    every : updates between two points of the learning curve
    callback : function (params, log) or None
    max_scale : largest mean and standard deviation of the batches with which a run that diverges
        in its first updates is one of a learning rate that is too large
    advice : what an error says of batches with larger ones

    Returns
    -------
    params, Log
    """
    now, batch, batches, log, values = (params, state), state.y, iter(batches), Log(), []
    warn_about_blas_threads(max(leaf.size for leaf in params.leaves().values()))
    try:
        with np.errstate(all="ignore"):  # a diverging run has its own error
            while now[1].n_updates < settings.n_updates:
                if now[1].y.shape[1] == 0:
                    y = _next(batches, now[1].n_updates, settings)
                    u, y, y_input = start(now[0], y, rng)
                    fresh = replace(now[1], u=u, y=y, y_input=y_input, rng=rng.bit_generator.state)
                    now, batch = (now[0], fresh), y
                now, value = _updated(update, *now, settings, batch, max_scale, advice)
                values.append(value)
                made = now[1].n_updates
                if made % every == 0 or made == settings.n_updates:
                    check_finite(*now, values, settings, batch, max_scale, advice)
                    log.n_updates.append(made)
                    log.value.append(float(np.mean(values)))
                    log.state = detached(now[1])
                    values.clear()
                    if callback is not None:
                        callback(now[0], log)
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise
        log.interrupted = True
        del log.n_updates[len(log.value) :]  # interrupted between the two
        check_finite(*now, values, settings, batch, max_scale, advice)
        log.state = detached(now[1])
    return now[0], log


def _updated(update, params, state, settings, batch, max_scale, advice):
    """What update returns; an overflow in it is a divergence"""
    try:
        return update(params, state)
    except FloatingPointError as error:
        raise diverged(state.n_updates + 1, settings, error, batch, max_scale, advice) from error


def detached(state):
    """The State with copies of its rest of a batch, which may be the caller's own buffer."""
    copies = {
        name: None if (a := getattr(state, name)) is None else a.copy()
        for name in ("u", "y", "y_input")
    }
    return replace(state, **copies)


def check_gradient(result, params):
    """A Gradient that a step can be made with: plain finite arrays like those of params."""
    expected = "gradient: expected a function that returns Gradient(params, value)"
    if not isinstance(result, Gradient):
        raise TypeError(f"{expected}, got one that returns {checks.shown(result)}")
    checks.instance("gradient: params", result.params, type(params))
    if not isinstance(result.value, (float, np.floating)):  # NaN is the loop's to report
        checks.number("gradient: value", result.value)
    theirs = result.params.leaves()
    for name, leaf in params.leaves().items():
        g = theirs.get(name)
        if type(g) is not np.ndarray:
            raise TypeError(f"gradient: expected {name} to be a plain array, got {checks.shown(g)}")
        if g.shape != leaf.shape or g.dtype != leaf.dtype:
            raise ValueError(
                f"gradient: expected {name} of shape {leaf.shape} and {leaf.dtype}, "
                f"got {g.shape} and {g.dtype}"
            )
    return result


def check_finite(params, state, values, settings, batch, max_scale, advice):
    """Nothing, or FloatingPointError: the run has diverged."""
    if not np.isfinite(values).all() or not all(
        np.isfinite(leaf).all()
        for tree in (params, state.m, state.v)
        for leaf in tree.leaves().values()
    ):
        why = "weights or errors are no longer finite"
        raise diverged(state.n_updates, settings, why, batch, max_scale, advice)


def diverged(step, settings, why, batch, max_scale, advice):
    """The error of a run that diverged at this update: its data or its learning rate are blamed."""
    mean, sd = (float(f(batch, dtype=float)) if batch.size else 0.0 for f in (np.mean, np.std))
    rate, cure = f" (learning_rate {settings.learning_rate:g})", "use a smaller learning_rate"
    if step <= EARLY and max(abs(mean), sd) > max_scale:
        rate, cure = "", f"batches: {out_of_scale(mean, sd, advice)}"
    return FloatingPointError(
        f"training diverged at update {step} of {settings.n_updates}{rate}: {why}; {cure}"
    )


def out_of_scale(mean, sd, advice=SCALE_THEM):
    """What an error says of observations with this mean and standard deviation."""
    return (
        "expected numbers near 0 with a standard deviation near 1, got mean "
        f"{mean:.3g} and standard deviation {sd:.3g}; {advice}"
    )


def check_state(state, n_u, n_y, dtype):
    """What check_state of every package has in common; an error for a State that no run has."""
    checks.instance("state", state, State, " of an earlier run (log.state)")
    if any((leaf < 0).any() for leaf in state.v.leaves().values()):
        raise ValueError("state.v: expected second moments of at least 0, got negative ones")
    checks.count("state.n_updates", state.n_updates, at_least=0)
    check_array("state.u", state.u, ("n_traj", n_u), dtype)
    n_left = state.y.shape[1] if getattr(state.y, "ndim", 0) == 3 else "T_left"
    check_array("state.y", state.y, (len(state.u), n_left, n_y), dtype)
    if state.y_input is not None:
        check_array("state.y_input", state.y_input, state.y.shape, dtype)
    checks.generator_state("state.rng", state.rng)


def check_array(name, value, shape, dtype):
    """A plain array of this dtype and shape, without NaN or infinity."""
    if type(value) is not np.ndarray or value.dtype != dtype:
        raise ValueError(
            f"{name}: expected {dtype}, as in params, and a plain array, got "
            f"{type(value).__name__} of {getattr(value, 'dtype', 'no dtype')}"
        )
    return checks.array(name, value, shape)


def _next(batches, n_updates, settings):
    try:
        return next(batches)
    except StopIteration:
        raise ValueError(
            f"batches: expected enough for {settings.n_updates} updates, got an end "
            f"after {n_updates}"
        ) from None
