"""Notebooks and figures: what the format asks for, and cells that run one after the other; the walk-through, as a whole."""
import json
import re
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from examples import _run, figures, notebooks
from rvae_numpy import rvae


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    notebooks.main([str(folder)])
    return folder


@pytest.fixture
def dreamer(tmp_path, monkeypatch):
    """Weights for the walk-through's last stop, of an rVAE that has learnt nothing"""
    monkeypatch.setattr(_run, "WEIGHTS", tmp_path)
    params = rvae.init(900, 3, (5,), "normal", np.random.default_rng(0), pixels=True, bend=2)
    rvae.save(tmp_path / "balls_generate.npz", params, seconds=0.0)


def test_every_script_becomes_a_notebook(folder):
    assert {path.stem for path in folder.iterdir()} == set(notebooks.scripts()) >= {"quickstart", "walkthrough", "ppc_table"}
    for path in folder.iterdir():
        content = json.loads(path.read_text())
        assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
        ids = [cell["id"] for cell in content["cells"]]
        assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one) for one in ids)
        for cell in content["cells"]:
            assert set(cell) == {"cell_type", "id", "metadata", "source"} | (
                {"execution_count", "outputs"} if cell["cell_type"] == "code" else set())
            assert isinstance(cell["source"], list) and "".join(cell["source"]).strip()
        assert content["cells"][0]["source"][0].startswith("# ")


def test_nothing_of_a_script_is_lost():
    for path in notebooks.scripts().values():
        text = path.read_text()
        kept = "".join(body for kind, body in notebooks.cells(text) if kind == "code")
        said = "".join(body for kind, body in notebooks.cells(text) if kind == "markdown")
        after = text[notebooks.CELL.search(text).start():]
        for line in after.splitlines():
            assert line.startswith("# %%") or line.removeprefix("#").strip() in kept + said or line in kept


def test_markdown_and_code_are_told_apart():
    made = notebooks.cells('"""Title.\n\nMore.\n"""\n# %%\nx = 1\n\n# %% [markdown]\n# ## Head\n# text\n\n# %%\ny = 2\n')
    assert made == [("markdown", "# Title\n\nMore."), ("code", "x = 1"), ("markdown", "## Head\ntext"), ("code", "y = 2")]


def test_a_notebook_for_colab_fetches_the_project_first(tmp_path):
    notebooks.main([str(tmp_path), "--repository", "someone/their-fork"])
    first = json.loads((tmp_path / "quickstart.ipynb").read_text())["cells"][1]
    assert "https://github.com/someone/their-fork" in "".join(first["source"])
    with pytest.raises(SystemExit):
        notebooks.main([str(tmp_path), "--repository", "not a repository"])


@pytest.mark.parametrize("name", ["walkthrough", "quickstart"])
def test_the_cells_run_one_after_the_other(name, folder, tmp_path, monkeypatch, dreamer, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--quick", "--out", str(tmp_path)])
    namespace = {"__name__": "__main__"}
    for cell in json.loads((folder / f"{name}.ipynb").read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), namespace)
    assert list(tmp_path.glob(f"{name}*.png"))


def test_the_walk_through(tmp_path, monkeypatch, dreamer, capsys):
    monkeypatch.setattr(sys, "argv", ["walkthrough", "--quick", "--out", str(tmp_path)])
    runpy.run_module("examples.walkthrough", run_name="__main__")
    assert {path.name for path in tmp_path.glob("*.png")} == {f"walkthrough_{n}.png" for n in range(1, 8)}
    said = capsys.readouterr().out
    assert all(f"\n{stop}. " in f"\n{said}" for stop in range(1, 8))
    # what does not hang on a long training is right in any case
    kf_1, kf_2 = (float(re.search(rf"{name}: ([\d.]+)e-4", said)[1]) for name in ("KF-1", "KF-2"))
    assert 1.3 < kf_2 < 1.7 < 5 < kf_1 < 6.5


def test_figures_are_drawn_again_from_their_numbers(tmp_path, monkeypatch, capsys):
    """And the scripts that draw the others are asked for all that the chapters show; what they draw they have tests of."""
    asked = []
    for script in ("quickstart", "receptive_fields", "balls_table", "balls_generate", "digits_generate"):
        monkeypatch.setattr(getattr(figures, script), "main", lambda argv, script=script: asked.append((script, argv[:-2])) or (
            Path(argv[-1]) / f"{script}.png").write_bytes(b"a picture"))
    monkeypatch.setattr(_run, "in_parallel", lambda label, function, jobs, n_workers, say: [function(*job) for job in jobs])
    monkeypatch.setattr(figures.digits, "load", lambda source: SimpleNamespace(source="MNIST"))
    figures.main([str(tmp_path)])
    drawn = {path.stem for path in tmp_path.iterdir()}
    assert drawn == set(figures.DRAW) | {script for script, _ in asked}
    shown = {path.stem for path in figures.KEPT.glob("*.png")}
    assert all(any(picture.startswith(name) for name in drawn) for picture in shown)
    kept = [scene for scene in figures.digits_generate.SCENES if (_run.WEIGHTS / f"digits_generate_{scene}.npz").exists()]
    assert [argv for script, argv in asked if script == "digits_generate"] == [["--use-saved", "--scene", scene] for scene in kept]
    assert all((tmp_path / f"{name}.png").stat().st_size > 10_000 for name in figures.DRAW)
    assert capsys.readouterr().out.count("python -m examples.") == len(figures.DRAW)
