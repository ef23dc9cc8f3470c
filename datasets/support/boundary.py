"""@checked: a public function declares what its arguments are, and they are checked before it runs.
@fields: a dataclass declares what its fields are.

    @checked(params=recurrent, y=observations("n_traj", "T"), u0=states("n_traj"))
    def infer(params, y, u0=None): ...

A **kind** is a function (name, value, arguments) -> the value to use; `arguments` holds those that
are checked already, so that the shape of one may depend on another. Kinds of one package stand in
its _boundary.py, those that all share below. The decorated function keeps its signature, docstring
and help(); `function.unchecked` is the function itself, for callers whose arguments are checked;
`function.kinds` are the declarations, from which the fuzz test makes right and wrong values. The
functions of this module do not check their own arguments.
"""

import dataclasses
import functools
import inspect
import sys

import numpy as np

from datasets.support import checks

OVERFLOW = (
    "params: expected weights whose products with states and observations fit {}, "
    "got NaN or infinity from them"
)
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def checked(*, result=None, **kinds):
    """Decorator of a public function.

    Parameters
    ----------
    result : function of what the decorated function returns, which returns it or raises an error
    kinds : {argument: kind}, called in this order. An argument whose default is None may be None
    """

    def decorate(function):
        signature = inspect.signature(function)
        names = [name for name, p in signature.parameters.items() if p.kind != p.VAR_KEYWORD]
        optional = {n for n in names if signature.parameters[n].default is None}
        by_name = all(p.kind in BY_NAME for p in signature.parameters.values())
        unknown = kinds.keys() - set(names)
        if unknown:
            raise TypeError(f"{function.__name__}: expected kinds of arguments, got {unknown}")

        @functools.wraps(function)
        def boundary(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            a = bound.arguments
            for name, kind in kinds.items():
                if not (a[name] is None and name in optional):
                    a[name] = kind(name, a[name], a)
            # an overflow ends in `result`, which names its cause; an underflow is no error
            with np.errstate(all="ignore"):
                value = function(**a) if by_name else function(*bound.args, **bound.kwargs)
                return value if result is None else result(value)

        boundary.unchecked, boundary.kinds = function, kinds
        return boundary

    return decorate


def finite(result):
    """What a function of params returns, or FloatingPointError if it is not finite: the weights
    are too large."""
    leaves = result.leaves().values() if hasattr(result, "leaves") else [result]
    for leaf in leaves:
        if isinstance(leaf, np.ndarray) and not np.isfinite(leaf).all():
            raise FloatingPointError(OVERFLOW.format(leaf.dtype))
    return result


def fields(*, whole=None, **kinds):
    """Decorator of a class that @dataclass(frozen=True) decorates next: its fields are checked.

    Each field holds what its kind returns: an int, a float, a tuple. Arrays are copied and cannot
    be written to, so that the object never changes; copies and pickles are made from its fields.

    Parameters
    ----------
    whole : function of the object, called last, that raises an error if its fields do not fit
    kinds : {field: kind}, called in this order
    """

    def decorate(kind_of_object):
        def __post_init__(self):
            for name, kind in kinds.items():
                value = kind(name, getattr(self, name), vars(self))
                if isinstance(value, np.ndarray):
                    value = read_only(value)
                object.__setattr__(self, name, value)
            if whole is not None:
                whole(self)

        def __reduce__(self):
            return type(self), tuple(getattr(self, one.name) for one in dataclasses.fields(self))

        kind_of_object.__post_init__, kind_of_object.kinds = __post_init__, kinds
        kind_of_object.__reduce__ = __reduce__
        return kind_of_object

    return decorate


def read_only(values):
    """A copy, as an array that cannot be written to."""
    copy = np.array(values)
    copy.flags.writeable = False
    return copy


# Kinds. Each of these functions returns a kind, unless it is one itself. Sizes and bounds may be
# functions of the arguments that are checked already.


def declaring(kind, **facts):
    """The kind, and what it declares: {"of": ..., bounds, sizes}."""
    kind.declares = facts
    return kind


def count(at_least=1, at_most=checks.MAX_COUNT):
    """An integer in this range."""

    kind = lambda name, value, a: checks.count(name, value, at_least, now(at_most, a))
    return declaring(kind, of="count", low=at_least, high=at_most)


def number(low=-np.inf, high=np.inf, *, above_low=False):
    """A finite number in this range."""

    def kind(name, value, arguments):
        bounds = now(low, arguments), now(high, arguments)
        return checks.number(name, value, *bounds, above_low=above_low)

    return declaring(kind, of="number", low=low, high=high, above_low=above_low)


def array(*shape, dtype=float, missing=False, low=-np.inf, high=np.inf):
    """An array of this shape, see checks.array: a string stands for any size."""

    def kind(name, value, arguments):
        sizes = tuple(now(size, arguments) for size in shape)
        value = checks.array(name, value, sizes, missing=missing, dtype=dtype)
        return _bounded(name, value, low, high, arguments)

    return declaring(kind, of="array", shape=shape, missing=missing, low=low, high=high)


def numbers(*, missing=False, low=-np.inf, high=np.inf, like=None):
    """A number, or an array of any shape, or of that of the argument `like`."""

    def kind(name, value, arguments):
        shape = None if like is None else arguments[like].shape
        value = checks.array(name, value, shape, missing=missing, dtype=float)
        return _bounded(name, value, low, high, arguments)

    return declaring(kind, of="numbers", missing=missing, low=low, high=high, like=like)


def one_of(*options):
    """One of these strings."""

    kind = lambda name, value, _: checks.one_of(name, value, options)
    return declaring(kind, of="one_of", options=options)


def instance(of, hint=""):
    """An object of this class. "package.module.Class" names one that is defined later."""

    def kind(name, value, _):
        if not isinstance(of, str):
            return checks.instance(name, value, of, hint)
        module, _, class_name = of.rpartition(".")
        known = getattr(sys.modules[module], class_name)
        return checks.instance(name, value, known, hint or f" ({module})")

    return declaring(kind, of="instance", name=of)


def float_type(name, value, _=None):
    """numpy.float32 or numpy.float64, as a type or a dtype."""
    if not isinstance(value, (type, np.dtype)) or value not in (np.float32, np.float64):
        raise ValueError(
            f"{name}: expected numpy.float32 or numpy.float64, got {checks.shown(value)}"
        )
    return value


def simple(check):
    """The kind of a check that takes a name and a value, and nothing else."""
    return declaring(lambda name, value, _: check(name, value), of=check.__name__)


flag, generator, function = map(simple, (checks.flag, checks.generator, checks.function))
iterable, path = map(simple, (checks.iterable, checks.path))


def now(value, arguments):
    """A size or bound, given the arguments that are checked already."""
    return value(arguments) if callable(value) else value


def _bounded(name, value, low, high, arguments):
    low, high = now(low, arguments), now(high, arguments)
    return value if low == -np.inf and high == np.inf else checks.in_range(name, value, low, high)
