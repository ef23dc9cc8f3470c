"""The time from a cold start to a first result, each in processes of its own.

  import        python -c "import refh_numpy", and python -c "from refh_numpy import refh", which
                loads NumPy, SciPy and Numba
  Kalman        the first call of the Kalman filter, with the compiled code in Numba's cache, and
                with an empty cache, where it is compiled first
  quickstart    from the command to its first figure, quickstart_data.png

CPU time of the process, and time on the wall, which on a busy machine is longer. Takes a minute
and a half of CPU time.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from examples.benchmarks import _timing
from examples.tools import results, run

PYTHON = sys.executable
IMPORTS = ("import refh_numpy", "from refh_numpy import refh")
FILTER = """
import numpy as np
from kalman import filtering, lds
model = lds.LDS(A=[[1, .05], [-.03, 1]], C=[[1, 0]], Sigma_z=np.eye(2), mu_0=[0, 0],
                Sigma_0=np.eye(2))
filtering.kalman_filter(model, np.zeros((1, 10, 1)), np.eye(1))
"""
N_QUICKSTARTS, N_COMPILATIONS = 3, 3  # fewer than nine: they take seconds each
FIGURE = "quickstart_data.png"
POLL = 0.02  # seconds between two looks for the figure
PATIENCE = 300  # seconds on the wall


def environment(cache):
    """One thread, and Numba's cache in this folder"""
    return os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_CACHE_DIR": str(cache)}


def children():
    """CPU seconds of all processes that this one has started and that have ended"""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(function):
    """(CPU seconds, seconds on the wall) of a function that starts a process and waits for it"""
    cpu, wall = children(), time.monotonic()
    function()
    return children() - cpu, time.monotonic() - wall


def code(text, cache):
    """Run a program."""
    subprocess.run([PYTHON, "-c", text], check=True, env=environment(cache))


def first_figure(cache):
    """Start quickstart; end it as soon as its first figure is there."""
    with tempfile.TemporaryDirectory() as folder:
        command = [PYTHON, "-m", "examples.quickstart", "--out", folder]
        process = subprocess.Popen(command, env=environment(cache), stdout=subprocess.DEVNULL)
        try:
            end = time.monotonic() + PATIENCE
            while not (Path(folder) / FIGURE).exists() and time.monotonic() < end:
                if process.poll() is not None:
                    raise SystemExit(f"quickstart ended without {FIGURE}")
                time.sleep(POLL)
        finally:
            process.kill()
            process.wait()


def row(name, times):
    """{"name", "cpu", "wall", "n"}: medians in seconds"""
    cpu, wall = zip(*times, strict=True)
    return {
        "name": name,
        "cpu": statistics.median(cpu),
        "wall": statistics.median(wall),
        "n": len(times),
    }


def rows(folder):
    """All rows.

    Parameters
    ----------
    folder : an empty one, for caches
    """
    cache, result = folder / "cache", []
    code(FILTER, cache)
    first_figure(cache)
    for text in IMPORTS:
        result.append(
            row(
                text,
                [measured(lambda text=text: code(text, cache)) for _ in range(_timing.N_ROUNDS)],
            )
        )
    result.append(
        row(
            "first Kalman filter, cached",
            [measured(lambda: code(FILTER, cache)) for _ in range(_timing.N_ROUNDS)],
        )
    )
    result.append(
        row(
            "first Kalman filter, compiled",
            [
                measured(lambda i=i: code(FILTER, folder / f"empty_{i}"))
                for i in range(N_COMPILATIONS)
            ],
        )
    )
    result.append(
        row(
            "quickstart, first figure",
            [measured(lambda: first_figure(cache)) for _ in range(N_QUICKSTARTS)],
        )
    )
    result.append(
        row(
            "quickstart, first figure, nothing cached",
            [measured(lambda: first_figure(folder / "none"))],
        )
    )
    return result


def main(argv=None):
    arguments = run.parse(run.parser("benchmarks.cold_start", __doc__, sizes=(), jobs=False), argv)
    run.prepare_folder(arguments.out)
    with tempfile.TemporaryDirectory() as folder:
        table = rows(Path(folder))
    results.print_table(
        [
            ("seconds from a cold start", lambda row: row["name"]),
            ("CPU", lambda row: f"{row['cpu']:.2f}"),
            ("wall", lambda row: f"{row['wall']:.2f}"),
            ("median of", lambda row: str(row["n"])),
        ],
        table,
    )
    _timing.write(arguments.out, "cold_start", table, arguments.seed)


if __name__ == "__main__":
    run.start(main)
