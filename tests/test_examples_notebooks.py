"""Notebooks: what the format asks for, the first cell, lists and formulas, cells that run."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from examples import notebooks
from examples.exercises import check
from tests.pages import ROOT
from tests.processes import python

SCRIPT = (
    '"""Title.\n\nMore.\n"""\n# %%\nx = 1\n\n# %% [markdown]\n# ## Head\n# text\n\n# %%\ny = 2\n'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    notebooks.main(["--out", str(folder)])
    return folder


def source(cell):
    return "".join(cell["source"])


def test_every_script_becomes_a_notebook(folder):
    names = {path.stem for path in folder.iterdir()}
    assert names == set(notebooks.scripts()) >= {"quickstart", "walkthrough", "ppc_table"}
    for path in folder.iterdir():
        content = json.loads(path.read_text())
        assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
        ids = [cell["id"] for cell in content["cells"]]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one) for one in ids)
        for cell in content["cells"]:
            code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
            assert set(cell) == {"cell_type", "id", "metadata", "source"} | code
            assert isinstance(cell["source"], list) and source(cell).strip()


def test_threads_are_set_before_numpy_and_main_is_called(folder):
    for path in folder.iterdir():
        cells = json.loads(path.read_text())["cells"]
        code = [source(cell) for cell in cells if cell["cell_type"] == "code"]
        assert "OMP_NUM_THREADS" in code[0] and "import numpy" not in code[0]
        assert f'\nargv = []\nNOTEBOOK = "{path.stem}"\n' in code[0]
        assert "run.start" not in code[-1]
        assert 'if __name__ == "__main__":' not in code[-1]


def test_markdown_and_code_are_told_apart():
    assert notebooks.cells(SCRIPT) == [
        ("markdown", "# Title\n\nMore."),
        ("code", "x = 1"),
        ("markdown", "## Head\ntext"),
        ("code", "y = 2"),
    ]


def test_options_are_code_and_equations_are_one_formula():
    assert notebooks.maths("--digits 2: see --full, -- and `a --b`") == (
        "`--digits 2`: see `--full`, -- and `a --b`"
    )
    assert notebooks.maths("u_0 = 0, sigma_u = 0.07. log p(y | u) + log p(u), u_0 = zero") == (
        r"$u_0 = 0$, $\sigma_u = 0.07$. $\log p(y \mid u) + \log p(u)$, $u_0$ = zero"
    )


def test_formulas_of_all_notebooks_survive_markdown(folder):
    """No symbol stays plain, no dollar stays alone, no formula has what Markdown would change"""
    found = []
    for path in folder.iterdir():
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "markdown":
                text = re.sub(r"`[^`]*`", "", source(cell))
                rest = re.sub(r"\$[^$\n]+\$", "", text)
                assert "$" not in rest and not re.search(r"\b[uxyz]_[t0-9{]|\b(sigma|mu|nu)_", rest)
                found += re.findall(r"\$[^$\n]+\$", text)
    assert len(found) >= 15
    assert [one for one in found if re.search(r"\\[,;:!_{}]|[}\])]_", one)] == []


def test_lists_stay_lists_and_symbols_are_formulas():
    text = notebooks.markdown(
        "Given u_{t-1} and sigma_u:\n\n  joint   p(u_{t-1}, y_t), as\n"
        "          printed\n  other   p(y_t | u_{t-1}) in `x_t`\n"
    )
    assert text == (
        "Given $u_{t-1}$ and $\\sigma_u$:\n\n- **joint**: $p(u_{t-1}, y_t)$, as "
        "printed\n- **other**: $p(y_t \\mid u_{t-1})$ in `x_t`"
    )
    assert notebooks.maths("n_updates of ppc_table in $x_t$") == "n_updates of ppc_table in $x_t$"


def first_cell(repository=None):
    return source(notebooks.notebook("quickstart", SCRIPT, repository)["cells"][1])


def begin(where):
    """Run the first cell in a folder, in a process of its own, and print where it then works"""
    code = first_cell() + '\nprint(os.getcwd(), sys.path[0], sep="\\n")'
    return python("-c", code, cwd=where)


def test_a_notebook_finds_the_project_above_it(tmp_path):
    inner = tmp_path / "top" / "notebooks" / "mine"
    for one in (tmp_path / "top" / "examples", tmp_path / "top" / "refh_numpy", inner):
        one.mkdir(parents=True)
    assert begin(inner).stdout.split() == [str((tmp_path / "top").resolve())] * 2


def test_a_notebook_outside_the_project_says_what_is_missing(tmp_path):
    found = begin(tmp_path)
    assert found.returncode and "expected this notebook in a clone of the project" in found.stderr


def test_a_notebook_for_colab_fetches_the_project_once(tmp_path, monkeypatch):
    """A first run whose installation fails, a second one, and one after a restart"""
    calls, home = [], tmp_path / "temporally-local-rules"

    def run(command, stderr, text):
        calls.append("git" if command[0] == "git" else "pip")
        if command[0] == "git":
            for part in ("examples", "refh_numpy"):
                (home / part).mkdir(parents=True)
        failed = calls.count("pip") == 1
        return subprocess.CompletedProcess(command, failed, stderr="no network")

    def version(name):
        if calls.count("pip") < 2:
            raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "content").mkdir()
    monkeypatch.chdir(tmp_path / "content")
    cell = first_cell("someone/fork")
    assert "https://github.com/someone/fork" in cell
    with pytest.raises(RuntimeError, match=r"pip install -q -e \. failed.*\n.*no network"):
        exec(cell, {})
    for _ in range(2):
        os.chdir(tmp_path / "content")
        exec(cell, {})
    assert calls == ["git", "pip", "pip"] and Path.cwd() == home and sys.path[0] == str(home)


def test_a_repository_is_an_owner_and_a_name(tmp_path):
    with pytest.raises(SystemExit):
        notebooks.main(["--out", str(tmp_path), "--repository", "not a repository"])


def test_the_cells_run_one_after_the_other(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["schematic", "--out", str(tmp_path)])
    namespace = {"__name__": "__main__"}
    for cell in json.loads((folder / "schematic.ipynb").read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(compile(source(cell), cell["id"], "exec"), namespace)
    assert (tmp_path / "schematic.png").stat().st_size > 10_000


# Exercises


def codes(content, tag=None):
    return [
        source(cell)
        for cell in content["cells"]
        if cell["cell_type"] == "code" and (tag is None) == ("tags" not in cell["metadata"])
    ]


def run_cells(path, answer=None):
    """The output of an exercise's notebook, run in a process of its own, and its exit code"""
    content = json.loads(path.read_text())
    cells = [source(cell) for cell in content["cells"] if cell["cell_type"] == "code"]
    if answer:
        cells[1] = cells[1].replace("    raise NotImplementedError", answer)
    done = python("-c", "\n".join(cells))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(
    not (ROOT / "examples" / "exercises" / "solutions").exists(), reason="this is the hand-out"
)
def test_an_exercise_becomes_a_notebook_of_each_edition(tmp_path):
    student, instructor = tmp_path / "student", tmp_path / "instructor"
    notebooks.main(["--exercises", "--out", str(student)])
    notebooks.main(["--exercises", "--solutions", "--out", str(instructor)])
    names = sorted(check.exercises().values())
    for folder in (student, instructor):
        assert sorted(path.stem for path in folder.iterdir()) == names
    for name in names:
        content = [json.loads((one / f"{name}.ipynb").read_text()) for one in (student, instructor)]
        first, second = (source(one["cells"][0]) for one in content)
        assert first == second and "Minutes: " in first and first.startswith("# Exercise ")
        for one in content:
            assert len(codes(one)) == 1 and f"def {name[5:]}(" in codes(one)[0]
            assert len(codes(one, "given")) == 3 and "check.show(" in codes(one, "given")[2]
        assert codes(content[0])[0].endswith("    raise NotImplementedError")
        assert "NotImplementedError" not in codes(content[1])[0]
        assert "Students get wrong" not in str(content[0])
        assert "The check names these mistakes" in str(content[1])
    assert "not done yet" in run_cells(student / "ex03_kalman_gain.ipynb")
    for answer, said in (
        ("    return P @ C.T @ np.linalg.inv(C @ P @ C.T + R)", "correct\nLook at this:"),
        ("    return P @ C.T / (C @ P @ C.T + R)", "not P C' S^-1"),
    ):
        assert said in run_cells(student / "ex03_kalman_gain.ipynb", answer)


def test_solutions_are_those_of_exercises(tmp_path):
    with pytest.raises(SystemExit):
        notebooks.main(["--solutions", "--out", str(tmp_path)])


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a repository to clone")
def test_a_students_notebook_for_colab_fetches_no_solutions(tmp_path):
    """A machine without the project: the first cell clones the last commit, from this folder"""
    content = notebooks.exercise("ex05_hidden_mean", repository="someone/fork")
    instead = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{ROOT}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/someone/fork",
    }
    (tmp_path / "content").mkdir()
    version = "import importlib.metadata\nimportlib.metadata.version = lambda name: '0.3.0'\n"
    code = version + "\n".join(codes(content, "given")[:1])
    done = python("-c", code, cwd=tmp_path / "content", **instead, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    home = tmp_path / "temporally-local-rules"
    assert (home / "examples" / "exercises" / "ex05_hidden_mean.py").exists()
    assert not list(home.rglob("solutions")) and not (home / ".git").exists()
    assert not list(tmp_path.rglob("*.pack"))
