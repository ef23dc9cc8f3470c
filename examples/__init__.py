"""Scripts that put the packages together: python -m examples.NAME, from the top of the repository.

The matrices here are small. One BLAS thread is as fast as several on an idle machine, and several times faster on one
that is busy; the number of threads must be set before numpy is first imported, which is why it stands here.
"""
import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")
