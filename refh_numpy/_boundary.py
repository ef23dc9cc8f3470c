"""Kinds of arguments of this package (datasets/support/boundary.py), and its files (`storage`)."""

from dataclasses import fields

import numpy as np

from datasets.support import checks, loop
from datasets.support.boundary import count, number
from datasets.support.files import widened
from datasets.support.storage import Storage
from refh_numpy import families
from refh_numpy.families import BERNOULLI, NORMAL, POISSON, Family
from refh_numpy.harmonium import Params

clamped = count(0, 1)  # u is resampled, or left as it is
probability = number(0, 1)


def harmonium(name, value, _=None):
    """A Params whose arrays are finite, of one float dtype, and fit one another."""
    checks.instance(name, value, Params, " (from init, train or load)")
    checks.instance(f"{name}.family", value.family, Family, " (from families.get)")
    leaves = value.leaves()
    W_u, W_y, b_x, b_u, _ = (getattr(leaf, "shape", ()) or (0,) for leaf in leaves.values())
    # sizes as most arrays have them, so that the odd one is named
    n_x = sorted((W_u[0], W_y[0], b_x[0]))[1]
    n_u, n_y = sorted((W_u[-1], b_u[0], n_x))[1], W_y[-1]
    shapes = dict(W_u=(n_x, n_u), W_y=(n_x, n_y), b_x=(n_x,), b_u=(n_u,), b_y=(n_y,))
    checks.leaves(name, leaves, shapes, checks.float_dtype(value.W_y))
    if not n_x * n_y:
        raise ValueError(
            f"{name}: expected at least one unit of x and of y, got sizes (x, u, y) {n_x, n_u, n_y}"
        )
    return value


def recurrent(name, value, _=None):
    """A Params that runs through time: n_u is n_x, or 0 for a static model."""
    harmonium(name, value)
    n_x, n_u = len(value.b_x), len(value.b_u)
    if n_u not in (0, n_x):
        raise ValueError(f"{name}: expected as many units of u as of x ({n_x}), or none, got {n_u}")
    return value


def with_state(name, value, _=None):
    """A Params that runs through time and has a state."""
    if not len(recurrent(name, value).b_u):
        raise ValueError(
            f"{name}: expected a recurrent model, with as many units of u as of x, "
            "got a static one (n_u = 0)"
        )
    return value


def enumerable(name, value, _=None):
    """A Params of a family whose values can be listed."""
    if harmonium(name, value).family not in (BERNOULLI, POISSON):
        raise ValueError(
            f"{name}: expected a family that can be enumerated (bernoulli or poisson), "
            f"got {value.family.name}"
        )
    return value


def observations(*axes, of=None):
    """(*axes, n_y) values of the family of params; with `of`, as many as that argument has."""

    def kind(name, value, arguments):
        params = arguments["params"]
        shape = (*_axes(axes, of, arguments), len(params.b_y))
        y = checks.array(name, value, shape, dtype=params.b_y.dtype)
        return params.family.check(name, y)

    return kind


def states(*axes, of=None, units="b_x"):
    """(*axes, n) means of hidden units or of u (units="b_u"), as `observations` otherwise."""

    def kind(name, value, arguments):
        leaf = getattr(arguments["params"], units)
        u = checks.array(name, value, (*_axes(axes, of, arguments), len(leaf)), dtype=leaf.dtype)
        return checks.in_range(name, u, 0, 1)

    return kind


def sample(name, value, arguments):
    """(n_traj, T, n_y) values of the family, from whose mean a harmonium can start."""
    family, dtype = families.get(arguments["family"]), arguments["dtype"]
    y = checks.array(name, value, ("n_traj", "T", arguments["n_y"]), dtype=dtype)
    y = family.check(name, y)
    if family == NORMAL:
        spread = np.sqrt(np.mean(np.var(y, (0, 1), dtype=float)))
        if not 0.1 <= spread <= 10:
            raise ValueError(
                f"{name}: expected a standard deviation near 1, that of the family normal, got "
                f"{spread:.3g}; divide the data by it"
            )
    return y


def max_scale(params):
    """The largest mean and standard deviation of observations with which training can begin."""
    return {"normal": 10, "poisson": 30}.get(params.family.name, np.inf)


def sweeps(name, value, _=None):
    """A number of Gibbs sweeps, or a pair (first, last) of them, as a pair."""
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    first, last = (checks.count(name, n) for n in (value if pair else (value, value)))
    if last < first:
        raise ValueError(
            f"{name}: expected a last number of sweeps that is no less than the first, "
            f"got {first}, {last}"
        )
    return first, last


def state(name, value, arguments):
    """The State of a run of params, complete and finite."""
    params = arguments["params"]
    loop.check_state(name, value, params, len(params.b_u), len(params.b_y), params.b_y.dtype)
    checks.in_range(f"{name}.u", value.u, 0, 1)
    params.family.check(f"{name}.y", value.y)
    return value


def describe(params):
    """The header of a file, from which `rebuild` makes these params."""
    checks.instance("params", params, Params, " (from init, train or load)")
    harmonium("params", params.map(widened))
    return {"family": params.family.name}


def rebuild(arrays, header):
    """The Params of the arrays of a file, checked."""
    names = [field.name for field in fields(Params) if field.name != "family"]
    if missing := [name for name in names if name not in arrays]:
        raise ValueError(f"expected the arrays of a harmonium, got none of {', '.join(missing)}")
    leaves = {name: arrays[name] for name in names}
    return harmonium("params", Params(**leaves, family=families.get(header.get("family"))))


storage = Storage(describe, rebuild, state)


def _axes(axes, of, arguments):
    """The leading sizes of an array: names, or those that another argument has"""
    return axes if of is None else np.shape(arguments[of])[: len(axes)]
