"""Bad values of every kind of argument, and how an answer to them is judged."""

import inspect

import numpy as np

CLEAR = (TypeError, ValueError, FloatingPointError, OSError)
OBJECTS = [3, "x", {}, [1, 2], object(), np.zeros(3), int]
COUNTS = [0, -1, 1.5, "3", np.nan, np.inf, True, [1, 2], object(), 10**400]
NUMBERS = ["x", np.nan, np.inf, -np.inf, [1.0], object(), 10**400, 1j, True]
FLAGS = ["no", 2, [], np.zeros(2), 0.5]
FUNCTIONS = [3, "x", object()]
PATHS = [3, object(), "", "no/such/folder/weights.npz", "a\0b"]
GENERATORS = [0, "x", np.random, np.random.Generator, object()]
NAMES = [3, "no such name", object(), ["a"], np.zeros(2)]


def arrays(good):
    """Values that are wrong where `good` is right"""
    good = np.asarray(good)
    real = good.astype(float)
    bad = [
        "x",
        object(),
        {},
        1j * real,
        real.astype(str),
        np.ma.masked_array(real, real > -1e9),
        [[1], [1, 2]],
        real[None],
    ]
    if good.ndim:
        bad += [real[..., :0], np.concatenate([real, real], axis=-1)]
    for value in (np.inf, 1e300):
        spoilt = real.copy()
        spoilt.flat[0] = value
        bad.append(spoilt)
    return bad


def bad_values(good, missing=False):
    """Wrong values for an argument of which `good` is a right one"""
    if isinstance(good, np.random.Generator):
        return GENERATORS
    if isinstance(good, (bool, np.bool_)):
        return FLAGS
    if isinstance(good, int):
        return COUNTS
    if isinstance(good, float):
        return NUMBERS
    if isinstance(good, np.ndarray):
        return arrays(good) + ([] if missing else [np.full(good.shape, np.nan)])
    if isinstance(good, str):
        return NAMES
    if hasattr(good, "__fspath__"):
        return PATHS
    if callable(good):
        return FUNCTIONS
    return OBJECTS


def has_nan(result):
    """Whether NaN or infinity is anywhere in it"""
    if isinstance(result, (float, np.floating, np.ndarray)):
        value = np.asarray(result)
        return value.dtype.kind in "fc" and not np.isfinite(value).all()
    if isinstance(result, (list, tuple)):
        return any(map(has_nan, result))
    if isinstance(result, dict):
        return any(map(has_nan, result.values()))
    if hasattr(result, "leaves"):
        leaves = result.leaves()
        return has_nan(list(leaves.values()) if isinstance(leaves, dict) else leaves)
    return False


def verdict(function, arguments, name, value):
    """ "clear", or what is wrong with the answer to a bad value of one argument"""
    try:
        result = function(**(arguments | {name: value}))
        if inspect.isgenerator(result):
            next(result)
    except CLEAR as error:
        text = str(error)
        if isinstance(error, np.linalg.LinAlgError):
            return f"{type(error).__name__}: {text}"
        named = any(argument in text for argument in arguments)  # of two that do not fit, one
        if isinstance(error, OSError) or ("expected" in text and named):
            return "clear"
        return f"{type(error).__name__}: {text}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted, with NaN in the result" if has_nan(result) else "accepted"
