"""quickstart in its quick mode, twice the same; what scripts share; the code of the chapters."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from datasets import ppc
from examples import _run, quickstart
from refh_numpy import refh

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    quickstart.main(["--quick", "--seed", "3", "--out", str(out)])
    return out


def test_quickstart_writes_its_files(quick):
    assert {path.name for path in quick.iterdir()} == {
        "quickstart.json", "quickstart.png", "quickstart_data.png", "refh.npz"}
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


def test_ctrl_c_keeps_what_was_learnt(less_test_data, tmp_path, monkeypatch, capsys):
    plot_result, calls = quickstart.plot_result, []

    def press(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plot_result(*args)

    monkeypatch.setattr(quickstart, "plot_result", press)
    quickstart.main(["--quick", "--out", str(tmp_path)])
    assert "stopped after 90 updates; what was learnt is kept" in capsys.readouterr().out
    assert refh.load(tmp_path / "refh.npz")[0].W_u.any()


def test_saved_weights_filter_in_three_lines(quick):
    """The lines that the README shows."""
    params, meta = refh.load(quick / "refh.npz")
    batch = ppc.sample(ppc.System(), n_traj=2, T=50, rng=np.random.default_rng(1))
    z_hat, _ = ppc.decode(ppc.System(), refh.emission_mean(params, refh.infer(params, batch.y)))
    assert z_hat.shape == (2, 50) and np.isfinite(z_hat).all()
    assert meta["seed"] == 3 and meta["version"]


def test_a_folder_that_cannot_be_written_is_reported_before_training(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    command = [sys.executable, "-m", "examples.quickstart", "--quick", "--out"]
    done = subprocess.run([*command, str(file / "results")], cwd=ROOT, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 1
    assert "--out: expected a folder that can be written" in done.stderr
    assert "the data" not in done.stdout


@pytest.mark.parametrize("arguments", [["--seed", "-1"], ["--seed", "x"], ["--quick", "--full"]])
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        quickstart.main(arguments)
    assert stop.value.code == 2


def test_help_says_what_the_figures_show(capsys):
    with pytest.raises(SystemExit):
        quickstart.main(["--help"])
    assert "learning curve" in capsys.readouterr().out


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(temporary):
        Path(temporary).write_text("half")
        raise OSError

    with pytest.raises(OSError):
        _run.write_whole(path, fail)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.json"]


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
    assert "60 of 100" in (line := capsys.readouterr().out) and "  80 s left" in line


def test_mean_and_spread():
    assert _run.mean_and_spread([1.0]) == (1.0, None)
    assert _run.mean_and_spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert _run.with_spread(3.1e-4, 0.2e-4, 1e4) == "3.10 ± 0.20"


def python_blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.S | re.M)


@pytest.mark.parametrize("chapter", ["datasets/README.md", "kalman/README.md",
                                     "refh_numpy/README.md", "rvae_numpy/README.md", "README.md"])
def test_the_code_of_the_chapters_runs_as_printed(chapter, quick, monkeypatch, capsys):
    """The Python blocks of a page, one after the other, as a reader would paste them."""
    monkeypatch.chdir(quick.parent)
    if chapter == "README.md" and not (quick.parent / "results").exists():
        os.symlink(quick, quick.parent / "results")             # what quickstart left
    blocks = python_blocks(ROOT / chapter)
    assert blocks or chapter == "README.md"
    namespace = {}
    for block in blocks:
        exec(compile(block, chapter, "exec"), namespace)
