"""Numba's njit with a cache on disk where there is a place for it, and without one elsewhere.

Numba looks for a writable folder when a function is decorated: beside the module, or else in the
user's cache. Where both are read-only (a container with an arbitrary user, a system-wide
installation), cache=True raises RuntimeError at import; the function is then compiled once per
process instead. The same happens where an entry of the cache is truncated or the disk is full; a
line on stderr says so. The functions of this module do not check their arguments.
"""

import contextlib
import sys
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
        return _forgiving(numba.njit(cache=True, **options)(function))
    except RuntimeError:  # "cannot cache function ...: no locator available"
        return numba.njit(**options)(function)


def _forgiving(kernel):
    """The kernel, whose cache may fail: then it is compiled"""
    cache = getattr(kernel, "_cache", None)  # Numba's own attribute: it has no public one
    if not hasattr(cache, "load_overload") or not hasattr(cache, "save_overload"):
        return kernel  # Numba is switched off, or keeps its cache elsewhere
    load, save = cache.load_overload, cache.save_overload

    def load_overload(*arguments):
        try:
            return load(*arguments)
        except Exception as error:  # whatever unpickling a truncated file raises
            _say(error, cache)
            with contextlib.suppress(Exception):
                cache.flush()  # so that the entry is written again
            return None

    def save_overload(*arguments):
        try:
            save(*arguments)
        except Exception as error:
            _say(error, cache)

    cache.load_overload, cache.save_overload = load_overload, save_overload
    return kernel


def _say(error, cache):
    """Once per process. On stderr, and no warning: python -W error would end the run"""
    if not _said:
        _said.append(error)
        print(
            f"Numba's cache in {cache.cache_path} cannot be used ({type(error).__name__}: "
            f"{error}): functions are compiled again, which takes some seconds. Free disk space, "
            "delete that folder, or set NUMBA_CACHE_DIR to another one",
            file=sys.stderr,
        )


_said = []
