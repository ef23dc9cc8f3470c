"""What every training run shares: batches, resuming, Ctrl+C, divergence. No mathematics.

A package supplies `rule`, which takes the settings of its own chapter and returns its update. `run`
calls that until enough updates are made; `of` makes the `train` of a model, with the arguments of
both.
Params of any package will do: they have leaves() and map(). (params, state) is replaced as a whole
after each update, so an interruption leaves both as they were after the last complete one.

The functions of this module do not check their arguments, except `of` and `begun`.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from datasets.support import boundary, checks
from datasets.support.boundary import count, number
from datasets.support.jit import is_interrupt

MIN_RATE = 1e-30  # a smaller learning rate changes nothing in float32
EARLY = 10  # updates, after which a divergence has more to do with learning than with the data
END = object()  # of the batches
SCALE_THEM = "shift and scale them, to (y - mean) / sd for instance"
KINDS = dict(  # of the arguments that `train` of every package has
    batches=boundary.iterable,
    rng=boundary.generator,
    n_updates=count(),
    learning_rate=number(MIN_RATE),
    final_learning_rate=number(0),
    chunk=count(),
    callback=boundary.function,
    every=count(),
)


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


@dataclass
class Rule:
    """What `run` needs to know of a package; the `rule` of its training.py makes it."""

    sizes: tuple  # n_u, n_y, dtype
    start: Callable  # (params, y, rng) -> (u, y, y_input) at the beginning of a batch
    update: Callable  # (params, state, learning_rate) -> ((params, state), value for the curve);
    # it changes nothing in place
    watch: Callable = None  # (params, log), called before the user's callback
    max_scale: float = np.inf  # largest mean and standard deviation of the batches with which a run
    # that diverges in its first updates is one of a learning rate that is too large
    advice: str = SCALE_THEM  # what an error says of batches with larger ones


def of(rule, gradient, kinds, **more):
    """The `train` of a model: `run` with its rule and its gradient, which checks its arguments.

    Parameters
    ----------
    rule : function (gradient, params, rng, n_updates, *, ..., **more) -> Rule
    gradient : of the model
    kinds : of the arguments of train that are not in KINDS
    more : {further argument of gradient: its kind}
    """
    checks.function("gradient", gradient)
    shared, own = (inspect.signature(f).parameters.values() for f in (run, rule))
    kept = [p for p in shared if p.name not in ("rule", "gradient") and p.kind != p.VAR_KEYWORD]
    kept += [p for p in own if p.kind == p.KEYWORD_ONLY]
    kept += [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in more]
    # under python -OO there are no docstrings
    head, returns, tail = inspect.cleandoc(run.__doc__ or "").partition("\nReturns\n")
    head += inspect.cleandoc(rule.__doc__ or "").partition("----------\n")[2]
    head += "".join(f"\n{name} : {kind.__doc__}" for name, kind in more.items())
    model_train = partial(run, rule, gradient)
    model_train.__name__ = model_train.__qualname__ = "train"
    model_train.__module__, model_train.__doc__ = gradient.__module__, f"{head}\n{returns}{tail}"
    model_train.__signature__ = inspect.Signature(kept)
    return boundary.checked(**kinds, **KINDS, **more)(model_train)


def begun(params, state, rng, sizes, n_updates):
    """A C-contiguous copy of params, and the State from which to go on."""

    def copied(leaf):
        return np.array(leaf, order="C")

    params = params.map(copied)
    if state is None:
        (n_u, n_y, dtype), (m, v) = sizes, (params.map(np.zeros_like) for _ in range(2))
        u, y = np.zeros((1, n_u), dtype), np.empty((1, 0, n_y), dtype)
        return params, State(m, v, 0, u, y, rng.bit_generator.state)
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
    rule,
    gradient,
    params,
    batches,
    rng,
    *,
    n_updates,
    learning_rate=1e-3,
    final_learning_rate=0.0,
    state=None,
    callback=None,
    every=1000,
    **settings,
):
    """Learn from batches (n_traj, T, n_y).

    Parameters
    ----------
    params : Params to start from; not changed
    batches : iterable of (n_traj, T, n_y); an endless one is read only as far as needed
    rng : numpy.random.Generator
    n_updates : updates in all, those of `state` included
    learning_rate, final_learning_rate : the rate decays linearly from the first to the second
    state : log.state of an earlier call, to resume it with the params that it returned and
        *further* batches
    callback, every : function (params, log), called after every `every` updates and at the end

    Returns
    -------
    new Params, Log. Ctrl+C ends the run early, and the log says so; params and log.state are as
    they were after the last complete update, and a resumed run goes on from there bit for bit. A
    run that diverges raises FloatingPointError, and no callback is given values that are not
    finite.
    """
    rule = rule(gradient, params, rng, n_updates, **settings)
    now, log, values = begun(params, state, rng, rule.sizes, n_updates), Log(), []
    batch, batches = now[1].y, iter(batches)

    def diverged(update, why):
        """The error of a run that diverged: its data or its learning rate are blamed"""
        mean, sd = (float(f(batch, dtype=float)) if batch.size else 0.0 for f in (np.mean, np.std))
        rate, cure = f" (learning_rate {learning_rate:g})", "use a smaller learning_rate"
        if update <= EARLY and max(abs(mean), sd) > rule.max_scale:
            rate, cure = "", f"batches: {out_of_scale(mean, sd, rule.advice)}"
        return FloatingPointError(
            f"training diverged at update {update} of {n_updates}{rate}: {why}; {cure}"
        )

    def check_finite(params, state):
        trees = params, state.m, state.v
        leaves = (leaf for tree in trees for leaf in tree.leaves().values())
        if not np.isfinite(values).all() or not all(np.isfinite(leaf).all() for leaf in leaves):
            raise diverged(state.n_updates, "weights or errors are no longer finite")

    try:
        while (made := now[1].n_updates) < n_updates:
            if now[1].y.shape[1] == 0:
                if (y := next(batches, END)) is END:
                    raise ValueError(
                        f"batches: expected enough for {n_updates} updates, got an end after {made}"
                    )
                u, y, y_input = rule.start(now[0], y, rng)
                fresh = replace(now[1], u=u, y=y, y_input=y_input, rng=rng.bit_generator.state)
                now, batch = (now[0], fresh), y
            rate = learning_rate + (final_learning_rate - learning_rate) * made / n_updates
            try:
                now, value = rule.update(*now, rate)
            except FloatingPointError as error:
                raise diverged(made + 1, error) from error
            values.append(value)
            made += 1
            if made % every == 0 or made == n_updates:
                check_finite(*now)
                log.n_updates.append(made)
                log.value.append(float(np.mean(values)))
                log.state = detached(now[1])
                values.clear()
                for report in (rule.watch, callback):
                    if report is not None:
                        report(now[0], log)
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise
        log.interrupted = True
        del log.n_updates[len(log.value) :]  # interrupted between the two
        check_finite(*now)
        log.state = detached(now[1])
    return now[0], log


def detached(state):
    """The State with copies of its rest of a batch, which may be the caller's own buffer."""
    y_input = None if state.y_input is None else state.y_input.copy()
    return replace(state, u=state.u.copy(), y=state.y.copy(), y_input=y_input)


