"""Right and wrong values of every kind of argument, and how an answer to them is judged.

Right values come from the declarations of a function (`function.kinds`, see
datasets/support/boundary.py) and from its defaults. What a declaration cannot say comes from
tests/fuzz_entries*.py.
"""

import inspect
import os
import socket
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np

from datasets.support import boundary

CLEAR = (TypeError, ValueError, FloatingPointError, OSError)
OBJECTS = [3, "x", {}, [1, 2], object(), np.zeros(3), int]
COUNTS = [0, -1, 1.5, "3", np.nan, np.inf, True, [1, 2], object(), 10**400]
COUNTS += [np.float64(3), np.True_, np.int64(-1), np.timedelta64(3), np.array([3])]
NUMBERS = ["x", np.nan, np.inf, -np.inf, [1.0], object(), 10**400, 1j, True]
NUMBERS += [np.float64("nan"), np.float32("inf"), np.complex128(1), np.str_("1"), np.True_]
NUMBERS += [np.datetime64("2020-01-01"), np.array([1.0])]
FLAGS = ["no", 2, [], np.zeros(2), 0.5, np.int64(1), np.str_("True")]
FUNCTIONS = [3, "x", object()]
PATHS = [3, None, b"a", object(), "", "no/such/folder/weights.npz", "a\0b", "\ud800", ".", "/"]
GENERATORS = [0, "x", np.random, np.random.Generator, object()]
NAMES = [3, object(), ["a"], np.zeros(2)]
# of two arguments that do not fit, the one whose shape follows from the other
NAMED_BY_THE_OTHER = {("sigma_u", "config"), ("y", "expected"), ("which", "position")}


def declared(kind):
    """What a kind declares; nothing if it is a function of a package's own"""
    return getattr(kind, "declares", {"of": None})


# Right values


def right_value(kind, arguments, sizes):
    """A right value of a kind, or None where the declaration does not say enough

    Parameters
    ----------
    arguments : those that have a value already
    sizes : {name of an axis: its size}, filled on the way
    """
    facts = declared(kind)
    if facts["of"] in ("count", "number"):
        low, high = (boundary.now(facts[bound], arguments) for bound in ("low", "high"))
        value = min(max(3 if facts["of"] == "count" else 1.0, low), high)
        return type(value)(value) if facts["of"] == "count" else float(value)
    if facts["of"] == "array":
        shape = []
        for size in (boundary.now(size, arguments) for size in facts["shape"]):
            shape.append(
                sizes.setdefault(size, 2 + (size == "T"))
                if size in sizes or isinstance(size, str)
                else size
            )
        return ones(shape, facts, arguments)
    if facts["of"] == "numbers":
        return ones((2, 3), facts, arguments)
    if facts["of"] == "one_of":
        return facts["options"][0]
    if facts["of"] == "instance" and isinstance(facts["name"], str):
        module, _, name = facts["name"].rpartition(".")
        kind_of_object = getattr(sys.modules[module], name)
        return kind_of_object() if hasattr(kind_of_object, "kinds") else None
    if facts["of"] == "instance" and facts["name"] is str:
        return "a name"
    simple = {"flag": False, "generator": np.random.default_rng(0), "function": abs}
    return simple.get(facts["of"])


def ones(shape, facts, arguments):
    low, high = (boundary.now(facts[bound], arguments) for bound in ("low", "high"))
    return np.full(tuple(shape), min(max(1.0, low), high))


def complete(function, given):
    """Arguments of a function: those given, its defaults, and what its declarations ask for

    Returns
    -------
    {name: value}, and the names for which there is none
    """
    arguments, sizes, missing = dict(given), {}, []
    parameters = inspect.signature(function).parameters
    kinds = getattr(function, "kinds", {})
    for name, parameter in parameters.items():
        if name not in arguments and parameter.default not in (parameter.empty, None):
            arguments[name] = parameter.default
    for name in [*kinds, *parameters]:
        if name in arguments or name not in parameters:
            continue
        is_optional = parameters[name].default is None
        if is_optional and declared(kinds.get(name))["of"] in ("instance", "function", "path"):
            continue
        value = right_value(kinds[name], arguments, sizes) if name in kinds else None
        if value is not None:
            arguments[name] = value
        elif parameters[name].default is parameters[name].empty:
            missing.append(name)
    return arguments, missing


# Wrong values


def arrays(good, facts, arguments):
    """Values that are wrong where `good` is right"""
    good = np.asarray(good)
    real = good.astype(float)
    bad = ["x", object(), {}, 1j * real, real.astype(str), [[1], [1, 2]]]
    bad += [np.ma.masked_array(real, real > -1e9), real.astype(object) + 1j]
    if facts["of"] != "numbers":
        bad.append(real[None])
    if good.ndim and facts["of"] != "numbers":
        last = boundary.now(facts.get("shape", (0,))[-1], arguments)
        bad += [real[..., :0]]
        if not isinstance(last, str):
            bad.append(np.concatenate([real, real], axis=-1))
    worst = [np.inf] if facts.get("high", np.inf) == np.inf and "low" in facts else [np.inf, 1e300]
    if "low" in facts:
        low, high = (boundary.now(facts[bound], arguments) for bound in ("low", "high"))
        worst += [low - 1] * (low > -np.inf) + [2 * high + 1] * (high < np.inf)
    for value in worst:
        spoilt = real.copy()
        spoilt.flat[0] = value
        bad.append(spoilt)
    if not facts.get("missing", False):
        bad.append(np.full(good.shape, np.nan))
    return bad


