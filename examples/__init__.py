"""Scripts that put the packages together: python -m examples.NAME, at the top of the repository.

The matrices here are small. One BLAS thread is as fast as several on an idle machine, and many
times faster on a busy one. The number of threads must be set before NumPy is imported.

Jupyter sets MPLBACKEND to a backend of its own, for the commands that a notebook starts too. In an
environment that does not have it, Matplotlib would not even start, so the variable is dropped.

A character that the terminal's encoding lacks is printed as ?, so that no run ends in an error when
it prints its result.
"""

import importlib.util
import os
import sys

if hasattr(sys.stdout, "reconfigure"):  # a notebook's has no encoding to choose
    sys.stdout.reconfigure(errors="replace")

for variable in (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
):
    os.environ.setdefault(variable, "1")

_package = os.environ.get("MPLBACKEND", "").removeprefix("module://").partition(".")[0]
if os.environ.get("MPLBACKEND", "").startswith("module://") and not importlib.util.find_spec(
    _package
):
    del os.environ["MPLBACKEND"]
