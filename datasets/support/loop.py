"""What every training run shares: batches, resuming, Ctrl+C, divergence. No mathematics.

A package supplies `train`, which makes a Training of its arguments, and `update`, the step of its
own chapter. `run` calls that until enough updates are made; `of` makes the `train` of a model.
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
from datasets.support.threads import warn_about_blas_threads

MIN_RATE = 1e-30  # a smaller learning rate changes nothing in float32
EARLY = 10  # updates, after which a divergence has more to do with learning than with the data
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
class Training:
    """What `run` needs to know."""

    params: object
    state: State  # of an earlier run, which the package has checked; None for a new one
    batches: object  # iterable of y
    rng: np.random.Generator
    n_updates: int  # in all
    learning_rate: float
    final_learning_rate: float
    every: int  # updates between two points of the learning curve
    callback: Callable  # (params, log), or None
    sizes: tuple  # n_u, n_y, dtype
    start: Callable  # (params, y, rng) -> (u, y, y_input) at the beginning of a batch
    update: Callable  # (params, state, learning_rate) -> ((params, state), value for the curve);
    # it changes nothing in place
    max_scale: float = np.inf  # largest mean and standard deviation of the batches with which a run
    # that diverges in its first updates is one of a learning rate that is too large
    advice: str = SCALE_THEM  # what an error says of batches with larger ones

    def rate(self, n_updates):
        """The learning rate after n_updates updates: it decays linearly over the run."""
        first, last = self.learning_rate, self.final_learning_rate
        return first + (last - first) * n_updates / self.n_updates

    def next_batch(self, n_updates):
        """The next of the batches."""
        try:
            return next(self.batches)
        except StopIteration:
            raise ValueError(
                f"batches: expected enough for {self.n_updates} updates, got an end "
                f"after {n_updates}"
            ) from None

    def diverged(self, n_updates, batch, why):
        """The error of a run that diverged at this update: its data or its learning rate are
        blamed."""
        mean, sd = (float(f(batch, dtype=float)) if batch.size else 0.0 for f in (np.mean, np.std))
        rate, cure = f" (learning_rate {self.learning_rate:g})", "use a smaller learning_rate"
        if n_updates <= EARLY and max(abs(mean), sd) > self.max_scale:
            rate, cure = "", f"batches: {out_of_scale(mean, sd, self.advice)}"
        return FloatingPointError(
            f"training diverged at update {n_updates} of {self.n_updates}{rate}: {why}; {cure}"
        )

    def check_finite(self, params, state, values, batch):
        """Nothing, or FloatingPointError: the run has diverged."""
        if not np.isfinite(values).all() or not all(
            np.isfinite(leaf).all()
            for tree in (params, state.m, state.v)
            for leaf in tree.leaves().values()
        ):
            why = "weights or errors are no longer finite"
            raise self.diverged(state.n_updates, batch, why)


def of(train, gradient, kinds, **more):
    """The `train` of a model: it has its gradient already, and checks its arguments.

    Parameters
    ----------
    train : function (gradient, params, batches, rng, *, ..., **more) -> Training
    gradient : of the model
    kinds : of the arguments of train that are not in KINDS
    more : {further argument of gradient: its kind}
    """
    checks.function("gradient", gradient)
    known = inspect.signature(train).parameters.values()
    kept = [p for p in known if p.name != "gradient" and p.kind != p.VAR_KEYWORD]
    kept += [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in more]
    # under python -OO there are no docstrings
    head, returns, tail = inspect.cleandoc(train.__doc__ or "").partition("\nReturns\n")
    head += "".join(f"{name} : {kind.__doc__}\n" for name, kind in more.items())
    model_train = partial(train, gradient)
    model_train.__name__ = model_train.__qualname__ = "train"
    model_train.__module__, model_train.__doc__ = gradient.__module__, head + returns + tail
    model_train.__signature__ = inspect.Signature(kept)
    return boundary.checked(**kinds, **KINDS, **more, result=run)(model_train)


def begun(training):
    """A C-contiguous copy of the params of a Training, and the State from which to go on."""

    def copied(leaf):
        return np.array(leaf, order="C")

    params, state, rng = training.params.map(copied), training.state, training.rng
    if state is None:
        (n_u, n_y, dtype), (m, v) = training.sizes, (params.map(np.zeros_like) for _ in range(2))
        u, y = np.zeros((1, n_u), dtype), np.empty((1, 0, n_y), dtype)
        return params, State(m, v, 0, u, y, rng.bit_generator.state)
    if state.n_updates >= training.n_updates:
        raise ValueError(
            f"n_updates: expected more than the {state.n_updates} that state has made, "
            f"got {training.n_updates}"
        )
    kind = type(rng.bit_generator).__name__
    if state.rng["bit_generator"] != kind:
        raise ValueError(
            f"state: expected the state of a {kind} generator, as rng is, got that "
            f"of a {state.rng['bit_generator']}"
        )
    rng.bit_generator.state = state.rng
    return params, replace(state, m=state.m.map(copied), v=state.v.map(copied))


def run(training):
    """params and Log after the updates of a Training, or those before Ctrl+C."""
    now, log, values, rng = begun(training), Log(), [], training.rng
    batch, training.batches = now[1].y, iter(training.batches)
    warn_about_blas_threads(max(leaf.size for leaf in now[0].leaves().values()))
    try:
        while now[1].n_updates < training.n_updates:
            if now[1].y.shape[1] == 0:
                y = training.next_batch(now[1].n_updates)
                u, y, y_input = training.start(now[0], y, rng)
                fresh = replace(now[1], u=u, y=y, y_input=y_input, rng=rng.bit_generator.state)
                now, batch = (now[0], fresh), y
            try:
                now, value = training.update(*now, training.rate(now[1].n_updates))
            except FloatingPointError as error:
                raise training.diverged(now[1].n_updates + 1, batch, error) from error
            values.append(value)
            made = now[1].n_updates
            if made % training.every == 0 or made == training.n_updates:
                training.check_finite(*now, values, batch)
                log.n_updates.append(made)
                log.value.append(float(np.mean(values)))
                log.state = detached(now[1])
                values.clear()
                if training.callback is not None:
                    training.callback(now[0], log)
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise
        log.interrupted = True
        del log.n_updates[len(log.value) :]  # interrupted between the two
        training.check_finite(*now, values, batch)
        log.state = detached(now[1])
    return now[0], log


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
    theirs, ours = leaves_of("gradient: params", result.params, params), params.leaves()
    if not isinstance(result.value, (float, np.floating)):  # NaN is the loop's to report
        checks.number("gradient: value", result.value)
    if theirs.keys() != ours.keys():
        checks.leaves("gradient", theirs, dict.fromkeys(ours), None)  # which says so
    for name, leaf in ours.items():
        g = theirs[name]
        if type(g) is not np.ndarray or g.shape != leaf.shape or g.dtype != leaf.dtype:
            checks.leaves("gradient", {name: g}, {name: leaf.shape}, leaf.dtype)
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
