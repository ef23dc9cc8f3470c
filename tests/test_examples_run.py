"""What scripts share: arguments, files, tables; and quickstart."""

import json
import os
import re
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

from datasets import ppc
from examples import quickstart
from examples.ppc import coasting
from examples.tools import plots, results, run
from refh_numpy import refh

# quickstart


def test_quickstart_writes_what_it_says(quick):
    names = "quickstart.json quickstart.png quickstart_data.png refh.npz trbm.npz"
    assert {p.name for p in quick.iterdir()} == set(names.split())
    result = json.loads((quick / "quickstart.json").read_text())
    assert set(result) >= {"command", "version", "seed", "rows"} and result["seed"] == 3
    assert [row["model"] for row in result["rows"]] == ["ORDER 0", "TRBM", "KF-1", "rEFH", "KF-2"]
    for row in result["rows"]:
        assert list(row["coasting"]) == ["5", "10", "20", "40"]
        assert row["poster"] == quickstart.POSTER[row["model"]]


def test_quickstart_shows_which_network_has_learnt_a_velocity(quick):
    """The Kalman filters bracket the networks, and have 0 and 1 by their order."""
    rows = {
        row["model"]: row for row in json.loads((quick / "quickstart.json").read_text())["rows"]
    }
    error = {name: 1e4 * row["mse"] for name, row in rows.items()}
    moved = {name: row["coasting"]["20"] for name, row in rows.items()}
    assert 11 < error["ORDER 0"] < 14 and 5.0 < error["KF-1"] < 6.2 and 1.3 < error["KF-2"] < 1.8
    assert error["rEFH"] < 0.95 * error["KF-1"] and error["TRBM"] < 6.5
    assert abs(moved["TRBM"]) < 0.15 and abs(moved["KF-1"]) < 0.1
    assert moved["rEFH"] > 0.6 and moved["KF-2"] == pytest.approx(1, abs=0.05)


@pytest.fixture
def tiny(monkeypatch):
    """A quickstart of a second."""
    settings = dict(n_x=10, n_traj=5, T=20, n_updates=80, learning_rate=1e-2)
    monkeypatch.setattr(quickstart, "DEFAULT", settings)
    monkeypatch.setattr(quickstart, "TEST", dict(n_traj=5, T=400))
    monkeypatch.setattr(quickstart, "RUNS", dict(n_runs=1, n_sweeps=1))
    monkeypatch.setattr(quickstart, "FIT", [dict(n_traj=3, T=60)])
    monkeypatch.setattr(coasting, "N_TRAJ", 5)


def test_the_same_seed_gives_the_same_numbers(tiny, tmp_path):
    results = []
    for name in ("first", "second"):
        quickstart.main(["--seed", "3", "--out", str(tmp_path / name)])
        results.append(json.loads((tmp_path / name / "quickstart.json").read_text())["rows"])
    for a, b in zip(*results, strict=True):
        for measure in ("mse", "mse_after_100", "coasting"):
            assert a[measure] == b[measure]


def test_saved_weights_filter_in_three_lines(quick):
    params, meta = refh.load(quick / "refh.npz")
    batch = ppc.sample(n_traj=2, T=50, rng=np.random.default_rng(1))
    z_hat, _ = ppc.decode(refh.emission_mean(params, refh.infer(params, batch.y)))
    assert z_hat.shape == (2, 50) and np.isfinite(z_hat).all()
    assert meta["seed"] == 3 and meta["version"]


def test_ctrl_c_keeps_what_was_learnt(tiny, tmp_path, monkeypatch, capsys):
    calls = []

    def interrupt(progress, done, text=""):
        calls.append(done)
        if text.strip() == "rEFH" and len(calls) > 35:
            raise KeyboardInterrupt

    monkeypatch.setattr(results.Progress, "__call__", interrupt)
    quickstart.main(["--out", str(tmp_path)])
    said = re.search(
        r"stopped after (\d+) updates of the rEFH; they are kept", capsys.readouterr().out
    )
    assert 0 < int(said[1]) < 80
    params, meta = refh.load(tmp_path / "refh.npz")
    assert params.W_u.any() and meta["n_updates"] == int(said[1])


