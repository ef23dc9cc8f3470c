"""Kinds of arguments of this package (datasets/support/boundary.py), and checks of its results."""

import contextlib

import numpy as np

from datasets.support import checks
from datasets.support.boundary import array, flag, instance

LEARNABLE = ("A", "Sigma_z", "mu_0", "Sigma_0", "C", "R")


model = instance("kalman.lds.LDS")


def square(name, value, _):
    """(n_z, n_z) numbers."""
    value = checks.array(name, value, ("n_z", "n_z"), dtype=float)
    return checks.array(name, value, (len(value), len(value)))


def covariance(name, value, arguments):
    """(n_z, n_z) covariance; a direction may have no variance."""
    n_z = len(arguments["A"])
    return checks.covariance(name, value, (n_z, n_z), positive=False)


PARAMETERS = {
    "A": square,
    "C": array("n_y", lambda a: len(a["A"])),
    "Sigma_z": covariance,
    "mu_0": array(lambda a: len(a["A"])),
    "Sigma_0": covariance,
}


def models(name, value, _):
    """A list of LDS that all observe the same number of components."""
    if not isinstance(value, (list, tuple)) or not value:
        raise TypeError(
            f"{name}: expected a list of at least one LDS (kalman.lds), got {checks.shown(value)}"
        )
    n_y = {model(name, one, {}).n_y for one in value}
    if len(n_y) > 1:
        raise ValueError(
            f"{name}: expected models of the same observations, got n_y of {sorted(n_y)}"
        )
    return list(value)


def n_observed(arguments):
    """Components of y, by the model or the initial models among the arguments"""
    one = arguments.get("model")
    return (arguments["initial_models"][0] if one is None else one).n_y


def observations(name, value, arguments):
    """(n_traj, T, n_y) float64, NaN where a component is missing."""
    shape = ("n_traj", "T", n_observed(arguments))
    return checks.array(name, value, shape, missing=True, dtype=float)


def trials(name, value, arguments):
    """Observations from which the parameters named in `learn` can be learnt."""
    y = observations(name, value, arguments)
    transition = {"A", "Sigma_z"} & set(arguments["learn"])
    if np.isnan(y[:, 1:] if transition else y).all():
        where = " after the first time step, to learn a transition" if transition else ""
        raise ValueError(f"{name}: expected observations{where}, got none")
    return y


def constant_noise(name, value, arguments):
    """(n_y, n_y) covariance of the observation noise."""
    n_y = n_observed(arguments)
    return checks.covariance(name, value, (n_y, n_y))


def noise(name, value, arguments):
    """Covariances of the observation noise: (n_y, n_y), or (n_traj, T, n_y, n_y) for every step."""
    y = arguments["y"]
    n_y = y.shape[-1]
    value = checks.numeric(name, value)
    if value.shape not in ((n_y, n_y), (*y.shape, n_y)):
        raise ValueError(
            f"{name}: expected shape {(n_y, n_y)} or {(*y.shape, n_y)}, got {value.shape}"
        )
    if value.ndim == 2 and not np.isnan(y).any():  # one matrix, all of it used: checked once
        return checks.covariance(name, value, (n_y, n_y))
    steps = checks.covariance(name, of_steps(value, y), (*y.shape, n_y))
    return value.astype(float) if value.ndim == 2 else steps


def noise_to_learn(name, value, arguments):
    """Noise as above; one constant matrix where EM learns it."""
    if "R" not in arguments["learn"]:
        return noise(name, value, arguments)
    return constant_noise(name, value, arguments)


def of_steps(R, y):
    """R_t at every step. The noise of a missing component is never used: a unit matrix."""
    observed = ~np.isnan(y)
    both = observed[..., :, None] & observed[..., None, :]
    return np.where(both, R, np.eye(y.shape[-1]))


def period(name, value, arguments):
    """(n_y,) circumferences, infinite for the real line."""
    n_y = arguments["y"].shape[-1]
    value = np.array(checks.numeric(name, value), dtype=float)
    if value.shape != (n_y,) or not (value > 0).all():
        raise ValueError(
            f"{name}: expected {n_y} positive numbers (infinite for the real line), "
            f"got {checks.shown(value)}"
        )
    return value


SERIES = dict(model=model, y=observations, R=noise, period=period, compiled=flag)


def names_of_parameters(name, value, _):
    """Names of the parameters that EM learns."""
    are_names = isinstance(value, (list, tuple, set, frozenset)) and value
    if not are_names or not all(isinstance(one, str) and one in LEARNABLE for one in value):
        raise ValueError(
            f"{name}: expected at least one of {', '.join(map(repr, LEARNABLE))}, "
            f"got {checks.shown(value)}"
        )
    return tuple(value)


def finite(result, expected="model, y, R: expected numbers whose squares stay finite"):
    """What the filter or the smoother returns; ValueError if it overflows."""
    if not all(np.isfinite(part).all() for part in result):
        raise ValueError(f"{expected}, got an overflow")
    return result


def finite_states(result):
    """States and observations; ValueError if they overflow."""
    return finite(result, "model: expected states that stay finite")


@contextlib.contextmanager
def blames(argument):
    """Inside EM: an overflow or a singular system as an error about what the caller gave."""
    try:
        yield
    except ValueError as error:  # np.linalg.LinAlgError is one too
        if argument == "initial_models":
            what = "initial_models, y, R: expected numbers whose squares stay finite"
        else:
            what = f"{argument}: expected observations that determine the model's parameters"
        raise ValueError(f"{what}, got others ({error})") from None
