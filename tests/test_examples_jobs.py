"""Jobs in worker processes, interrupted jobs, and long trainings that are continued."""

import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from datasets.support import loop
from examples import ppc_table
from examples.ppc import coasting, networks, oscillator
from examples.tools import jobs, run, training
from examples.tools.jobs import in_parallel
from refh_numpy import refh
from tests.pages import ROOT

TINY = ppc_table.NETWORKS["TRBM"] | dict(n_updates=20, n_traj=2, T=20)


@pytest.fixture(autouse=True)
def short_tests(monkeypatch):
    monkeypatch.setattr(coasting, "N_TRAJ", 5)
    monkeypatch.setattr(coasting, "N_RUNS", 1)


ROW = {"model": "TRBM", "settings": TINY, "n_free_runs": 1}


def cases(folder, n=3):
    return [(ROW, seed, folder) for seed in range(n)]


@pytest.mark.parametrize(
    "method",
    [
        method if method == "fork" else pytest.param(method, marks=pytest.mark.slow)
        for method in multiprocessing.get_all_start_methods()
    ],
)
def test_jobs_run_with_every_start_method(method, tmp_path, monkeypatch):
    context = multiprocessing.get_context(method)
    pool = jobs.ProcessPoolExecutor
    started = lambda n, **more: pool(n, mp_context=context, **more)
    monkeypatch.setattr(jobs, "ProcessPoolExecutor", started)
    rows = in_parallel("test", networks.train_and_test, cases(tmp_path), 2, str)
    assert sorted(row["seed"] for row in rows) == [0, 1, 2]
    here = networks.train_and_test(*cases(tmp_path)[1])
    assert [row["mse"] for row in rows if row["seed"] == 1] == [here["mse"]]


def test_functions_of_scripts_and_notebooks_are_found(monkeypatch):
    def table():
        pass

    table.__module__ = "__main__"
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(NOTEBOOK="ppc_table"))
    assert jobs.importable(table) is ppc_table.table
    spec = SimpleNamespace(name="examples.ppc_table")
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__spec__=spec))
    assert jobs.importable(table) is ppc_table.table
    assert jobs.importable(ppc_table.table) is ppc_table.table


def test_an_error_in_one_job_keeps_the_others(tmp_path, capfd):
    bad = (ROW | {"settings": TINY | dict(learning_rate=-1.0)}, 1, tmp_path)
    with pytest.raises(ValueError, match="learning_rate"):
        in_parallel("test", networks.train_and_test, [bad, *cases(tmp_path)], 2, str)
    assert len(list(tmp_path.glob("*.json"))) == 3
    assert "a job failed" in capfd.readouterr().err


def test_a_second_call_merges_the_rows_of_a_job_array(tmp_path, monkeypatch):
    """The commands of examples/reports/scaling.md: tasks at the same time, then --full, over DIR"""
    monkeypatch.setattr(ppc_table, "NETWORKS", {"TRBM": TINY})
    monkeypatch.setattr(ppc_table, "KALMAN", {})
    monkeypatch.setattr(oscillator, "TEST", dict(n_traj=2, T=120))
    context = multiprocessing.get_context("fork")
    options = [["--seed", seed, "--out", str(tmp_path / "array")] for seed in "024"]
    tasks = [context.Process(target=ppc_table.main, args=(one,)) for one in options]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    assert [task.exitcode for task in tasks] == [0, 0, 0]
    ppc_table.main(["--full", "--out", str(tmp_path / "alone")])
    monkeypatch.setattr(networks, "train_and_test", None)  # nothing is left to run
    ppc_table.main(["--full", "--out", str(tmp_path / "array")])
    found = []
    for name in ("array", "alone"):
        rows = json.loads((tmp_path / name / "ppc_table.json").read_text())["rows"]
        (seeds,) = (row["seeds"] for row in rows if row["model"] == "TRBM")
        found.append([(row["seed"], row["mse"], row["mse_after_100"]) for row in seeds])
    assert found[0] == found[1] and [seed for seed, *_ in found[0]] == list(range(5))


def test_no_jobs_no_workers():
    assert in_parallel("test", networks.train_and_test, [], 2, str) == []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


