"""What scripts do when files are changed, disks are full, processes are killed or run twice."""

import ast
import errno
import json
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from datasets.support import files
from examples.tools import jobs, plots, results, run, threads, training
from examples.tools.jobs import in_parallel
from refh_numpy import refh
from tests.pages import ROOT
from tests.processes import python
from tests.tiny import small

ROW = {"model": "rEFH", "settings": {"w": [0.3, 0.003]}, "mse": 3.1e-4, "version": "this one"}


@pytest.fixture(autouse=True)
def nothing_held():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    results._held.clear()
    for number, handler in handlers.items():
        signal.signal(number, handler)


# Kept rows


def test_a_kept_row_is_read(tmp_path):
    results.keep(tmp_path / "a.json", ROW)
    assert results.kept(tmp_path / "a.json", {"settings": {"w": (0.3, 0.003)}}) == ROW
    assert results.kept(tmp_path / "a.json", {"settings": {"w": 0.3}}) is None
    assert results.kept(tmp_path / "b.json", {}) is None


def mutants(text):
    """The text with one character changed, removed or doubled, and cut off, at several places."""
    for n in range(0, len(text), 7):
        yield text[:n] + chr((ord(text[n]) - 31) % 94 + 32) + text[n + 1 :]
        yield text[:n] + text[n + 1 :]
        yield text[:n] + 2 * text[n] + text[n + 1 :]
        yield text[:n]
    row = json.loads(text)
    for name in row:
        yield json.dumps({other: value for other, value in row.items() if other != name})
        yield json.dumps(row | {name: None})
    yield from ("[]", "3", "null", "[" * 10**5)


def test_a_changed_row_is_refused_by_name(tmp_path, capsys):
    path = tmp_path / "rEFH_0.json"
    results.keep(path, ROW)
    text = path.read_text()
    for mutant in mutants(text):
        path.write_text(mutant)
        found = results.kept(path, {})
        said = capsys.readouterr().err
        if found is not None:  # a blank was doubled, or removed
            assert found == ROW and json.loads(mutant) == json.loads(text)
        else:
            assert f"{path}: this row has been changed since it was written" in said


