"""Scripts that put the packages together: python -m examples.NAME, at the top of the repository.

The matrices here are small. One BLAS thread is as fast as several on an idle machine, and many
times faster on a busy one. The number of threads must be set before NumPy is imported.
"""

import os

for variable in (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
):
    os.environ.setdefault(variable, "1")
