"""@checked: a public function declares what its arguments are, and they are checked before it runs.

    @checked(params=recurrent, y=observations("n_traj", "T"), u0=states("n_traj"))
    def infer(params, y, u0=None): ...

A **kind** is a function (name, value, arguments) -> the value to use; `arguments` holds those that
are checked already, so that the shape of one may depend on another. Kinds of one package stand in
its _boundary.py, those that all share below. The decorated function keeps its signature, docstring
and help(); `function.unchecked` is the function itself, for callers whose arguments are checked.
"""

import functools
import inspect

import numpy as np

from datasets.support import checks


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
                value = function(*bound.args, **bound.kwargs)
                return value if result is None else result(value)

        boundary.unchecked, boundary.kinds = function, kinds
        return boundary

    return decorate


# Kinds. Each of these functions returns a kind, unless it is one itself.


def count(at_least=1, at_most=checks.MAX_COUNT):
    """An integer in this range."""
    return lambda name, value, _: checks.count(name, value, at_least, at_most)


def number(low=-np.inf, high=np.inf, *, above_low=False):
    """A finite number in this range."""
    return lambda name, value, _: checks.number(name, value, low, high, above_low=above_low)


def array(*shape, dtype=float, missing=False):
    """An array of this shape; a string stands for any size, see checks.array."""
    return lambda name, value, _: checks.array(name, value, shape, missing=missing, dtype=dtype)


def one_of(*options):
    """One of these strings."""
    return lambda name, value, _: checks.one_of(name, value, options)


def instance(kind, hint=""):
    """An object of this class."""
    return lambda name, value, _: checks.instance(name, value, kind, hint)


def flag(name, value, _):
    """True or False."""
    return checks.flag(name, value)


def generator(name, value, _):
    """A numpy.random.Generator."""
    return checks.generator(name, value)


def function(name, value, _):
    """Something that can be called."""
    return checks.function(name, value)


def iterable(name, value, _):
    """Something to iterate over, other than a string."""
    return checks.iterable(name, value)


def path(name, value, _):
    """A path."""
    return checks.path(name, value)
