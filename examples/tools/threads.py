"""The number of threads of NumPy's BLAS, which can be asked for and set in OpenBLAS, MKL and BLIS.

OMP_NUM_THREADS holds from the start of a process only, and forked workers start with that of their
parent.
"""

import ctypes

import numpy as np

NAMES = [  # get, set: OpenBLAS (in the wheels of NumPy 2 and 1; elsewhere), MKL and BLIS
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
]


def _functions():
    """Those two of the BLAS that NumPy has loaded; (None, None) where it has none (Accelerate)"""
    try:
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)  # finds what it is linked to
    except (AttributeError, OSError):
        return None, None
    known = ([getattr(library, name, None) for name in pair] for pair in NAMES)
    return next((pair for pair in known if all(pair)), (None, None))


def blas_threads():
    """How many threads NumPy's BLAS uses now, or None if that cannot be found out."""
    count, _ = _functions()
    return None if count is None else int(count())


def set_blas_threads(n_threads):
    """Let NumPy's BLAS use this many threads in this process, where that is possible."""
    _, change = _functions()
    if change is not None:
        change(n_threads)
