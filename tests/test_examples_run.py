"""What scripts share: arguments, files, tables, jobs, trainings, figures; quickstart."""
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

import matplotlib
import numpy as np
import pytest

from datasets import ppc
from examples import _jobs, _plots, _ppc, _results, _run, _training, ppc_table, quickstart
from refh_numpy import refh, storage, training

ROOT = Path(__file__).parent.parent


# quickstart

def test_quickstart_writes_what_it_says(quick):
    assert {p.name for p in quick.iterdir()} == {"quickstart.json", "quickstart.png",
                                                 "quickstart_data.png", "refh.npz"}
    result = json.loads((quick / "quickstart.json").read_text())
    assert set(result) >= {"command", "version", "seed", "rows"} and result["seed"] == 3
    rows = {row["model"]: row for row in result["rows"]}
    assert set(rows) == {"ORDER 0", "KF-1", "rEFH", "KF-2", "true parameters"}
    assert rows["KF-1"]["poster"] == 5.8e-4 and rows["true parameters"]["poster"] is None
    # the Kalman filters are as good in the quick mode as in any
    assert 5.0e-4 < rows["KF-1"]["mse"] < 6.2e-4
    assert 1.3e-4 < rows["true parameters"]["mse"] <= rows["KF-2"]["mse"] * 1.02 < 1.7e-4


@pytest.fixture
def less_test_data(monkeypatch):
    monkeypatch.setattr(quickstart, "TEST", dict(n_traj=5, T=400))


def test_the_same_seed_gives_the_same_numbers(less_test_data, tmp_path):
    results = []
    for name in ("first", "second"):
        quickstart.main(["--quick", "--seed", "3", "--out", str(tmp_path / name)])
        results.append(json.loads((tmp_path / name / "quickstart.json").read_text())["rows"])
    for a, b in zip(*results, strict=True):
        assert a["mse"] == b["mse"] and a["mse_after_100"] == b["mse_after_100"]


def test_saved_weights_filter_in_three_lines(quick):
    params, meta = refh.load(quick / "refh.npz")
    batch = ppc.sample(ppc.System(), n_traj=2, T=50, rng=np.random.default_rng(1))
    z_hat, _ = ppc.decode(ppc.System(), refh.emission_mean(params, refh.infer(params, batch.y)))
    assert z_hat.shape == (2, 50) and np.isfinite(z_hat).all()
    assert meta["seed"] == 3 and meta["version"]


@pytest.mark.slow
def test_quickstart_as_printed(tmp_path):
    quickstart.main(["--out", str(tmp_path)])
    rows = {row["model"]: row for row in
            json.loads((tmp_path / "quickstart.json").read_text())["rows"]}
    found = {name: f"{1e4 * row['mse']:.2f}" for name, row in rows.items()}
    assert found == {"ORDER 0": "12.08", "KF-1": "5.47", "rEFH": "3.14", "KF-2": "1.39",
                     "true parameters": "1.39"}


def test_ctrl_c_keeps_what_was_learnt(less_test_data, tmp_path, monkeypatch, capsys):
    plot, calls = quickstart.plot_result, []

    def interrupt_third(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plot(*args)

    monkeypatch.setattr(quickstart, "plot_result", interrupt_third)
    quickstart.main(["--quick", "--out", str(tmp_path)])
    assert "stopped after 90 updates; what was learnt is kept" in capsys.readouterr().out
    assert refh.load(tmp_path / "refh.npz")[0].W_u.any()


# Arguments

def test_a_folder_that_cannot_be_written_is_reported_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="--out: expected a folder that can be written"):
        quickstart.main(["--quick", "--out", str(tmp_path / "file" / "results")])


@pytest.mark.parametrize("arguments", [["--seed", "-1"], ["--seed", "x"], ["--quick", "--full"],
                                       ["--format", "gif"], ["--dpi", "0"], ["--ou", "x"]])
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        quickstart.main(arguments)
    assert stop.value.code == 2


def test_a_script_without_sizes_has_a_help():
    assert "--seed" in _run.parser("name", "What it does.", ()).format_help()


