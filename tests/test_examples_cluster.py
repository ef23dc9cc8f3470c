"""Jobs on a dask cluster: a real scheduler and two real worker processes on this machine."""
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from examples import _jobs, _run, ppc_table

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SETTINGS = ppc_table.NETWORKS["TRBM"] | dict(n_updates=8000, n_traj=10, T=50)
N_JOBS = 4


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler, and its worker processes"""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    file = tmp_path / "scheduler.json"
    processes = []

    def begin(module, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard",
                   "--scheduler-file", str(file), *arguments]
        with open(tmp_path / f"{module}.log", "a") as log:
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log,
                                              stderr=log))

    try:
        begin("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        for _ in range(2):
            begin("dask_worker", "--nthreads", "1", "--no-nanny", "--local-directory",
                  str(tmp_path))
        address = json.loads(file.read_text())["address"]
        with distributed.Client(address, timeout=10) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, processes[1:]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def jobs(folder):
    return [("TRBM", seed, SETTINGS, folder) for seed in range(N_JOBS)]


def content(rows):
    return sorted((row["seed"], row["mse"], row["mse_after_100"]) for row in rows)


def run(folder, **more):
    folder.mkdir()
    return _run.in_parallel("test", ppc_table.run, jobs(folder), 2, lambda row: row["model"],
                            **more)


def test_a_killed_worker_changes_no_row(cluster, tmp_path):
    address, workers = cluster
    here = run(tmp_path / "here")

    def kill():
        time.sleep(3)                       # in the middle of a job
        workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    there = run(tmp_path / "there", scheduler=address)
    killer.join()
    assert content(there) == content(here) and workers[1].poll() is None
    # the caller has written what the workers made: rows and weights
    names = [sorted(path.name for path in (tmp_path / one).iterdir()) for one in ("here", "there")]
    assert names[0] == names[1] and len(names[0]) == 2 * N_JOBS
    for name in names[0]:
        if name.endswith(".npz"):
            here, there = (ppc_table.module(SETTINGS).load(tmp_path / one / name)[0]
                           for one in ("here", "there"))
            assert all((leaf == there.leaves()[leaf_name]).all()
                       for leaf_name, leaf in here.leaves().items())


def test_workers_of_another_version_are_refused(cluster, tmp_path, monkeypatch):
    address, _ = cluster
    here = os.getpid()
    monkeypatch.setattr(_run, "version", lambda: "0.0.0" if os.getpid() == here else "0.0.1")
    with pytest.raises(SystemExit, match=r"version 0\.0\.0 of the project, got 0\.0\.1"):
        run(tmp_path / "at once", scheduler=address)
    # and those that come later refuse a job of another version
    monkeypatch.setattr(_run, "connect", distributed.Client)
    monkeypatch.setattr(_jobs, "version", lambda: "0.0.0")
    with pytest.raises(RuntimeError, match=r"expected workers with version 0\.0\.0"):
        run(tmp_path / "rows", scheduler=address)
    assert list((tmp_path / "rows").iterdir()) == []


def test_no_scheduler_at_the_address(tmp_path):
    begun = time.monotonic()
    with pytest.raises(SystemExit, match=r"tcp://127.0.0.1:9"):
        run(tmp_path / "rows", scheduler="tcp://127.0.0.1:9")
    assert time.monotonic() - begun < 20
