"""Numba's njit with a cache on disk where there is a place for it, and without one elsewhere.

Numba looks for a writable folder when a function is decorated: beside the module, or else in the
user's cache. Where both are read-only (a container with an arbitrary user, a system-wide
installation), cache=True raises RuntimeError at import; the function is then compiled once per
process instead. The functions of this module do not check their arguments.
"""

from functools import partial

import numba


def is_interrupt(error):
    """Whether an exception is Ctrl+C: inside compiled code, Numba makes a SystemError of it."""
    while isinstance(error, SystemError):
        error = error.__cause__
    return isinstance(error, KeyboardInterrupt)


def njit(function=None, **options):
    """Decorator for a compiled kernel: @njit, or @njit(...) with options of numba.njit."""
    if function is None:
        return partial(njit, **options)
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function ...: no locator available"
        return numba.njit(**options)(function)