def test_ctrl_c_before_the_refh_leaves_the_other_rows(tiny, tmp_path, monkeypatch):
    def interrupt(progress, done, text=""):
        if text.strip() == "TRBM":
            raise KeyboardInterrupt

    monkeypatch.setattr(results.Progress, "__call__", interrupt)
    quickstart.main(["--out", str(tmp_path)])
    rows = json.loads((tmp_path / "quickstart.json").read_text())["rows"]
    assert [row["model"] for row in rows] == ["ORDER 0", "TRBM", "KF-1", "KF-2"]
    assert not (tmp_path / "refh.npz").exists()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_the_moving_network_is_the_refh_for_other_seeds(seed, tmp_path):
    quickstart.main(["--seed", str(seed), "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "quickstart.json").read_text())["rows"]
    moved = {row["model"]: row["coasting"]["20"] for row in rows}
    assert abs(moved["TRBM"]) < 0.15 and moved["rEFH"] > 0.6


# Arguments


def test_a_folder_that_cannot_be_written_is_reported_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="--out: expected a folder that can be written"):
        quickstart.main(["--out", str(tmp_path / "file" / "results")])


@pytest.mark.parametrize(
    "line", ["--seed -1", "--seed x", "--quick", "--format gif", "--dpi 0", "--ou x"]
)
def test_bad_arguments(line, capsys):
    with pytest.raises(SystemExit) as stop:
        quickstart.main(line.split())
    assert stop.value.code == 2


def test_a_script_without_sizes_has_a_help():
    assert "--seed" in run.parser("name", "What it does.", ()).format_help()


def test_help_fills_paragraphs_and_keeps_lists():
    text = run.parser(
        "name",
        """Title.

A paragraph over
two lines.

  term   an item
         over two lines
  other  another one

    code  line
""",
        jobs=False,
    ).format_help()
    assert "A paragraph over two lines." in text and "  term   an item over two lines\n" in text
    assert "\n  other  another one\n" in text and "--scheduler" not in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments, command",
    [
        (["--out", "a", "--quick"], "--quick"),
        (["--out=a", "--seed", "3"], "--seed 3"),
        (["--full", "--scheduler=b", "--format", "pdf", "--dpi=300"], "--full"),
    ],
)
def test_options_that_change_no_number_are_not_in_the_command(arguments, command, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/ppc_table.py", *arguments])
    assert results.command() == f"python -m examples.ppc_table {command}"


def test_a_notebook_has_its_options_in_argv(monkeypatch):
    main = SimpleNamespace(NOTEBOOK="ppc_table", argv=["--quick", "--seed", "4"])
    monkeypatch.setitem(sys.modules, "__main__", main)
    arguments = run.parse(run.parser("ppc_table", "Text."), None)
    assert arguments.quick and arguments.seed == 4
    assert results.command() == "python -m examples.ppc_table --quick --seed 4"


def test_format_and_resolution_of_figures(tmp_path):
    p = run.parser("name", "Text.")
    figure = plots.figure(1, 1)
    try:
        for arguments, suffix in (
            (["--format", "pdf"], "pdf"),
            (["--format", "svg"], "svg"),
            (["--dpi", "300"], "png"),
        ):
            run.parse(p, arguments)
            path = plots.save(figure, tmp_path / "figure.png")
            assert path == tmp_path / f"figure.{suffix}" and path.stat().st_size > 100
        assert matplotlib.image.imread(path).shape[:2] == (300, 300)
    finally:
        run.parse(p, [])


# Files


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError

    with pytest.raises(OSError):
        results.write_whole(path, fail)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.json"]


def test_an_interruption_after_the_renaming_stays_one(tmp_path, monkeypatch):
    replace = os.replace

    def interrupted(*paths):
        replace(*paths)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        results.write_whole(tmp_path / "a.json", lambda temporary: temporary.write_text("new"))
    assert (tmp_path / "a.json").read_text() == "new"


def test_names_may_be_long(tmp_path):
    path = tmp_path / ("n" * 250 + ".json")
    results.keep(path, {"settings": {"a": [1]}, "mse": 1.0})
    assert results.kept(path, {"settings": {"a": [1]}})["mse"] == 1.0
    assert results.kept(path, {"settings": {"a": [2]}}) is None


# Tables and progress


def test_progress_in_a_log_is_a_line_now_and_then(capsys):
    progress = results.Progress("task", 100)
    for done in range(101):
        progress(done)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 and "100 of 100" in lines[0] and "\r" not in lines[0]


def test_the_time_left_counts_only_what_this_run_has_done(capsys):
    progress = results.Progress("task", 100)
    progress.start -= 20  # twenty seconds ago, at 50
    progress.said -= 20
    progress(60, before=50)
    line = capsys.readouterr().out
    assert "60 of 100" in line and "  80 s left" in line


def test_mean_and_spread():
    assert results.mean_and_spread([1.0]) == (1.0, None)
    assert results.mean_and_spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert results.with_spread(3.1e-4, 0.2e-4, 1e4) == "3.10 ± 0.20"


def test_the_first_column_is_flush_left(capsys):
    results.print_table([("model", str), ("n", lambda row: str(len(row)))], ["a", "longer"])
    assert capsys.readouterr().out == "model   n\n------  -\na       1\nlonger  6\n"


def test_version_without_git_or_installation(monkeypatch):
    def missing(*args, **more):
        raise FileNotFoundError

    monkeypatch.setattr(results.subprocess, "run", missing)
    assert results.version()
