"""The rEFH on one page: the same arithmetic as the package, and a result below that of KF-1."""

import re
from pathlib import Path

import numpy as np
import pytest

from datasets import ppc
from refh_numpy import refh, trbm

PAGE = Path(__file__).parent.parent / "examples" / "one_page" / "refh.py"
SMALL = {"N_X, N_Y": "20, 15", "N_TRAJ, T": "8, 40", "N_UPDATES, RATE": "100, 1e-2"}
P3 = re.compile(r"^ +u_hat = .*# P3\. Delete this line: the TRBM\n", re.M)


def run(text, constants=None):
    """The names that the page defines, with other constants in the place of its own."""
    for names, values in (constants or {}).items():
        text, n = re.subn(rf"^{names} = [^#\n]+", f"{names} = {values}  ", text, flags=re.M)
        assert n == 1, names
    names = {}
    exec(compile(text, str(PAGE), "exec"), names)
    return names


def weights_of_the_package(model):
    rng = np.random.default_rng(0)
    params = model.init(n_x=20, n_y=15, family="poisson", rng=rng, dtype=np.float64)
    batches = (ppc.sample(8, 40, rng, random_phase=True).y for _ in iter(int, 1))
    params, _ = model.train(params, batches, rng, n_updates=100, learning_rate=1e-2)
    return list(params.leaves().values())


def differences(text, model):
    ours, theirs = run(text, SMALL)["theta"], weights_of_the_package(model)
    return [np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True)]


def test_the_page_and_the_package_learn_the_same_weights(capsys):
    assert max(differences(PAGE.read_text(), refh)) < 1e-9


def test_without_the_line_that_it_names_it_is_the_trbm(capsys):
    text, n = P3.subn("", PAGE.read_text())
    assert n == 1
    assert max(differences(text, trbm)) < 1e-9
    assert max(differences(text, refh)) > 1e-3  # that line makes the difference


@pytest.mark.parametrize("name", ["refh", "rvae", "kalman"])
def test_a_page_uses_numpy_and_the_data_sets_alone(name):
    text = PAGE.with_name(f"{name}.py").read_text()
    assert set(re.findall(r"^(?:import|from) (\w+)", text, re.M)) == {"numpy", "datasets"}
    assert 40 <= len(text.splitlines()) <= 90
    assert not re.search(r"\bclass\b|argparse|open\(", text)


@pytest.mark.slow
def test_its_error_is_below_that_of_kf_1(capsys):
    names = run(PAGE.read_text())
    printed = re.search(r"^rEFH: ([\d.]+)e-4 rad²", capsys.readouterr().out, re.M)
    assert float(printed[1]) < 4.5 < 1e4 * names["KF_1"] < 1e4 * names["error"](names["test"].y)