def test_a_folder_in_the_place_of_a_row(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(SystemExit, match=r"a\.json: expected a file, got a folder"):
        results.kept(tmp_path / "a.json", {})


def test_a_pipe_in_the_place_of_a_row_is_replaced(tmp_path, capsys):
    path = tmp_path / "a.json"
    os.mkfifo(path)
    assert results.kept(path, {}) is None and str(path) in capsys.readouterr().err
    results.keep(path, ROW)
    assert results.kept(path, {}) == ROW


def test_rows_of_other_code_are_run_again_and_those_of_the_repository_are_named(
    tmp_path, monkeypatch, capsys
):
    path = tmp_path / "rEFH_0.json"
    results.keep(path, ROW)
    monkeypatch.setattr(results, "code", lambda: "edited")
    assert results.kept(path, {}) is None
    assert f"{path}: this row was made by other code" in capsys.readouterr().err
    assert results.kept(path, {}, saved=True) == ROW
    assert "rEFH_0: made by other code than this" in capsys.readouterr().out
    monkeypatch.setattr(results, "old_rows", False)
    run.parse(run.parser("name", "Text."), ["--old-rows"])
    assert results.kept(path, {}) == ROW


def test_only_what_a_module_computes_changes_its_hash():
    plain = "def f(x):\n    return x + 1\n"
    layout = '"""Module."""\n\n\ndef f(x):  # a comment\n    """Docstring."""\n    return (x + 1)\n'
    edited = "def f(x):\n    return x + 2\n"
    first, same, other = (results.meaning(ast.parse(text)) for text in (plain, layout, edited))
    assert first == same != other
    assert len(results.code()) == 16


# Disks


def full(monkeypatch, while_true):
    """os.replace fails as on a full disk while the list is not empty"""
    replace = os.replace

    def failing(*paths):
        if while_true:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(*paths)

    monkeypatch.setattr(os, "replace", failing)


def test_a_full_disk_is_named_and_tried_again(tmp_path, monkeypatch, capsys):
    is_full = [True]
    full(monkeypatch, is_full)
    path = tmp_path / "a.json"
    results.keep(path, ROW)
    said = capsys.readouterr().err
    assert f"{path}: not written (No space left on device); kept in memory" in said
    held = f"{path}: expected a file that can be written, got No space left on device"
    assert results.write_held() == [held]
    is_full.clear()
    assert results.write_held() == [] and results.kept(path, {}) == ROW
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_vanished_folder_is_made_again(tmp_path, capsys):
    path = tmp_path / "gone" / "a.json"
    results.keep(path, ROW)
    assert str(path) in capsys.readouterr().err
    assert results.write_held() == [] and results.kept(path, {}) == ROW


def test_a_script_that_cannot_write_ends_with_one_line(tmp_path, capsys):
    def main():
        results.write_json(tmp_path / "file" / "a.json", [], 0)

    (tmp_path / "file").write_text("in the way of a folder")
    with pytest.raises(SystemExit) as stop:
        run.start(main)
    assert str(tmp_path / "file") in stop.value.code and "\n" not in stop.value.code
    results._held.clear()
    with pytest.raises(SystemExit, match="nowhere: No such file"):
        run.start(lambda: open(tmp_path / "nowhere"))


def test_a_run_on_a_full_disk_goes_on_to_its_end(tmp_path, monkeypatch, capsys):
    is_full, path = [True], tmp_path / "a.json"

    def main():
        plots.save(plots.figure(2, 2), tmp_path / "a.png")
        results.keep_weights(tmp_path / "a.npz", refh, small(np.random.default_rng(0)), seed=3)
        results.keep(path, ROW)
        print("the table")

    full(monkeypatch, is_full)
    with pytest.raises(SystemExit) as stop:
        run.start(main)
    assert "the table" in capsys.readouterr().out
    names = [line.partition(": expected a file")[0] for line in stop.value.code.splitlines()]
    assert names == [str(tmp_path / name) for name in ("a.png", "a.npz", "a.json")]
    is_full.clear()  # by the time the run ends, there is room again
    run.end()
    assert results.kept(path, {}) == ROW and refh.load(tmp_path / "a.npz")[1] == {"seed": 3}
    assert sorted(os.listdir(tmp_path)) == ["a.json", "a.npz", "a.png"]


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "a.json"
    results.keep(path, ROW)
    path.chmod(mode)
    results.keep(path, ROW | {"mse": 3})
    assert stat.S_IMODE(path.stat().st_mode) == mode


def write_where_nothing_can_be(folder):
    results.keep(folder / "a.json", ROW)
    return "done"


def test_a_job_hands_over_what_it_could_not_write(tmp_path, capfd):
    """The worker ends; the caller has the file, and writes it once that is possible."""
    folder = tmp_path / "later"
    assert in_parallel("test", write_where_nothing_can_be, [(folder,)], 1, str) == ["done"]
    assert results.kept(folder / "a.json", {}) == ROW
    assert "kept in memory" in capfd.readouterr().err


# Terminals


def test_a_terminal_without_the_character_shows_another():
    code = 'import examples; print("rad², ±")'
    done = python("-c", code, PYTHONIOENCODING="ascii")
    assert done.stdout.strip() == "rad?, ?", done.stderr


# Processes


def kill_the_worker_once(folder):
    """The first time it runs, its process is killed from outside"""
    try:
        os.mkdir(folder / "killed")
    except FileExistsError:
        return "done"
    os.kill(os.getpid(), signal.SIGKILL)


def kill_the_worker(folder):
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_job_of_a_killed_worker_runs_once_more(tmp_path, capsys):
    found = in_parallel("test", kill_the_worker_once, [(tmp_path,)] * 3, 2, str)
    assert found == ["done"] * 3
    assert "a worker process was killed from outside" in capsys.readouterr().err


def test_a_job_that_is_killed_twice_is_an_error_and_the_others_go_on(tmp_path, capsys):
    with pytest.raises(ChildProcessError, match="2 times while the same job ran"):
        in_parallel("test", kill_the_worker, [(tmp_path,)], 1, str)
    assert "killed from outside" in capsys.readouterr().err


def blas_threads():
    return threads.blas_threads()


def test_workers_have_one_blas_thread():
    before = threads.blas_threads()
    if before is None:
        pytest.skip("the BLAS does not say how many threads it has")
    threads.set_blas_threads(2)
    try:
        assert in_parallel("test", blas_threads, [()], 1, str) == [1]
    finally:
        threads.set_blas_threads(before)


LOCK = """
import sys, time
from pathlib import Path
from examples.tools.training import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(training.fcntl is None, reason="no locks on this system")
def test_a_second_run_is_told_who_has_the_lock(tmp_path):
    path = tmp_path / "rEFH_0.lock"
    command, environment = [sys.executable, "-c", LOCK, str(path)], {"PYTHONPATH": str(ROOT)}
    more = dict(stdout=subprocess.PIPE, text=True, env=os.environ | environment)
    first = subprocess.Popen(command, **more)
    try:
        assert first.stdout.readline() == "locked\n"
        with pytest.raises(SystemExit, match=rf"rEFH_0: .*\(process {first.pid}\)"):
            with training.locked(path):
                pass
    finally:
        first.kill()
        first.communicate()
    with training.locked(path):  # whoever is killed leaves no lock
        assert path.read_text() == f"{os.getpid()}\n"
    assert not path.exists()


def test_jobs_that_are_done_are_not_run(capsys):
    def kept(number):
        return "kept" if number == 1 else None

    assert in_parallel("test", abs, [(1,)], 1, str, kept=kept) == ["kept"]
    assert "1 of 1 runs are done already" in capsys.readouterr().out
    found = in_parallel("test", abs, [(1,), (-2,)], 1, str, kept=kept)
    assert sorted(found, key=str) == [2, "kept"]


def test_a_pool_that_breaks_between_two_jobs_is_replaced():
    pool = jobs.Local(1)
    try:
        assert pool.submit(np.sum, ([1, 2],)).result()[0] == 3
        for process in list(pool.pool._processes.values()):
            process.kill()
        end = time.monotonic() + 60
        while not pool.pool._broken and time.monotonic() < end:
            time.sleep(0.01)
        assert pool.result(pool.submit(np.sum, ([1, 2],)), None) == 3
    finally:
        pool.close()


SMALL_BALLS = """
import sys
from examples import balls_table
from examples.balls import baselines, networks
from examples.tools import run
small = dict(family="mean-field bernoulli", n_traj=2, chunk=10, n_updates=120, learning_rate=0.02)
balls_table.QUICK = small | dict(momentum=0.9, n_sweeps=[1, 2])
networks.N_HIDDEN, networks.CHECKPOINT, networks.BETWEEN_POINTS = 40, 4, 4
networks.CURVE_CHAINS = networks.N_CURVE_VIDEOS = 2
baselines.TEST, baselines.N_TO_FIT = dict(n_traj=2, T=45), 60
baselines.baselines = lambda box, seed: []
if __name__ == "__main__":
    run.start(lambda: balls_table.main(["--quick", "--out", sys.argv[1]]))
"""


def begin(folder, out):
    """SMALL_BALLS in a process group of its own"""
    script = folder / "small_balls.py"
    script.write_text(SMALL_BALLS)
    return subprocess.Popen(
        [sys.executable, str(script), str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )


def killed_at_random(folder, n_kills, longest, seed=0):
    """Folders of runs that are killed (SIGKILL), n_kills times in all, and then run to their end.

    Half of the times, two runs share the folder. Their workers are killed with them, or not.

    Parameters
    ----------
    longest : seconds; no run is killed later than this

    Yields
    ------
    folder, what its last run prints
    """
    rng, number = np.random.default_rng(seed), 0
    while number < n_kills:
        out = folder / f"killed_{number}"
        while number < n_kills and not (out / "balls_table.json").exists():
            runs = [begin(folder, out) for _ in range(1 + number % 2)]
            time.sleep(rng.uniform(0.2, 1) * longest)
            for one in runs:
                kill = os.killpg if rng.random() < 0.5 else os.kill
                kill(one.pid, signal.SIGKILL)
            for one in runs:
                one.communicate()
            number += 1
        time.sleep(2 * jobs.GRACE + 1)  # workers end after their parent
        yield out, begin(folder, out).communicate()[0]


def content(folder):
    """Rows and curves, and weights, of all networks in a folder, without the seconds they took."""
    found = {}
    for path in sorted((folder / "balls_table").iterdir()):
        if ".part" in path.suffixes:  # what a killed process has left
            continue
        if path.suffix == ".json":
            row = json.loads(path.read_text())
            found[path.name] = row["mse"], row["curve"]
        elif path.suffix == ".npz":
            arrays, _ = files.read(path)
            found[path.name] = {name: leaf.tobytes() for name, leaf in arrays.items()}
    return found


@pytest.mark.slow
def test_kills_at_random_moments_change_no_number(tmp_path):
    begun = time.monotonic()
    said, _ = begin(tmp_path, tmp_path / "whole").communicate()
    longest, whole = time.monotonic() - begun, content(tmp_path / "whole")
    assert len(whole) == 4 and all(len(found) > 1 for found in whole.values()), said
    for out, said in killed_at_random(tmp_path, 20, longest):
        assert content(out) == whole, said