def check_gradient(result, params):
    """A Gradient that a step can be made with: plain finite arrays like those of params."""
    expected = "gradient: expected a function that returns Gradient(params, value)"
    if not isinstance(result, Gradient):
        raise TypeError(f"{expected}, got one that returns {checks.shown(result)}")
    if not isinstance(result.value, (float, np.floating)):  # NaN is the loop's to report
        checks.number("gradient: value", result.value)
    theirs, ours = leaves_of("gradient: params", result.params, params), params.leaves()
    shapes = {name: leaf.shape for name, leaf in ours.items()}
    checks.leaves("gradient", theirs, shapes, next(iter(ours.values())).dtype, finite=False)
    return result


def leaves_of(name, tree, params):
    """The leaves of what should be Params like params; TypeError for one without layers."""
    try:
        return checks.instance(name, tree, type(params)).leaves()
    except AttributeError as error:
        raise TypeError(f"{name}: expected Params like params, got others ({error})") from None


def out_of_scale(mean, sd, advice=SCALE_THEM):
    """What an error says of observations with this mean and standard deviation."""
    return (
        "expected numbers near 0 with a standard deviation near 1, got mean "
        f"{mean:.3g} and standard deviation {sd:.3g}; {advice}"
    )


def check_state(name, state, params, n_u, n_y, dtype):
    """The State of a run of these params, complete and finite; or an error."""
    checks.instance(name, state, State, " of an earlier run (log.state)")
    shapes = {part: leaf.shape for part, leaf in params.leaves().items()}
    for letter, moments in (("m", state.m), ("v", state.v)):
        leaves = leaves_of(f"{name}.{letter}", moments, params)
        checks.leaves(f"{name}.{letter}", leaves, shapes, dtype)
    if any((leaf < 0).any() for leaf in leaves.values()):
        raise ValueError(f"{name}.v: expected second moments of at least 0, got negative ones")
    checks.count(f"{name}.n_updates", state.n_updates, at_least=0)
    u, y = (getattr(array, "shape", ()) for array in (state.u, state.y))
    n_traj = max((1, *u[:1]))
    rest = {"u": (n_traj, n_u), "y": (n_traj, *y[1:2], n_y)}
    rest |= {} if state.y_input is None else {"y_input": y}
    checks.leaves(name, {part: getattr(state, part) for part in rest}, rest, dtype)
    checks.generator_state(f"{name}.rng", state.rng)
    return state
