"""Jobs on a dask cluster: a real scheduler and real worker processes on this machine."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from examples import ppc_table
from examples.ppc import networks
from examples.tools import jobs
from examples.tools.jobs import in_parallel
from tests.pages import ROOT

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

SETTINGS = ppc_table.NETWORKS["TRBM"] | dict(n_updates=300, n_traj=10, T=50)
N_JOBS = 4
FOLDER = 2  # position of the folder among the arguments of a job
PATIENCE = 120  # seconds: the machine may be busy


@contextlib.contextmanager
def started(folder, roots):
    """The address of a scheduler; its worker processes, one per root, each with a TMPDIR."""
    file, processes = folder / "scheduler.json", []

    def begin(module, root, *arguments):
        temporary = folder / f"temporary_{len(processes)}"
        temporary.mkdir()
        path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
        settings = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "TMPDIR": str(temporary)}
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard"]
        command += ["--scheduler-file", str(file), *arguments]
        with open(folder / f"{module}.log", "a") as log:
            said = dict(stdout=log, stderr=log)
            processes.append(subprocess.Popen(command, cwd=root, env=os.environ | settings, **said))
            processes[-1].temporary = temporary

    try:
        begin("dask_scheduler", ROOT, "--host", "127.0.0.1", "--port", "0")
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))  # written in parts
        for root in roots:
            options = "--nthreads 1 --no-nanny --death-timeout".split()
            begin("dask_worker", root, *options, str(PATIENCE), "--local-directory", str(folder))
        address = json.loads(file.read_text())["address"]
        with distributed.Client(address, timeout=PATIENCE) as client:
            client.wait_for_workers(len(roots), timeout=PATIENCE)
        yield address, processes[1:]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with started(tmp_path_factory.mktemp("cluster"), [ROOT, ROOT]) as found:
        yield found


def content(rows):
    return sorted((row["seed"], row["mse"], row["mse_after_100"]) for row in rows)


def run(folder, **more):
    folder.mkdir()
    row = {"model": "TRBM", "settings": SETTINGS}
    cases = [(row, seed, folder) for seed in range(N_JOBS)]
    return in_parallel("test", networks.train_and_test, cases, 2, lambda row: row["model"], **more)


def test_workers_of_another_version_refuse_a_job(cluster, tmp_path, monkeypatch):
    """Those that come after the caller has asked all workers for their version."""
    monkeypatch.setattr(jobs, "connect", distributed.Client)
    monkeypatch.setattr(jobs, "version", lambda: "0.0.0")
    with pytest.raises(RuntimeError, match=r"expected workers with version 0\.0\.0"):
        run(tmp_path / "rows", scheduler=cluster[0])
    assert list((tmp_path / "rows").iterdir()) == []


def test_a_killed_worker_changes_no_row(cluster, tmp_path):
    address, workers = cluster

    def at_work():
        return list(workers[0].temporary.glob(f"*/{FOLDER}"))

    def kill():
        wait_until(at_work)
        workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    there = run(tmp_path / "there", scheduler=address)
    killer.join()
    assert workers[0].wait() == -signal.SIGKILL and workers[1].poll() is None
    assert at_work()  # its job had not ended
    here = run(tmp_path / "here")
    assert content(there) == content(here) and len(here) == N_JOBS
    # the caller has written what the workers made: rows and weights
    names = [sorted(path.name for path in (tmp_path / one).iterdir()) for one in ("here", "there")]
    assert names[0] == names[1] and len(names[0]) == 2 * N_JOBS
    for name in names[0]:
        if name.endswith(".npz"):
            load = networks.module(SETTINGS).load
            assert load(tmp_path / "here" / name)[0] == load(tmp_path / "there" / name)[0]


def test_workers_without_this_version_are_refused(tmp_path):
    """A worker whose package `examples` is another one: empty, an early one, of version 0.0.1"""
    package = tmp_path / "other" / "examples"
    (package / "tools").mkdir(parents=True)
    for folder in (package, package / "tools"):
        (folder / "__init__.py").write_text("")
    with started(tmp_path, [package.parent]) as (address, _):
        for content, message in (
            (None, r"cannot import it \(.*'examples.tools.results'"),
            ("", r"cannot import it \(.*'version'"),
            ("def version():\n    return '0.0.1'\n", r"got .*0\.0\.1"),
        ):
            if content is not None:
                (package / "tools" / "results.py").write_text(content)
            with pytest.raises(
                SystemExit, match="expected scheduler and workers with version .*" + message
            ):
                jobs.connect(address)
            with distributed.Client(address) as client:
                client.run(lambda: sys.modules.pop("examples.tools.results", None))


@pytest.mark.parametrize("listens", [False, True])
def test_no_scheduler_at_the_address(listens, tmp_path):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        if listens:  # and never says anything
            bound.listen()
        address = f"tcp://127.0.0.1:{bound.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(SystemExit, match=address):
            run(tmp_path / "rows", scheduler=address)
        assert time.monotonic() - begun < 10