def in_range(value, facts, arguments):
    """Whether a number of the lists above is right after all, by its declaration"""
    if facts["of"] not in ("count", "number") or isinstance(value, (bool, np.bool_)):
        return False
    if not isinstance(value, (int, np.integer) if facts["of"] == "count" else (int, float)):
        return False
    low, high = (boundary.now(facts[bound], arguments) for bound in ("low", "high"))
    return low <= value <= high


def bad_values(kind, good, arguments, missing=False):
    """Wrong values for an argument of which `good` is a right one"""
    facts = declared(kind)
    if isinstance(good, np.random.Generator):
        return GENERATORS
    if isinstance(good, (bool, np.bool_)):
        return FLAGS
    if isinstance(good, (int, float)):
        bad = [
            value
            for value in (COUNTS if isinstance(good, int) else NUMBERS)
            if not in_range(value, facts, arguments)
        ]
        if facts["of"] in ("count", "number"):
            low, high = (boundary.now(facts[bound], arguments) for bound in ("low", "high"))
            bad += [low - 1] * (low > -np.inf) + [2 * high + 1] * (high < np.inf)
        return bad
    if isinstance(good, np.ndarray):
        return arrays(good, facts | ({"missing": True} if missing else {}), arguments)
    if isinstance(good, str):
        return NAMES + ([] if facts["of"] == "instance" else ["no such name"])
    if hasattr(good, "__fspath__"):
        return PATHS
    if callable(good):
        return FUNCTIONS
    return OBJECTS


def in_numpy_clothes(good):
    """The same value as NumPy's scalars hold it"""
    if isinstance(good, (bool, np.bool_)):
        return [np.bool_(good)]
    if isinstance(good, int):
        return [np.int64(good), *([np.uint8(good), np.int8(good)] if 0 <= good < 128 else [])]
    if isinstance(good, float):
        exact = [np.float32(good)] if float(np.float32(good)) == good else []
        return [np.float64(good), *exact]
    return [np.str_(good)] if isinstance(good, str) else []


def in_other_clothes(good):
    """The same number or array as other libraries hold it: it may be refused"""
    if isinstance(good, (int, float)) and not isinstance(good, bool):
        longer = [np.longdouble(good)] if isinstance(good, float) else []
        return [Fraction(good), Decimal(good), np.array(good), str(good), *longer]
    if not isinstance(good, np.ndarray) or good.dtype.kind not in "fiu":
        return []
    strided = np.repeat(good, 2, axis=-1)[..., ::2] if good.ndim else good
    found = [
        good.tolist(),
        np.asfortranarray(good),
        good.astype(good.dtype.newbyteorder()),
        strided,
    ]
    found += [good.astype(object), np.ma.masked_array(good), list(np.ma.masked_array(good))]
    found.append(np.vectorize(Fraction, otypes=[object])(good) if np.isfinite(good).all() else good)
    for dtype in (np.longdouble, np.float32, np.float16, np.int8, np.uint8, np.uint64, bool):
        with np.errstate(all="ignore"):
            other = good.astype(dtype)
        found += [other] if np.array_equal(other, good) else []
    return found


def irregular_files(folder):
    """Paths of a named pipe, a socket, an endless device, the system's own, a folder, no bytes"""
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "socket"))
    os.symlink("/dev/zero", folder / "endless")
    os.symlink("/proc/self/environ", folder / "proc")
    (folder / "folder").mkdir()
    (folder / "empty").touch()
    return [folder / name for name in ("pipe", "socket", "endless", "proc", "folder", "empty")]


# Judging


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


def arrays_of(result):
    """All arrays and numbers in a result, in order"""
    if isinstance(result, (int, float, np.generic, np.ndarray, str, type(None))):
        return [np.asarray(result)]
    if isinstance(result, dict):
        return [array for value in result.values() for array in arrays_of(value)]
    if isinstance(result, (list, tuple)):
        return [array for value in result for array in arrays_of(value)]
    if hasattr(result, "leaves"):
        return arrays_of(result.leaves())
    return arrays_of(vars(result)) if hasattr(result, "__dataclass_fields__") else []


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
        named = text.startswith(name) or (name, text.partition(":")[0]) in NAMED_BY_THE_OTHER
        if isinstance(error, OSError) or ("expected" in text and named):
            return "clear"
        return f"{type(error).__name__}: {text}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted, with NaN in the result" if has_nan(result) else "accepted"
