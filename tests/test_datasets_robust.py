"""Files that are too large or none, disks that are full, small integers, strict floating point."""

import dataclasses
import errno
import importlib
import os
import pkgutil
import re
import stat
from pathlib import Path

import numpy as np
import pytest

import datasets
import kalman
import refh_numpy
import rvae_numpy
from datasets import bouncing_balls, digits, moving_mnist, ppc
from datasets.support import files
from tests.processes import python

# Small integers and NumPy's scalars


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool])
def test_small_integers_do_not_wrap_around(dtype):
    z_hat, position = np.array([0, 1, 0], dtype), np.array([1, 0, 0], dtype)
    expected = ppc.squared_error(z_hat.astype(float), position.astype(float))
    np.testing.assert_array_equal(ppc.squared_error(z_hat, position), expected)
    y = np.zeros((1, 1, 15), dtype)
    y[0, 0, 3:6] = 100 if dtype is not bool else 1
    np.testing.assert_array_equal(ppc.decode(y)[0], ppc.decode(y.astype(float))[0])
    np.testing.assert_array_equal(ppc.tuning(position), ppc.tuning(position.astype(float)))


def test_settings_hold_plain_numbers():
    scene = moving_mnist.Scene(n_digits=np.uint8(1), side=np.uint8(20), speed=np.float32(1))
    assert [type(value) for value in dataclasses.astuple(scene)] == [int, int, float, float]
    box = bouncing_balls.Box(n_balls=np.int8(2), side=np.int64(10), resolution=np.uint8(15))
    assert type(box.n_balls) is type(box.resolution) is int and type(box.side) is float
    assert all(type(value) is float for value in box.radius + box.mass)
    system = ppc.System(n_neurons=np.uint64(16), dt=np.float32(0.0625))
    assert type(system.n_neurons) is int and type(system.dt) is float
    assert ppc.sample(1, 2, np.random.default_rng(0), system).y.shape == (1, 2, 16)
    large = digits.Digits(np.zeros((2, 28, 28), np.float32), np.zeros(2, int), "mine")
    with pytest.raises(ValueError, match=r"^digits: expected templates that have room"):
        moving_mnist.sample(1, 2, np.random.default_rng(0), large, scene)


def test_frozen_objects_keep_nothing_of_the_callers():
    """Arrays in a field are copies that cannot be written to, in every frozen dataclass."""
    checked = 0
    for package in (datasets, kalman, refh_numpy, rvae_numpy):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for kind in vars(importlib.import_module(info.name)).values():
                parameters = getattr(kind, "__dataclass_params__", None)
                if parameters is None or not parameters.frozen or kind.__module__ != info.name:
                    continue
                try:
                    one = kind()
                except TypeError:
                    continue  # has no defaults: LDS, below
                checked += 1
                for value in vars(one).values():
                    assert not isinstance(value, np.ndarray) or not value.flags.writeable
    assert checked >= 3
    A = np.eye(2)
    model = kalman.LDS(A, np.eye(2), np.eye(2), np.zeros(2), np.eye(2))
    A[0, 1] = 5
    assert model.A[0, 1] == 0 and not model.A.flags.writeable


def test_strict_floating_point_of_the_caller():
    narrow = ppc.System(tuning_width=0.01)
    with np.errstate(all="raise"):
        batch = ppc.sample(2, 50, np.random.default_rng(0), narrow)
        assert np.isnan(ppc.decode(batch.y, narrow)[0]).any()
        bouncing_balls.sample(1, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(batch.y, ppc.sample(2, 50, np.random.default_rng(0), narrow).y)


# Loading


def limited(code, path):
    """Seconds and megabytes of a process that runs `code` on a path"""
    script = (
        "import resource, time\nimport numpy as np\nfrom datasets.support import files\n"
        "from datasets import digits\nbefore = resource.getrusage(resource.RUSAGE_SELF)\n"
        f"try:\n    {code}\nexcept ValueError as error:\n    print(error)\n"
        "after = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)\n"
        "status = open('/proc/self/status').read()\n"  # maxrss would include the parent's
        "print(int(status.split('VmHWM:')[1].split()[0]) / 1024)\n"
    )
    done = python("-c", script, path)
    assert done.returncode == 0, done.stderr
    said, seconds, megabytes = done.stdout.splitlines()
    return said, float(seconds), float(megabytes)


def packed(path, n_bytes=400_000_000):
    np.savez_compressed(path, a=np.tile(np.arange(1000.0), n_bytes // 8000))


def a_gigabyte(path):
    with open(path, "wb") as file:
        file.truncate(2**30)


on_linux = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="asks Linux")


@on_linux
@pytest.mark.parametrize("make", [packed, a_gigabyte])
def test_a_hostile_file_is_refused_in_two_seconds_and_500_mb(make, tmp_path):
    path = tmp_path / "weights.npz"
    make(path)
    said, seconds, megabytes = limited("import sys; files.read(sys.argv[1])", path)
    assert said.startswith(f"{path}: expected a weights file written by save")
    assert seconds < 2 and megabytes < 500


@on_linux
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_largest_model_is_read_within_500_mb(dtype, tmp_path):
    path, n = tmp_path / "weights.npz", 8100  # units: 262 million bytes in float32
    leaves = {name: np.zeros(n, dtype) for name in ("b_x", "b_u")} | {"b_y": np.zeros(1, dtype)}
    leaves |= {"W_u": np.zeros((n, n), dtype), "W_y": np.zeros((n, 1), dtype)}
    files.write(path, leaves, model="refh", family="poisson", meta={})
    code = "import sys; from refh_numpy import refh; print(len(refh.load(sys.argv[1])[0].b_x))"
    said, seconds, megabytes = limited(code, path)
    assert int(said) == n and seconds < 2 and megabytes < 500
    with pytest.raises(ValueError, match=r"weights.npz: expected at most .* got"):
        files.write(path, leaves | {"W_y": np.zeros((n, 30_000), dtype)})


# Saving


def test_a_full_disk_is_one_line_that_names_the_path_and_leaves_the_old_file(tmp_path):
    """The limit of the size of a file stands for it"""
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "import numpy as np\nfrom datasets.support import files\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try:\n    files.write(Path(sys.argv[1]), {'a': np.ones(10**5)})\n"
        "except OSError as error:\n    print(error)"
    )
    path = tmp_path / "weights.npz"
    files.write(path, {"a": np.zeros(3)})
    done = python("-c", code, path)
    assert re.fullmatch(rf"\[Errno {errno.EFBIG}\] .+: '{path}'\n", done.stdout), done.stderr
    assert os.listdir(tmp_path) == [path.name] and files.read(path)[0]["a"].sum() == 0


def test_a_folder_that_vanished_is_named(tmp_path):
    path = tmp_path / "gone" / "weights.npz"
    with pytest.raises(FileNotFoundError, match=f"'{path}'$"):
        files.write(path, {"a": np.zeros(3)})


@pytest.mark.parametrize("path", [".", "/", ".."])
def test_a_folder_is_no_file_to_save_to(path):
    with pytest.raises(IsADirectoryError, match="expected the name of a file, got a folder"):
        files.write(Path(path), {"a": np.zeros(3)})


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "weights.npz"
    files.write(path, {"a": np.zeros(3)})
    path.chmod(mode)
    files.write(path, {"a": np.ones(3)})
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert files.read(path)[0]["a"].sum() == 3
