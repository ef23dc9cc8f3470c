"""Compiled kernels are cached where there is a place for it, and work without one."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numba
import numpy as np
import pytest

from datasets.support import jit as _jit
from tests.pages import ROOT

PACKAGES = ("datasets", "kalman", "refh_numpy", "rvae_numpy")
SCRIPT = """
import importlib, os, pathlib, sys
assert not os.access(".", os.W_OK), "the copy can be written to"
for path in sorted(pathlib.Path(".").rglob("*.py")):
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    importlib.import_module(name)
    assert pathlib.Path(sys.modules[name].__file__).resolve() == path.resolve(), name
import numpy as np
from kalman import _kernels
L = np.zeros((2, 2))
assert abs(_kernels.cholesky(4 * np.eye(2), L, 0.0) - np.log(16)) < 1e-12 and L[0, 0] == 2
"""


@pytest.fixture
def read_only_copy():
    """The packages alone, in a folder that all users may read and none may write"""
    folder = Path(tempfile.mkdtemp())
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_read_only_copy_with_a_read_only_home(read_only_copy):
    """Every module is imported, and a kernel run, by a user who has no folder to write to."""
    command = [sys.executable, "-B", "-c", SCRIPT]
    if os.geteuid() == 0:  # root may write anywhere, unless it gives that up
        if not shutil.which("setpriv"):
            pytest.skip("no setpriv (util-linux) to drop root's privileges with")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", *command]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(read_only_copy),
        "PYTHONPATH": str(read_only_copy),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        command, cwd=read_only_copy, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_without_a_place_for_the_cache_the_function_is_compiled_all_the_same(monkeypatch):
    def no_locator(self):
        raise RuntimeError("cannot cache function 'twice': no locator available for file '...'")

    def twice(a):
        return a + a

    monkeypatch.setattr(numba.core.dispatcher.Dispatcher, "enable_caching", no_locator)
    assert _jit.njit(twice)(21) == 42
    infinite = _jit.njit(error_model="numpy")(lambda a: a / 0)(1.0)
    assert np.isinf(infinite)
