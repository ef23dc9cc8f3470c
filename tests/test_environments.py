"""The same numbers in other environments: warnings, docstrings, paths, threads, no compiler."""

import json
import re
import shutil

import pytest

from datasets.support import files
from tests.pages import ROOT
from tests.processes import python

PACKAGES = ("datasets", "kalman", "refh_numpy", "rvae_numpy", "tests")
STRANGE = "Über uns/eine Kopie mit é, ü und ß"  # of a folder
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
ASCII = dict(LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
# {name: (options of Python, arguments, variables)}
ENVIRONMENTS = {
    "warnings are errors": (["-W", "error"], [], {}),
    "no docstrings": (["-OO"], [], {}),
    "strict floating point": ([], ["--strict"], {}),
    "an ASCII terminal": ([], [], ASCII),
    "two BLAS threads": ([], [], dict.fromkeys(THREADS, "2")),
    "no compiler": ([], [], {"NUMBA_DISABLE_JIT": "1"}),
}
ALL = ["-OO", "-W", "error"], ["--strict", "--quick"], ASCII
MAY_DIFFER = {"no compiler": 0.2}  # libm and NumPy may round exp otherwise: a sample may change


def said(command, options=(), variables=None, cwd=ROOT):
    """What a command says in a Python process of its own, with one BLAS thread"""
    variables = {"PYTHONPATH": str(cwd)} | dict.fromkeys(THREADS, "1") | (variables or {})
    done = python(*options, *command, cwd=cwd, **variables)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def digests(options=(), arguments=(), variables=None, cwd=ROOT):
    """{name: digest of its numbers}"""
    return json.loads(said(["-m", "tests.digests", *arguments], options, variables, cwd))


@pytest.fixture(scope="module")
def plain():
    return digests()


@pytest.fixture(scope="module")
def strange_copy(tmp_path_factory):
    """The packages in a folder with blanks and letters that are not ASCII"""
    folder = tmp_path_factory.mktemp("copy") / STRANGE
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package)  # with what Numba has compiled
    return folder


def differing(found, expected):
    assert found.keys() == expected.keys() and len(found) > 100
    return sorted(name for name in expected if found[name] != expected[name])


def test_numbers_are_the_same_where_everything_is_strange_at_once(strange_copy):
    assert differing(digests(*ALL, cwd=strange_copy), digests(arguments=["--quick"])) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_numbers_are_the_same(name, plain):
    different = differing(digests(*ENVIRONMENTS[name]), plain)
    assert len(different) <= MAY_DIFFER.get(name, 0) * len(plain), different


# Scripts, all of them where everything is strange at once

SCRIPTS = ("quickstart", "walkthrough", "ppc_table", "kalman", "refh", "rvae")
SHORT = """
import re, runpy, sys
from pathlib import Path
import numpy as np
from examples import ppc_table, quickstart
from examples.tools import run
name, out, *strict = sys.argv[1:]
if strict:
    np.seterr(all="raise")
quickstart.DEFAULT |= dict(n_updates=40)
ppc_table.QUICK = {}
quickstart.TEST = dict(n_traj=4, T=400)
ppc_table.NETWORKS = {one: ppc_table.NETWORKS[one] for one in ("TRBM", "RTRBM", "rVAE", "TVAE")}
del ppc_table.KALMAN["KF-2"]
sys.argv = [name, "--quick", "--out", out]
if name == "quickstart":
    run.start(lambda: quickstart.main(["--out", out]))
elif name == "ppc_table":
    run.start(lambda: ppc_table.main(sys.argv[1:]))
elif name == "walkthrough":
    runpy.run_module("examples.walkthrough", run_name="__main__", alter_sys=True)
else:
    source = Path(f"examples/one_page/{name}.py").read_text(encoding="utf-8")
    exec(compile(re.sub(r"[0-9]+_000", "1_000", source), name, "exec"))
"""


def without_seconds(content):
    """What JSON holds, without the seconds that something took and the code that is no number"""
    if isinstance(content, dict):
        left_out = ("seconds", "version", "command", "checksum")
        return {key: without_seconds(v) for key, v in content.items() if key not in left_out}
    return [without_seconds(one) for one in content] if isinstance(content, list) else content


def numbers(name, out, options=(), arguments=(), variables=None, cwd=ROOT):
    """Everything that a shortened script says and keeps, except times and folders"""
    text = said(["-c", SHORT, name, str(out), *arguments], options, variables, cwd)
    text = re.sub(r"[0-9.]+ s of training", "", text).encode("ascii", "replace").decode()
    # lines of results: those of progress have commas
    found = re.findall(r"^(?:[0-9]\. |[^,:\n]+: ).*rad.*", text, re.MULTILINE)
    for path in sorted(out.rglob("*")):
        if path.suffix == ".json":
            found.append(without_seconds(json.loads(path.read_text())))
        elif path.suffix == ".npz":
            found.append({key: leaf.tobytes() for key, leaf in files.read(path)[0].items()})
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_have_the_same_numbers_where_everything_is_strange_at_once(
    name, tmp_path, strange_copy
):
    expected = numbers(name, tmp_path / "plain")
    assert expected
    shutil.copytree(ROOT / "examples", strange_copy / "examples", dirs_exist_ok=True)
    options, _, variables = ALL
    assert numbers(name, tmp_path / STRANGE, options, ["s"], variables, strange_copy) == expected
