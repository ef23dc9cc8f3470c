"""The warning about BLAS threads: once per process, only for small matrices and several threads."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from datasets.support import threads as _threads
from refh_numpy import refh
from rvae_numpy import rvae


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(_threads, "blas_threads", lambda: 2)
    _threads._warn.cache_clear()
    yield
    _threads._warn.cache_clear()


def said(function, *arguments):
    """How many warnings a call gives"""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        function(*arguments)
    return len(found)


def test_small_matrices_are_warned_of_once(two_threads):
    with pytest.warns(_threads.BlasThreadsWarning, match="2 BLAS threads.*OMP_NUM_THREADS=1"):
        _threads.warn_about_blas_threads(15 * 240)
    assert said(_threads.warn_about_blas_threads, 15 * 240) == 0


@pytest.mark.parametrize("model", [refh, rvae])
def test_training_names_the_line_that_called_it(model, two_threads):
    rng = np.random.default_rng(0)
    if model is refh:
        params = refh.init(n_x=4, n_y=3, family="poisson", rng=rng)
    else:
        params = rvae.init(n_x=2, n_y=3, hidden=(4,), family="poisson", rng=rng)
    batches = [np.ones((2, 5, 3), np.float32)]
    with pytest.warns(_threads.BlasThreadsWarning) as found:
        model.train(params, batches, np.random.default_rng(0), n_updates=1)
    assert [warning.filename for warning in found] == [__file__]


def test_large_matrices_are_not_warned_of(two_threads):
    assert said(_threads.warn_about_blas_threads, 2 * _threads.SMALL) == 0


@pytest.mark.parametrize("n_threads", [1, None])
def test_one_thread_or_an_unknown_number_is_not_warned_of(n_threads, monkeypatch, two_threads):
    monkeypatch.setattr(_threads, "blas_threads", lambda: n_threads)
    assert said(_threads.warn_about_blas_threads, 1) == 0


def test_the_warning_can_be_silenced_as_it_says(two_threads):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", message=".*BLAS threads")
        _threads.warn_about_blas_threads(1)
    assert not found


def test_a_library_that_cannot_be_asked_is_no_error(monkeypatch):
    monkeypatch.setattr(np.linalg._umath_linalg, "__file__", "/no/such/library")
    assert _threads.blas_threads() is None


@pytest.mark.parametrize("n_threads", ["1", "2"])
def test_the_number_of_threads_is_that_of_the_environment(n_threads):
    if _threads.blas_threads() is None or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs a BLAS that can be asked, and two cores")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from datasets.support import threads; print(threads.blas_threads())",
        ],
        env=os.environ
        | {
            "OMP_NUM_THREADS": n_threads,
            "OPENBLAS_NUM_THREADS": n_threads,
            "MKL_NUM_THREADS": n_threads,
        },
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == n_threads