def test_help_fills_paragraphs_and_keeps_lists():
    text = _run.parser("name", """Title.

A paragraph over
two lines.

  term   an item
         over two lines
  other  another one

    code  line
""", jobs=False).format_help()
    assert "A paragraph over two lines." in text and "  term   an item over two lines\n" in text
    assert "\n  other  another one\n" in text and "--scheduler" not in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("arguments, command", [
    (["--out", "a", "--quick"], "--quick"), (["--out=a", "--seed", "3"], "--seed 3"),
    (["--full", "--scheduler=b", "--format", "pdf", "--dpi=300"], "--full")])
def test_options_that_change_no_number_are_not_in_the_command(arguments, command, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/ppc_table.py", *arguments])
    assert _run.command() == f"python -m examples.ppc_table {command}"


def test_a_notebook_has_its_options_in_argv(monkeypatch):
    main = SimpleNamespace(NOTEBOOK="ppc_table", argv=["--quick", "--seed", "4"])
    monkeypatch.setitem(sys.modules, "__main__", main)
    arguments = _run.parse(_run.parser("ppc_table", "Text."), None)
    assert arguments.quick and arguments.seed == 4
    assert _run.command() == "python -m examples.ppc_table --quick --seed 4"


def test_format_and_resolution_of_figures(tmp_path):
    p = _run.parser("name", "Text.")
    figure = _plots.figure(1, 1)
    try:
        for arguments, suffix in ((["--format", "pdf"], "pdf"), (["--format", "svg"], "svg"),
                                  (["--dpi", "300"], "png")):
            _run.parse(p, arguments)
            path = _plots.save(figure, tmp_path / "figure.png")
            assert path == tmp_path / f"figure.{suffix}" and path.stat().st_size > 100
        assert matplotlib.image.imread(path).shape[:2] == (300, 300)
    finally:
        _run.parse(p, [])


# Files

def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError

    with pytest.raises(OSError):
        _run.write_whole(path, fail)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.json"]


def test_an_interruption_after_the_renaming_stays_one(tmp_path, monkeypatch):
    replace = os.replace

    def interrupted(*paths):
        replace(*paths)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _run.write_whole(tmp_path / "a.json", lambda temporary: temporary.write_text("new"))
    assert (tmp_path / "a.json").read_text() == "new"


def test_long_names_and_other_content(tmp_path):
    path = tmp_path / ("n" * 250 + ".json")
    _run.keep(path, {"settings": {"a": [1]}, "mse": 1.0})
    assert _run.kept(path, {"settings": {"a": [1]}})["mse"] == 1.0
    assert _run.kept(path, {"settings": {"a": [2]}}) is None
    for content in ("[1]", "{", "3"):
        path.write_text(content)
        assert _run.kept(path, {}) is None
    assert _run.kept(tmp_path / "none", {}) is None


# Tables and progress

def test_progress_in_a_log_is_a_line_now_and_then(capsys):
    progress = _run.Progress("task", 100)
    for done in range(101):
        progress(done)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 and "100 of 100" in lines[0] and "\r" not in lines[0]


def test_the_time_left_counts_only_what_this_run_has_done(capsys):
    progress = _run.Progress("task", 100)
    progress.start -= 20                        # twenty seconds ago, at 50
    progress.said -= 20
    progress(60, before=50)
    line = capsys.readouterr().out
    assert "60 of 100" in line and "  80 s left" in line


def test_mean_and_spread():
    assert _run.mean_and_spread([1.0]) == (1.0, None)
    assert _run.mean_and_spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert _run.with_spread(3.1e-4, 0.2e-4, 1e4) == "3.10 ± 0.20"


def test_the_first_column_is_flush_left(capsys):
    _run.print_table([("model", str), ("n", lambda row: str(len(row)))], ["a", "longer"])
    assert capsys.readouterr().out == "model   n\n------  -\na       1\nlonger  6\n"


# Jobs

TINY = ppc_table.NETWORKS["TRBM"] | dict(n_updates=20, n_traj=2, T=20)


def jobs(folder, n=3):
    return [("TRBM", seed, TINY, folder) for seed in range(n)]


@pytest.mark.parametrize("method", [
    method if method == "fork" else pytest.param(method, marks=pytest.mark.slow)
    for method in multiprocessing.get_all_start_methods()])
def test_jobs_run_with_every_start_method(method, tmp_path, monkeypatch):
    context = multiprocessing.get_context(method)
    pool = _jobs.ProcessPoolExecutor
    monkeypatch.setattr(_jobs, "ProcessPoolExecutor",
                        lambda n, **more: pool(n, mp_context=context, **more))
    rows = _run.in_parallel("test", ppc_table.run, jobs(tmp_path), 2, lambda row: row["model"])
    assert sorted(row["seed"] for row in rows) == [0, 1, 2]
    here = ppc_table.run(*jobs(tmp_path)[1])
    assert [row["mse"] for row in rows if row["seed"] == 1] == [here["mse"]]


def test_functions_of_scripts_and_notebooks_are_found(monkeypatch):
    def run():
        pass

    run.__module__ = "__main__"
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(NOTEBOOK="ppc_table"))
    assert _jobs.importable(run) is ppc_table.run
    spec = SimpleNamespace(name="examples.ppc_table")
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__spec__=spec))
    assert _jobs.importable(run) is ppc_table.run
    assert _jobs.importable(ppc_table.train) is ppc_table.train


