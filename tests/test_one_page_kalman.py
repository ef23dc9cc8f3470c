"""The Kalman filter on one page: the numbers of the package, and errors below stated bounds."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

import kalman
from kalman import em
from tests.test_one_page_refh import run

PAGE = Path(__file__).parent.parent / "examples" / "one_page" / "kalman.py"


@pytest.fixture(scope="module")
def page():
    """The names that the page defines, and what it prints"""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        return run(PAGE.read_text()), printed.getvalue()


INITIAL = {"KF-1": em.random_walk(0.3, 1e-3), "KF-2": em.constant_velocity(0.05, 0.3, 0.3, 1e-3)}


@pytest.mark.parametrize("name", INITIAL)
def test_em_by_hand_learns_what_the_package_learns(page, name):
    names, _ = page
    y, R = names["observations"](names["train"].y)
    fit = kalman.fit([INITIAL[name]], y, R, n_iterations=names["N_ITERATIONS"], tolerance=0)
    parameters = fit.model.A, fit.model.Sigma_z, fit.model.mu_0, fit.model.Sigma_0
    for ours, theirs in zip(names["models"][name], parameters, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_filter_and_smoother_by_hand_are_those_of_the_package(page):
    names, _ = page
    A, Sigma_z, mu, Sigma_0 = theta = names["models"]["KF-2"]
    y, R = names["observations"](names["test"].y[:5, :300])
    model = kalman.LDS(A, [[1, 0]], Sigma_z, mu, Sigma_0)
    filtered, smoothed = kalman.kalman_filter(model, y, R), kalman.rts_smoother(model, y, R)
    for ours, theirs in zip(names["kalman_filter"](y, R, *theta), filtered, strict=False):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
    for ours, theirs in zip(names["smoother"](y, R, *theta), smoothed, strict=False):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_its_errors_are_below_their_bounds(page):
    """Beside each other: one step alone, order 1, order 2, the true system"""
    _, printed = page
    error = {name: float(e) for name, e in re.findall(r"^([^:\n]+): ([\d.]+)e-4", printed, re.M)}
    assert list(error) == ["KF-1", "KF-2", "true system, the lower bound", "one time step alone"]
    assert error["KF-1"] < 6.2 < 10 < error["one time step alone"]
    assert error["KF-2"] < 1.8 < 2.2
    assert error["true system, the lower bound"] <= error["KF-2"] + 0.02
