"""Kinds of arguments of this package, its @checked (datasets/support/boundary.py), its files."""

import functools
from dataclasses import asdict

import numpy as np

from datasets.support import boundary, checks, loop
from datasets.support.boundary import count
from datasets.support.files import widened
from datasets.support.storage import Storage
from rvae_numpy import parameters
from rvae_numpy.parameters import Config, Params

MAX_LAYERS = 100
MAX_SCALE = 10  # of observations that are real numbers: mean and standard deviation


def checked(**kinds):
    """boundary.checked, for functions whose results are finite or else the weights' fault."""

    def decorate(function):
        @functools.wraps(function)
        def solvable(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except np.linalg.LinAlgError as error:
                raise FloatingPointError(boundary.OVERFLOW.format("floats")) from error

        return boundary.checked(result=boundary.finite, **kinds)(solvable)

    return decorate


# Parameters


def autoencoder(name, value, _=None):
    """Params whose arrays are finite, of one float dtype, and fit one another."""
    checks.instance(name, value, Params, " (from init, train or load)")
    try:
        checks.instance("config", value.config, Config)
        sizes, leaves = value.sizes, value.leaves()
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise TypeError(
            f"{name}: expected Params as init makes them, got layers that are none ({error})"
        ) from error
    checks.leaves(name, leaves, parameters.leaf_shapes(**sizes), checks.float_dtype(value.nu.b))
    config(name, value.config, sizes)
    return value


def joint(name, value, _=None):
    """Params of a model of the joint p(u, y)."""
    autoencoder(name, value)
    if not value.config.learn_u:
        kind = "without a state (a VAE)" if value.n_u == 0 else "that is conditional on u (a TVAE)"
        raise ValueError(
            f"{name}: expected a model of the joint p(u, y), which learns u (an rVAE), "
            f"got one {kind}"
        )
    return value


def config(name, value, arguments):
    """A Config for so many latents."""
    sigma_u = checks.instance(name, value, Config).sigma_u
    if isinstance(sigma_u, tuple) and len(sigma_u) != arguments["n_x"]:
        raise ValueError(
            f"{name}: expected sigma_u to be a number, or {arguments['n_x']} of them, one for each "
            f"latent, got {checks.shown(sigma_u)}"
        )
    return value


# Sizes


def hidden(name, value, _=None):
    """Units of the encoder's layers: a number, or one per layer."""
    if not isinstance(value, (tuple, list)):
        return checks.count(name, value)
    if not 1 <= len(value) <= MAX_LAYERS:
        raise ValueError(f"{name}: expected 1 to {MAX_LAYERS} layers, got {len(value)}")
    return tuple(checks.count(name, n) for n in value)


SIZES = dict(n_x=count(), n_y=count(), hidden=hidden, n_residual=count(0), static=boundary.flag)


# Observations and states


def observations(*axes):
    """(*axes, n_y) values of the family of params, in their dtype."""

    def kind(name, value, arguments):
        params = arguments["params"]
        y = checks.array(name, value, (*axes, params.n_y), dtype=params.nu.b.dtype)
        return of_family(name, y, params.config)

    return kind


def of_family(name, y, config):
    """Observations that a model with this Config can have."""
    if config.family == "poisson":
        checks.counts(name, y)
    if config.sigmoid_mean:
        checks.in_range(name, y, 0, 1)
    return y


def sample(name, value, arguments):
    """(n_traj, T, n_y) observations of a scale from which training can start."""
    if "params" in arguments:
        n_y, config = arguments["params"].n_y, arguments["params"].config
    else:
        n_y, config = arguments["n_y"], arguments["config"]
    y = of_family(name, checks.array(name, value, ("n_traj", "T", n_y)), config)
    mean, sd = float(np.mean(y, dtype=float)), float(np.std(y, dtype=float))
    if max(abs(mean), sd) > max_scale(config):
        raise ValueError(f"{name}: {loop.out_of_scale(mean, sd)}")
    return y


def max_scale(config):
    """The largest mean and standard deviation of observations from which training can start."""
    return MAX_SCALE if config.family == "normal" else np.inf


def y_input(name, value, arguments):
    """What the recognition model can receive in place of y."""
    y = arguments["y"]
    value = checks.array(name, value, y.shape, dtype=y.dtype)
    if arguments["params"].config.family == "poisson":  # it takes square roots
        checks.in_range(name, value, 0, np.inf)
    return value


def states(*axes, of=None):
    """(*axes, n_x) states; with `of`, as many as that argument has."""

    def kind(name, value, arguments):
        params = arguments["params"]
        sizes = axes if of is None else np.shape(arguments[of])[: len(axes)]
        return checks.array(name, value, (*sizes, params.n_x), dtype=params.nu.b.dtype)

    return kind


def transitions(name, value, arguments):
    """(n_traj, T, n_x) states of at least two time steps."""
    u = states("n_traj", "T")(name, value, arguments)
    if u.shape[1] < 2:
        raise ValueError(f"{name}: expected at least 2 time steps, got {u.shape[1]}")
    return u


def state(name, value, arguments):
    """The State of a run of params, complete and finite."""
    params = arguments["params"]
    loop.check_state(name, value, params, params.n_u, params.n_y, params.nu.b.dtype)
    if value.y.size:
        of_family(f"{name}.y", value.y, params.config)
    if value.y_input is not None:
        y_input(f"{name}.y_input", value.y_input, {"params": params, "y": value.y})
    return value


# Files


def describe(params):
    """The header of a file, from which `rebuild` makes these params."""
    checks.instance("params", params, Params, " (from init, train or load)")
    autoencoder("params", params.map(widened))
    return {"config": asdict(params.config)}


def rebuild(leaves, header):
    """The Params of the arrays of a file, checked."""
    config = Config(**checks.instance("config", header.get("config"), dict))
    try:
        params = parameters.unflatten(leaves, config)
    except (LookupError, ValueError) as error:
        raise ValueError(
            f"arrays: expected those of an autoencoder, got others ({error})"
        ) from None
    return autoencoder("arrays", params)


storage = Storage(describe, rebuild, state)

# Functions that are given


def returning(size):
    """A function (params, states (n, n_x), ...) -> (n, size of params); its result is checked."""

    def kind(name, value, _):
        checks.function(name, value)

        def of_right_shape(params, u, *rng):
            result, shape = value(params, u, *rng), (len(u), getattr(params, size))
            if np.shape(result) != shape:
                raise ValueError(
                    f"{name}: expected a function that returns shape {shape}, "
                    f"got {checks.shown(result)}"
                )
            return np.asarray(result, u.dtype)

        return of_right_shape

    return kind