def test_an_error_in_one_job_keeps_the_others(tmp_path, capfd):
    bad = ("TRBM", 1, TINY | dict(learning_rate=-1.0), tmp_path)
    with pytest.raises(ValueError, match="learning_rate"):
        _run.in_parallel("test", ppc_table.run, [bad, *jobs(tmp_path)], 2, str)
    assert len(list(tmp_path.glob("*.json"))) == 3
    assert "a job failed" in capfd.readouterr().err


def test_a_second_call_merges_the_rows_of_a_job_array(tmp_path, monkeypatch):
    """The commands of examples/reports/scaling.md: tasks at the same time, then --full, over DIR"""
    monkeypatch.setattr(ppc_table, "NETWORKS", {"TRBM": TINY})
    monkeypatch.setattr(ppc_table, "KALMAN", [])
    monkeypatch.setattr(_ppc, "TEST", dict(n_traj=2, T=120))
    context = multiprocessing.get_context("fork")
    tasks = [context.Process(target=ppc_table.main,
                             args=(["--seed", str(seed), "--out", str(tmp_path / "array")],))
             for seed in (0, 2, 4)]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    assert [task.exitcode for task in tasks] == [0, 0, 0]
    ppc_table.main(["--full", "--out", str(tmp_path / "alone")])
    monkeypatch.setattr(ppc_table, "run", None)                 # nothing is left to run
    ppc_table.main(["--full", "--out", str(tmp_path / "array")])
    found = []
    for name in ("array", "alone"):
        rows = json.loads((tmp_path / name / "ppc_table.json").read_text())["rows"]
        seeds, = (row["seeds"] for row in rows if row["model"] == "TRBM")
        found.append([(row["seed"], row["mse"], row["mse_after_100"]) for row in seeds])
    assert found[0] == found[1] and [seed for seed, *_ in found[0]] == list(range(5))


def test_no_jobs_no_workers():
    assert _run.in_parallel("test", ppc_table.run, [], 2, str) == []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


