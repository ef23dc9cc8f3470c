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
SETTINGS = ppc_table.NETWORKS["TRBM"] | dict(n_updates=3000, n_traj=10, T=50)
N_JOBS = 4


@pytest.fixture
def cluster(tmp_path):
    """The address of a scheduler, and its worker processes"""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    file = tmp_path / "scheduler.json"
    command = [sys.executable, "-m"]
    options = ["--scheduler-file", str(file)]

    def begin(*arguments):
        with open(tmp_path / f"{arguments[0]}.log", "a") as log:
            return subprocess.Popen([*command, *arguments], cwd=ROOT, env=environment, stdout=log,
                                    stderr=log)

    processes = [begin("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                       "--no-dashboard", *options)]
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    processes += [begin("distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny",
                        "--no-dashboard", "--local-directory", str(tmp_path), *options)
                  for _ in range(2)]
    yield json.loads(file.read_text())["address"], processes[1:]
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
        time.sleep(4)
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
    monkeypatch.setattr(_run, "version", lambda: "0.0.0")
    with pytest.raises(SystemExit, match=r"expected workers with version 0\.0\.0"):
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
