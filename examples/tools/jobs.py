"""Independent jobs in worker processes, of this machine or of a dask cluster (concurrent.futures).

A job is a function of a module of examples/, with its arguments. Workers import that module, so
jobs run whether processes are forked or spawned, and from notebooks too.
"""

import importlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from examples.tools.results import version, write_whole


def importable(function):
    """The function as a worker can import it: of examples.NAME, if it is a script's or notebook's.

    A notebook names its script in the variable NOTEBOOK, in its first cell.
    """
    if function.__module__ != "__main__":
        return function
    main = sys.modules["__main__"]
    name = f"examples.{main.NOTEBOOK}" if hasattr(main, "NOTEBOOK") else main.__spec__.name
    return getattr(importlib.import_module(name), function.__name__)


class Local:
    """Worker processes of this machine, which end when this process ends."""

    def __init__(self, n_workers):
        self.pool = ProcessPoolExecutor(n_workers, initializer=_begin)
        self.others = set(multiprocessing.active_children())

    def submit(self, function, job):
        """A future of function(*job)."""
        return self.pool.submit(_run_here, function, job)

    def result(self, future, job):
        """The result of a future that is done."""
        return future.result()

    def stop(self):
        """End the workers now; their checkpoints stay."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - self.others:
            process.terminate()

    def close(self):
        self.pool.shutdown()


class Cluster:
    """Workers of a dask cluster.

    Each job gets an empty temporary folder for each of its arguments that is a Path. The files that
    it leaves there travel back with its result, and are written here: workers write to no shared
    folder, and their checkpoints last no longer than the job. If a worker dies, the scheduler runs
    its job again from the start.
    """

    def __init__(self, client):
        self.client, self.pool = client, client.get_executor(pure=False)
        self.version = version()

    def submit(self, function, job):
        """A future of function(*job)."""
        return self.pool.submit(_run_there, self.version, function, job)

    def result(self, future, job):
        """The result of a future that is done, once the files of its job are written."""
        result, files = future.result()
        for number, name, content in files:
            path = job[number] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, lambda temporary, content=content: temporary.write_bytes(content))
        return result

    def stop(self):
        """Drop all jobs; those that run go on, and their results are dropped."""
        self.pool.shutdown(wait=False)

    def close(self):
        self.client.close()


class _Stop(SystemExit):
    """Raised in a worker that is to end, so that its temporary files are removed"""


def _begin():
    """In a new worker: leave Ctrl+C to the parent, end when the parent says so or ends"""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _stop(number, frame):
    raise _Stop


def _follow_parent():
    multiprocessing.parent_process().join()  # returns when the parent ends, by kill -9 too
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    os._exit(1)


def _run_here(function, job):
    """The job, in a process of this machine"""
    try:
        return function(*job)
    except _Stop:
        sys.stdout.flush()
        os._exit(1)  # a mere exception would be the job's result


def _run_there(expected, function, job):
    """The job, on a worker of a cluster: the result, and [(argument, name, content)] of files"""
    if version() != expected:
        raise RuntimeError(
            f"--scheduler: expected workers with version {expected} of the project, "
            f"got one with {version()}"
        )
    with tempfile.TemporaryDirectory() as temporary:
        folders = {
            number: Path(temporary, str(number))
            for number, argument in enumerate(job)
            if isinstance(argument, Path)
        }
        for folder in folders.values():
            folder.mkdir()
        result = function(*(folders.get(number, argument) for number, argument in enumerate(job)))
        files = [
            (number, str(path.relative_to(folder)), path.read_bytes())
            for number, folder in folders.items()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
    return result, files