LONG_JOBS = """
import multiprocessing, sys
from pathlib import Path
from examples import _run, ppc_table
def main():
    settings = ppc_table.NETWORKS["TRBM"] | dict(n_updates=10**6)
    jobs = [("TRBM", seed, settings, Path(sys.argv[1])) for seed in range(3)]
    print("begun", flush=True)
    print("rows:", _run.in_parallel("test", ppc_table.run, jobs, 2, str), flush=True)
if __name__ == "__main__":
    _run.start(main)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 130),
                                          (signal.SIGKILL, -9)])
def test_workers_end_with_their_parent(number, code, tmp_path):
    (tmp_path / "script.py").write_text(LONG_JOBS)
    process = subprocess.Popen(
        [sys.executable, "-u", str(tmp_path / "script.py"), str(tmp_path)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert process.stdout.readline() == "begun\n"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while len(workers := children.read_text().split()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)                                   # they have begun to train
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
            _run.start(main)
        assert stop.value.code == 130
        with pytest.raises(ZeroDivisionError):
            _run.start(lambda: 1 / 0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# Long trainings

SETTINGS = dict(n_updates=40, learning_rate=1e-3, chunk=1)


def train(path, callback, stop_at=None):
    """A small training with a checkpoint every 10 updates, interrupted at `stop_at`"""
    rng = np.random.default_rng(0)
    params = refh.init(5, 4, "poisson", rng)
    batches = (make() for make in itertools.repeat(lambda: rng.poisson(2.0, (3, 15, 4))))

    def watch(params, log):
        if log.n_updates[-1] == stop_at:
            raise KeyboardInterrupt
        return callback(params, log)

    return _run.learn(refh, storage, "refh", params, batches, rng, path, watch, 10, **SETTINGS)


def trained(weights, stop_at=None):
    def watch(params, log, past):
        past["curve"].append([log.n_updates[-1], float(params.W_y.sum())])

    return _run.trained(refh, weights, {"settings": SETTINGS},
                        lambda path, callback: train(path, callback, stop_at), watch,
                        {"curve": [], "seconds": 0.0}, seed=0)


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
    assert trained(tmp_path / "stopped.npz", stop_at=10)[1] == again            # nothing to do


def test_interrupted_between_last_checkpoint_and_weights(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(refh, "save", lambda *args, **meta: (_ for _ in ()).throw(OSError()))
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
    monkeypatch.setattr(refh, "train", lambda params, *args, **settings: (
        params, training.Log(interrupted=True)))
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "a.npz")


def test_weights_too_large_for_float16_stay_float32():
    leaf = np.array([1.0, 7e4], np.float32)
    assert _training.halved(leaf).dtype == np.float32
    assert _training.halved(leaf[:1]).dtype == np.float16


# Figures

# Machado, Oliveira and Fernandes 2009, for linear RGB; sRGB to XYZ (D65)
NORMAL = np.eye(3)
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
              [-0.003882, -0.048116, 1.051998]]
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881]]
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041]])


def linear(name):
    rgb = np.array(matplotlib.colors.to_rgb(_plots.COLOURS[name]))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb, vision):
    """CIE L*a*b* of a linear RGB colour, as this vision has it"""
    x = XYZ @ np.clip(np.array(vision) @ rgb, 0, 1) / XYZ.sum(1)
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", [NORMAL, PROTANOPIA, DEUTERANOPIA],
                         ids=["normal", "protanopia", "deuteranopia"])
def test_colours_of_models_can_be_told_apart(vision):
    names = [name for name in _plots.COLOURS if name != "rVAE, all runs"]   # the rVAE's own
    colours = [lab(linear(name), vision) for name in names]
    for i, name in enumerate(names):
        for j in range(i):
            assert np.linalg.norm(colours[i] - colours[j]) >= 12, (name, names[j])


@pytest.mark.parametrize("name", _plots.COLOURS)
def test_colours_have_contrast_on_white(name):
    assert 1.05 / (XYZ[1] @ linear(name) + 0.05) >= 3


def test_lines_can_be_told_apart_in_grey():
    styles = [(str(style["linestyle"]), style.get("marker")) for style in
              map(_plots.style, _plots.COLOURS)]
    assert len(set(styles)) == len(styles)


def test_type_sizes():
    for name in ("font.size", "axes.titlesize", "legend.fontsize"):
        assert matplotlib.rcParams[name] >= 8


def test_a_notebook_shows_a_figure_once_and_refreshes_it(tmp_path, monkeypatch):
    shown = []
    shell = SimpleNamespace(kernel=None, execution_count=3)
    display = SimpleNamespace(
        Image=lambda data: data[:4],
        display=lambda image, display_id, update: shown.append((image, display_id, update)))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(
        display=display, get_ipython=lambda: shell, version_info=(9, 0)))
    for _ in range(2):
        _plots.save(_plots.figure(1, 1), tmp_path / "a.png")
    shell.execution_count = 4
    _plots.save(_plots.figure(1, 1), tmp_path / "a.png")
    assert [update for *_, update in shown] == [False, True, False]
    assert all(image == b"\x89PNG" for image, *_ in shown)


def test_version_without_git_or_installation(monkeypatch):
    def missing(*args, **more):
        raise FileNotFoundError

    monkeypatch.setattr(_results.subprocess, "run", missing)
    assert _results.version()