LONG_JOBS = """
import multiprocessing, sys
from pathlib import Path
from examples import ppc_table
from examples.ppc import networks
from examples.tools import run
from examples.tools.jobs import in_parallel
def main():
    settings = ppc_table.NETWORKS["TRBM"] | dict(n_updates=10**6)
    row = {"model": "TRBM", "settings": settings}
    jobs = [(row, seed, Path(sys.argv[1])) for seed in range(3)]
    print("begun", flush=True)
    print("rows:", in_parallel("test", networks.train_and_test, jobs, 2, str), flush=True)
if __name__ == "__main__":
    run.start(main)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize(
    "number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)]
)
def test_workers_end_with_their_parent(number, code, tmp_path):
    (tmp_path / "script.py").write_text(LONG_JOBS)
    process = subprocess.Popen(
        [sys.executable, "-u", str(tmp_path / "script.py"), str(tmp_path)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "begun\n"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while len(workers := children.read_text().split()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)  # they have begun to train
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert ("rows: []" in said) == (code == 130)
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(workers) == 2 and not any(map(alive, workers))


def test_ctrl_c_in_compiled_code_is_one(capsys):
    def main():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except KeyboardInterrupt:
            raise SystemError("returned a result with an exception set") from None

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as stop:
            run.start(main)
        assert stop.value.code == 130
        with pytest.raises(ZeroDivisionError):
            run.start(lambda: 1 / 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# Long trainings

SETTINGS = dict(n_updates=40, learning_rate=1e-3, chunk=1)


def train(path, callback, checkpoint, stop_at=None):
    """A small training with a checkpoint every 10 updates, interrupted at `stop_at`"""
    rng = np.random.default_rng(0)
    params = refh.init(n_x=5, n_y=4, family="poisson", rng=rng)
    batches = (make() for make in itertools.repeat(lambda: rng.poisson(2.0, (3, 15, 4))))

    def watch(params, log):
        if log.n_updates[-1] == stop_at:
            raise KeyboardInterrupt
        return callback(params, log)

    return training.learn(refh, params, batches, rng, path, watch, 10, checkpoint, **SETTINGS)


def trained(weights, stop_at=None):
    def watch(params, log, past):
        past["curve"].append([log.n_updates[-1], float(params.W_y.sum())])

    return training.trained(
        refh,
        weights,
        {"settings": SETTINGS},
        lambda path, callback, checkpoint: train(path, callback, checkpoint, stop_at),
        watch,
        {"curve": [], "seconds": 0.0},
        seed=0,
    )


@pytest.mark.parametrize("stop_at", [10, 20, 40])
def test_an_interrupted_training_resumes_bit_for_bit(stop_at, tmp_path):
    whole, meta = trained(tmp_path / "whole.npz")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "stopped.npz", stop_at)
    names = {path.name for path in tmp_path.iterdir()} - {"whole.npz"}
    assert names == ({"stopped.checkpoint.npz"} if stop_at > 10 else set())
    resumed, again = trained(tmp_path / "stopped.npz")
    for name, leaf in whole.leaves().items():
        np.testing.assert_array_equal(leaf, resumed.leaves()[name])
    assert again["curve"] == meta["curve"] and len(meta["curve"]) == 4 and again["seconds"] > 0
    assert {path.name for path in tmp_path.iterdir()} == {"whole.npz", "stopped.npz"}
    assert trained(tmp_path / "stopped.npz", stop_at=10)[1] == again  # nothing to do


def test_interrupted_between_last_checkpoint_and_weights(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(refh, "save", lambda *args, **meta: (_ for _ in ()).throw(MemoryError()))
        trained(tmp_path / "a.npz")
    assert (tmp_path / "a.checkpoint.npz").exists()
    assert len(trained(tmp_path / "a.npz")[1]["curve"]) == 4


def test_a_checkpoint_of_other_settings_is_not_used(tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "a.npz", 30)
    monkeypatch.setitem(SETTINGS, "learning_rate", 2e-3)
    assert [n for n, _ in trained(tmp_path / "a.npz")[1]["curve"]] == [10, 20, 30, 40]


def test_the_checkpoint_stays_until_the_weights_can_be_read(tmp_path, monkeypatch):
    def refuse(path):
        raise ValueError("not readable")

    monkeypatch.setattr(refh, "load", refuse)
    with pytest.raises(ValueError, match="not readable"):
        trained(tmp_path / "a.npz")
    assert (tmp_path / "a.checkpoint.npz").exists()


def test_half_a_training_makes_no_row(tmp_path, monkeypatch):
    monkeypatch.setattr(
        refh, "train", lambda params, *args, **settings: (params, loop.Log(interrupted=True))
    )
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "a.npz")


def test_weights_too_large_for_float16_stay_float32():
    leaf = np.array([1.0, 7e4], np.float32)
    assert training.halved(leaf).dtype == np.float32
    assert training.halved(leaf[:1]).dtype == np.float16
