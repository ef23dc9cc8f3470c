"""Colours, line styles and type sizes of all figures; figures in notebooks."""

import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

from examples.tools import plots

# Machado, Oliveira and Fernandes 2009, for linear RGB; sRGB to XYZ (D65)
NORMAL = np.eye(3)
PROTANOPIA = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]
DEUTERANOPIA = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def linear(name):
    rgb = np.array(matplotlib.colors.to_rgb(plots.COLOURS[name]))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb, vision):
    """CIE L*a*b* of a linear RGB colour, as this vision has it"""
    x = XYZ @ np.clip(np.array(vision) @ rgb, 0, 1) / XYZ.sum(1)
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    "vision", [NORMAL, PROTANOPIA, DEUTERANOPIA], ids=["normal", "protanopia", "deuteranopia"]
)
def test_colours_of_models_can_be_told_apart(vision):
    shared = "rVAE, all runs", "KF-2, random starts"  # the rVAE's own, and KF-2's
    names = [name for name in plots.COLOURS if name not in shared]
    colours = [lab(linear(name), vision) for name in names]
    for i, name in enumerate(names):
        for j in range(i):
            assert np.linalg.norm(colours[i] - colours[j]) >= 12, (name, names[j])


@pytest.mark.parametrize("name", plots.COLOURS)
def test_colours_have_contrast_on_white(name):
    assert 1.05 / (XYZ[1] @ linear(name) + 0.05) >= 3


def test_lines_can_be_told_apart_in_grey():
    styles = [
        (str(style["linestyle"]), style.get("marker")) for style in map(plots.style, plots.COLOURS)
    ]
    assert len(set(styles)) == len(styles)


def test_type_sizes():
    for name in ("font.size", "axes.titlesize", "legend.fontsize"):
        assert matplotlib.rcParams[name] >= 8


def test_a_notebook_shows_a_figure_once_and_refreshes_it(tmp_path, monkeypatch):
    shown = []
    shell = SimpleNamespace(kernel=None, execution_count=3)
    display = SimpleNamespace(
        Image=lambda data: data[:4],
        display=lambda image, display_id, update: shown.append((image, display_id, update)),
    )
    monkeypatch.setitem(
        sys.modules,
        "IPython",
        SimpleNamespace(display=display, get_ipython=lambda: shell, version_info=(9, 0)),
    )
    for _ in range(2):
        plots.save(plots.figure(1, 1), tmp_path / "a.png")
    shell.execution_count = 4
    plots.save(plots.figure(1, 1), tmp_path / "a.png")
    assert [update for *_, update in shown] == [False, True, False]
    assert all(image == b"\x89PNG" for image, *_ in shown)
