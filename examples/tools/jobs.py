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
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from examples.tools import results
from examples.tools.results import Progress, version, write_content
from examples.tools.threads import set_blas_threads

CONNECT = 5  # seconds for the scheduler to answer
GRACE = 5  # seconds for a worker to end
ATTEMPTS = 2  # of a job whose worker process was killed


def in_parallel(label, function, jobs, n_workers, say, scheduler=None, kept=None):
    """Run function(*job) for all jobs, in worker processes with one BLAS thread each.

    Parameters
    ----------
    label : of the line of progress
    function : of a module of examples/
    jobs : [arguments]
    n_workers : how many processes of this machine run at a time
    say : function of a result that returns the text of the line of progress
    scheduler : address of a dask scheduler, whose workers run the jobs instead
    kept : function of a job's arguments that returns its finished result, or None

    Returns
    -------
    results: those that are kept, then the others in the order in which they were ready; those that
    there are, after Ctrl+C

    If a job fails, the others go on, and its error is raised at the end. A job whose worker process
    is killed from outside runs once more.
    """
    found = [kept(*job) if kept else None for job in jobs]
    jobs = [job for job, result in zip(jobs, found, strict=True) if result is None]
    found = [result for result in found if result is not None]
    if found:
        print(f"{len(found)} of {len(found) + len(jobs)} runs are done already")
    if not jobs:
        return found
    progress, errors = Progress(label, len(jobs)), []
    function, waiting, attempts = importable(function), list(jobs), [0] * len(jobs)
    pool = Local(n_workers) if scheduler is None else Cluster(connect(scheduler))
    numbers, running, n_done = list(range(len(jobs))), {}, 0
    try:
        while numbers or running:
            while numbers and len(running) < pool.n_at_once:
                number = numbers.pop(0)
                attempts[number] += 1
                running[pool.submit(function, waiting[number])] = number
            killed = []
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number = running.pop(future)
                try:
                    result = pool.result(future, waiting[number])
                    found.append(result)
                    n_done += 1
                    progress(n_done, say(result))
                except BrokenProcessPool as error:
                    killed.append((number, error))
                except (Exception, SystemExit) as error:
                    errors.append(error)
                    print(f"{label}: a job failed ({error}); the others go on", file=sys.stderr)
            if killed:  # every job that ran has lost its process
                killed += [(number, None) for number in running.values()]
                running.clear()
                pool = pool.again()
                numbers = _after_a_kill(label, killed, attempts, errors) + numbers
    except KeyboardInterrupt:
        pool.stop()
        progress.stop()
        print("stopped; what is done is kept, and the next call goes on from there")
    finally:
        pool.close()
        results.write_held()
    if errors:
        raise errors[0]
    return found


def _after_a_kill(label, killed, attempts, errors):
    """The numbers of the jobs to run once more; those that have run often enough are errors"""
    what = "a worker process was killed from outside (by the system, if memory is short?)"
    again = sorted(number for number, _ in killed if attempts[number] < ATTEMPTS)
    if again:
        print(f"{label}: {what}; the jobs that ran run once more", file=sys.stderr)
    if len(again) < len(killed):
        errors.append(ChildProcessError(f"{what}, {ATTEMPTS} times while the same job ran"))
        print(f"{label}: {errors[-1]}; the others go on", file=sys.stderr)
    return again


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
        self.n_at_once = n_workers
        self.pool = ProcessPoolExecutor(n_workers, initializer=_begin)
        self.others = set(multiprocessing.active_children())

    def submit(self, function, job):
        """A future of function(*job)."""
        try:
            return self.pool.submit(_run_here, function, job)
        except BrokenProcessPool:  # between two jobs: nothing ran there
            self.pool.shutdown(wait=False)
            self.pool = ProcessPoolExecutor(self.n_at_once, initializer=_begin)
            return self.pool.submit(_run_here, function, job)

    def result(self, future, job):
        """The result of a future that is done, once the files that the job held are written."""
        result, held = future.result()
        for path, content in held:
            write_content(path, content)
        return result

    def again(self):
        """New worker processes in the place of those of a broken pool."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        return Local(self.n_at_once)

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

    n_at_once = sys.maxsize

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
            write_content(path, content)
        return result

    def stop(self):
        """Drop all jobs; those that run go on, and their results are dropped."""
        self.pool.shutdown(wait=False)

    def close(self):
        self.client.close()


def connect(address):
    """A client of the dask scheduler at this address, if it and its workers have this version."""
    try:
        from distributed import Client
    except ImportError:
        sys.exit(
            '--scheduler: expected the package distributed (pip install -e ".[cluster]"), '
            "got an installation without it"
        )
    answer = ["it does not answer"]

    def ask():
        try:
            answer[0] = Client(address, timeout=CONNECT)
        except Exception as error:
            answer[0] = error

    # in a thread, because dask's timeout does not cover a listener that never sends anything
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONNECT + 3)
    client = answer[0]
    if not isinstance(client, Client):
        sys.exit(
            f"--scheduler: expected the address of a running dask scheduler, got {address} "
            f"({client})"
        )
    try:
        versions = {client.run_on_scheduler(version), *client.run(version).values()}
    except Exception as error:  # dask makes a plain Exception of a module that is missing
        versions = {f"one that cannot import it ({error})"}
    if versions - {version()}:
        client.close()
        sys.exit(
            f"--scheduler: expected scheduler and workers with version {version()} of the "
            f"project, got {', '.join(sorted(versions))}"
        )
    return client


class _Stop(SystemExit):
    """Raised in a worker that is to end, so that its temporary files are removed"""


def _begin():
    """In a new worker: leave Ctrl+C to the parent, end when the parent says so or ends"""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_follow_parent, daemon=True).start()
    set_blas_threads(1)  # workers share the cores already


def _stop(number, frame):
    # a callback from compiled code swallows exceptions: the process then ends without clearing up
    timer = threading.Timer(GRACE, os._exit, [1])
    timer.daemon = True
    timer.start()
    raise _Stop


def _follow_parent():
    multiprocessing.parent_process().join()  # returns when the parent ends, by kill -9 too
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2 * GRACE)
    os._exit(1)


def _run_here(function, job):
    """The job, in a process of this machine: its result, and the files that it could not write"""
    try:
        return function(*job), results.take_held()
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
