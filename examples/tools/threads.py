"""The number of threads of NumPy's BLAS, which can be asked for and set in OpenBLAS, MKL and BLIS.

OMP_NUM_THREADS holds from the start of a process only, and forked workers start with that of their
parent.
"""

import ctypes

import numpy as np

# of OpenBLAS (in the wheels of NumPy 2 and 1; elsewhere), MKL and BLIS
COUNTS = (
    "scipy_openblas_{}_num_threads64_",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
    "MKL_{}_Num_Threads",
    "bli_thread_{}_num_threads",
)


def _function(verb):
    """A function of the BLAS that NumPy has loaded; without one (Accelerate), None"""
    try:
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)  # finds what it is linked to
    except (AttributeError, OSError):
        return None
    names = (name.format(verb.title() if "MKL" in name else verb) for name in COUNTS)
    names = (name.replace("Get_Num", "Get_Max") for name in names)
    return next((getattr(library, name) for name in names if hasattr(library, name)), None)


def blas_threads():
    """How many threads NumPy's BLAS uses now, or None if that cannot be found out."""
    count = _function("get")
    return None if count is None else int(count())


def set_blas_threads(n_threads):
    """Let NumPy's BLAS use this many threads in this process, where that is possible."""
    if (change := _function("set")) is not None:
        change(n_threads)
