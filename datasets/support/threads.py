"""A warning where small matrices meet a BLAS with several threads, which is slow on a busy machine.

The number of threads is asked of the library that NumPy has loaded. Where that is not possible
(Windows, Apple's Accelerate), nothing is warned of. The environment is never changed. The number
is changed only where `set_blas_threads` is called, by the worker processes of examples/.
The functions of this module do not check their arguments.
"""

import ctypes
import functools
import sys
import warnings

import numpy as np

SMALL = 1 << 20  # entries of a matrix for which one thread is enough
OURS = ("datasets", "kalman", "refh_numpy", "rvae_numpy")
# of OpenBLAS (in the wheels of NumPy 2 and 1; elsewhere), MKL and BLIS
COUNTS = (
    "scipy_openblas_get_num_threads64_",
    "openblas_get_num_threads64_",
    "openblas_get_num_threads",
    "MKL_Get_Max_Threads",
    "bli_thread_get_num_threads",
)


class BlasThreadsWarning(RuntimeWarning):
    """Small matrices are multiplied by several BLAS threads."""


def _library():
    """NumPy's BLAS, or None"""
    try:
        return ctypes.CDLL(np.linalg._umath_linalg.__file__)  # finds what it is linked to
    except (AttributeError, OSError):
        return None


def blas_threads():
    """How many threads NumPy's BLAS uses now, or None if that cannot be found out."""
    library = _library()
    return next((int(getattr(library, name)()) for name in COUNTS if hasattr(library, name)), None)


def set_blas_threads(n_threads):
    """Let NumPy's BLAS use this many threads in this process, where that is possible."""
    library = _library()
    for name in COUNTS:
        name = name.replace("get", "set").replace("Get", "Set").replace("Max", "Num")
        if hasattr(library, name):
            getattr(library, name)(n_threads)
            return


def warn_about_blas_threads(largest):
    """Warn, once per process, if BLAS has several threads for small matrices.

    Parameters
    ----------
    largest : number of entries of the largest matrix

    The warning is a BlasThreadsWarning, and names the line that called train(...) of a model.
    """
    if largest <= SMALL:
        _warn()


def outside():
    """The stacklevel of a warning, given by the caller, that names a line outside our packages."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
        frame, level = frame.f_back, level + 1
    return level


@functools.cache
def _warn():
    n_threads = blas_threads()
    if n_threads is not None and n_threads > 1:
        warnings.warn(
            f"{n_threads} BLAS threads for small matrices: on a busy machine this is many times "
            "slower than one thread. Set OMP_NUM_THREADS=1 before NumPy is imported, or silence "
            'this: warnings.filterwarnings("ignore", message=".*BLAS threads")',
            BlasThreadsWarning,
            stacklevel=outside(),
        )
